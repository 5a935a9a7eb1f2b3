package lib

import (
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// excuse says in the template why what a rule of cdk-nag finds on a resource is
// no mistake. It writes what cdk-nag reads, without cdk-nag: only the tests have
// to load that, which takes about as long as making the stack.
// https://github.com/cdklabs/cdk-nag#suppressing-a-rule
func excuse(construct constructs.IConstruct, rule, reason string) {
	addExcuse(construct, map[string]any{"id": rule, "reason": reason})
}

// excuseWildcards does so for resources with a * in the policy of a role, each
// given as a regular expression: any other is still found.
func excuseWildcards(role awsiam.IRole, reason string, resources ...string) {
	var findings []map[string]any
	for _, resource := range resources {
		findings = append(findings, map[string]any{"regex": "/^Resource::" + resource + "$/"})
	}
	policy := role.Node().FindChild(jsii.String("DefaultPolicy"))
	addExcuse(policy, map[string]any{"id": "AwsSolutions-IAM5", "reason": reason, "applies_to": findings})
}

func addExcuse(construct constructs.IConstruct, added map[string]any) {
	resource := construct.Node().DefaultChild().(awscdk.CfnResource)
	var excuses []any
	if metadata, ok := resource.GetMetadata(jsii.String("cdk_nag")).(map[string]any); ok {
		excuses = metadata["rules_to_suppress"].([]any)
	}
	resource.AddMetadata(jsii.String("cdk_nag"), map[string]any{"rules_to_suppress": append(excuses, added)})
}

// keepPlaceholders tells the CDK's rules that ${NAME} in these texts of a construct
// is for the application: CloudFormation replaces it only where a template asks for
// it.
func keepPlaceholders(construct constructs.IConstruct, texts []string) {
	if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "${") }) {
		awscdk.Validations_Of(construct).Acknowledge(&awscdk.Acknowledgment{
			Id: jsii.String("CloudFormation-Validate::E1029"), Reason: jsii.String("The application replaces it, not CloudFormation."),
		})
	}
}
