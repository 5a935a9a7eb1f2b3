package lib

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"cloudstruct/config"
)

func withGitHub(c *config.Config) {
	c.GitHub = config.GitHub{Repository: "octo-org/my.api", Branch: "main"}
}

func TestGitHubHasARoleOnlyWhenARepositoryIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		stack stack
		want  bool
	}{
		"without": {production(t), false},
		"with":    {production(t, withGitHub), true},
	} {
		role := false
		for id := range test.stack.resources("AWS::IAM::Role") {
			role = role || strings.HasPrefix(id, "GitHub")
		}
		_, output := (*test.stack.template.FindOutputs(ptr("*"), nil))["GithubRoleArn"]
		if role != test.want || output != test.want {
			t.Errorf("%s a repository: role %v, output %v", name, role, output)
		}
	}
}

// token is what GitHub says of a workflow, as far as AWS looks at it.
type token struct{ aud, sub, repository, ref string }

func TestOnlyWorkflowsOfTheBranchGetTheRole(t *testing.T) {
	s := production(t, withGitHub)
	policy := s.only("AWS::IAM::Role", "GitHubRole").Properties["AssumeRolePolicyDocument"].(object)
	const aws, main, repository = "sts.amazonaws.com", "refs/heads/main", "octo-org/my.api"
	for _, test := range []struct {
		name  string
		token token
		want  bool
	}{
		{"the branch of a repository from before the ids", token{aws, "repo:octo-org/my.api:ref:refs/heads/main", repository, main}, true},
		{"the branch of a repository with ids", token{aws, "repo:octo-org@123456/my.api@456789:ref:refs/heads/main", repository, main}, true},
		{"another branch", token{aws, "repo:octo-org/my.api:ref:refs/heads/mainly", repository, "refs/heads/mainly"}, false},
		{"another branch, with ids", token{aws, "repo:octo-org@1/my.api@2:ref:refs/heads/mainly", repository, "refs/heads/mainly"}, false},
		{"a tag of the branch's name", token{aws, "repo:octo-org@1/my.api@2:ref:refs/tags/main", repository, "refs/tags/main"}, false},
		{"a pull request", token{aws, "repo:octo-org/my.api:pull_request", repository, "refs/pull/1/merge"}, false},
		{"a pull request, with ids", token{aws, "repo:octo-org@1/my.api@2:pull_request", repository, "refs/pull/1/merge"}, false},
		{"a job with an environment", token{aws, "repo:octo-org@1/my.api@2:environment:production", repository, main}, false},
		{"another repository of the owner", token{aws, "repo:octo-org@1/my-api@2:ref:refs/heads/main", "octo-org/my-api", main}, false},
		{"a repository with a longer name", token{aws, "repo:octo-org/my.api2:ref:refs/heads/main", "octo-org/my.api2", main}, false},
		{"a fork", token{aws, "repo:mallory@1/my.api@2:ref:refs/heads/main", "mallory/my.api", main}, false},
		{"an owner with a longer name", token{aws, "repo:octo-orga@1/my.api@2:ref:refs/heads/main", "octo-orga/my.api", main}, false},
		{"a subject made up to look like it", token{aws, "repo:octo-org@1/other@2:workflow:a/my.api@3:ref:refs/heads/main", "octo-org/other", main}, false},
		{"an environment made up to look like the branch", token{aws, "repo:octo-org@1/my.api@2:environment:a:ref:refs/heads/main", repository, "refs/heads/other"}, false},
		{"a token for somebody else", token{"https://github.com/octo-org", "repo:octo-org/my.api:ref:refs/heads/main", repository, main}, false},
		{"a token for somebody else, with ids", token{"https://github.com/octo-org", "repo:octo-org@1/my.api@2:ref:refs/heads/main", repository, main}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := slices.ContainsFunc(policy["Statement"].([]any), func(statement any) bool {
				return trusts(t, statement.(object), test.token)
			})
			if got != test.want {
				t.Errorf("gets the role: %v, want %v", got, test.want)
			}
		})
	}
}

// trusts does with a statement of a trust policy what IAM does with it.
func trusts(t *testing.T, statement object, of token) bool {
	t.Helper()
	if statement["Effect"] != "Allow" || statement["Action"] != "sts:AssumeRoleWithWebIdentity" ||
		!contains(text(t, statement["Principal"]), `:oidc-provider/token.actions.githubusercontent.com"`) {
		t.Fatalf("unexpected statement %s", text(t, statement))
	}
	claims := map[string]string{"aud": of.aud, "sub": of.sub, "repository": of.repository, "ref": of.ref}
	for operator, conditions := range statement["Condition"].(object) {
		for key, want := range conditions.(object) {
			pattern := regexp.QuoteMeta(want.(string))
			switch operator {
			case "StringEquals":
			case "StringLike":
				pattern = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(pattern)
			default:
				t.Fatalf("unexpected operator %s", operator)
			}
			claim, known := claims[strings.TrimPrefix(key, "token.actions.githubusercontent.com:")]
			if !known {
				t.Fatalf("unexpected condition key %s", key)
			}
			if !regexp.MustCompile("^" + pattern + "$").MatchString(claim) {
				return false
			}
		}
	}
	return true
}

func TestGitHubMayPushAndWatchAndNothingElse(t *testing.T) {
	const (
		repository = `{"Fn::GetAtt":["RegistryRepositoryC6C96DCD","Arn"]}`
		service    = `{"Ref":"ServiceWebServiceF1201A1A"}`
		everything = `"*"`
	)
	of := func(kind, below string) string {
		return `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":ecs:",{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},":` + kind + `/",{"Ref":"ServiceCluster572F72F1"},` + below + `]]}`
	}
	below := `"/",{"Fn::GetAtt":["ServiceWebServiceF1201A1A","Name"]},"/*"`
	allowed := map[string][]string{
		"ecr:GetAuthorizationToken":       {everything},
		"ecr:BatchCheckLayerAvailability": {repository},
		"ecr:BatchGetImage":               {repository},
		"ecr:CompleteLayerUpload":         {repository},
		"ecr:InitiateLayerUpload":         {repository},
		"ecr:PutImage":                    {repository},
		"ecr:UploadLayerPart":             {repository},
		"ecs:ListServiceDeployments":      {service},
		"ecs:DescribeServiceDeployments":  {service, of("service-deployment", below)},
		"ecs:DescribeServiceRevisions":    {service, of("service-revision", below)},
		"ecs:DescribeTasks":               {of("task", `"/*"`)},
		"ecs:ListTasks":                   {everything},
	}
	for _, st := range production(t, withGitHub).statements() {
		if !strings.HasPrefix(st.policy, "GitHubRole") {
			continue
		}
		for _, action := range st.actions {
			for _, resource := range st.resources {
				if got := text(t, resource); !slices.Contains(allowed[action], got) {
					t.Errorf("%s is allowed on %s", action, got)
				}
			}
			delete(allowed, action)
		}
	}
	for action := range allowed {
		t.Errorf("%s is not allowed", action)
	}
}
