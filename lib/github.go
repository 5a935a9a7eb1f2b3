package lib

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// githubIssuer is who signs the tokens of GitHub's workflows, and the prefix of
// the condition keys for what they say.
const githubIssuer = "token.actions.githubusercontent.com"

// githubAudience is who the tokens are for.
const githubAudience = "sts.amazonaws.com"

// GitHubProps configures NewGitHub.
type GitHubProps struct {
	config.GitHub
	Registry Registry
	Service  Service
}

// GitHub is the role that the workflows of one branch of one repository take on.
type GitHub struct {
	Role awsiam.Role
}

// NewGitHub makes a role that may push releases, and see what becomes of them.
func NewGitHub(scope constructs.Construct, id string, props GitHubProps) GitHub {
	c := constructs.NewConstruct(scope, &id)
	role := awsiam.NewRole(c, jsii.String("Role"), &awsiam.RoleProps{
		Description: jsii.String("Pushes releases from the branch " + props.Branch + " of " + props.Repository),
		AssumedBy:   workflowsOf(githubProvider(c), props.GitHub),
	})
	props.Registry.GrantRelease(role)
	props.Service.GrantWatch(role)
	return GitHub{Role: role}
}

// githubProvider is the account's own: there can be only one for an address, so
// the stack does not make it, and its ARN is known.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
func githubProvider(scope constructs.Construct) awsiam.IOpenIdConnectProvider {
	arn := awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("iam"), Region: jsii.String(""), Resource: jsii.String("oidc-provider"), ResourceName: jsii.String(githubIssuer),
	})
	return awsiam.OpenIdConnectProvider_FromOpenIdConnectProviderArn(scope, jsii.String("Provider"), arn)
}

// workflowsOf are the workflows of the branch. What GitHub calls them has the ids
// of owner and repository in it when the repository was made, renamed or moved
// after 15 July 2026: numbers that are not known here. Their place could match
// more than numbers, so the token must name the repository and the branch by
// themselves as well.
// https://docs.github.com/en/actions/reference/security/oidc
func workflowsOf(provider awsiam.IOpenIdConnectProvider, github config.GitHub) awsiam.IPrincipal {
	ref := "refs/heads/" + github.Branch
	owner, name, _ := strings.Cut(github.Repository, "/")
	claims := func(values map[string]string) map[string]string {
		conditions := map[string]string{}
		for claim, value := range values {
			conditions[githubIssuer+":"+claim] = value
		}
		return conditions
	}
	named := awsiam.NewOpenIdConnectPrincipal(provider, &map[string]any{
		"StringEquals": claims(map[string]string{"aud": githubAudience, "sub": "repo:" + github.Repository + ":ref:" + ref}),
	})
	numbered := awsiam.NewOpenIdConnectPrincipal(provider, &map[string]any{
		"StringEquals": claims(map[string]string{"aud": githubAudience, "repository": github.Repository, "ref": ref}),
		"StringLike":   claims(map[string]string{"sub": "repo:" + owner + "@*/" + name + "@*:ref:" + ref}),
	})
	return awsiam.NewCompositePrincipal(named, numbered)
}
