package lib

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// requestLimit is how many requests one address may make in five minutes: about
// seven a second, more than a person's browser makes and less than a flood.
const requestLimit = 2000

// managedRules are AWS's own groups of rules for any web application, and those
// of their rules that only count in any mode. WAF reads the first 8 KB of a body
// and would block each that is longer, which ends uploads and larger JSON: how
// long a body may be is for the application to say.
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
var managedRules = []struct {
	name     string
	counting []string
}{
	{"AWSManagedRulesCommonRuleSet", []string{"SizeRestrictions_BODY"}},
	{"AWSManagedRulesKnownBadInputsRuleSet", nil},
}

// redacted are the headers that sign a client in.
var redacted = []string{"authorization", "cookie", "x-api-key"}

// addFirewall puts a web application firewall in front of the balancer. It is
// all L1: the CDK has no other constructs for WAF.
func addFirewall(scope constructs.Construct, alb elbv2.ApplicationLoadBalancer, props BalancerProps) {
	rules := []any{rateLimit(props.WAF)}
	for i, group := range managedRules {
		rules = append(rules, managedGroup(group.name, group.counting, i+1, props.WAF))
	}
	acl := awswafv2.NewCfnWebACL(scope, jsii.String("Firewall"), &awswafv2.CfnWebACLProps{
		Scope:            jsii.String("REGIONAL"),
		DefaultAction:    &awswafv2.CfnWebACL_DefaultActionProperty{Allow: &awswafv2.CfnWebACL_AllowActionProperty{}},
		Rules:            &rules,
		VisibilityConfig: visibility("Firewall"),
	})
	logFirewall(scope, acl, props.LogRetentionDays)
	awswafv2.NewCfnWebACLAssociation(scope, jsii.String("FirewallAssociation"), &awswafv2.CfnWebACLAssociationProps{
		ResourceArn: alb.LoadBalancerArn(),
		WebAclArn:   acl.AttrArn(),
	})
}

func rateLimit(mode config.Firewall) *awswafv2.CfnWebACL_RuleProperty {
	action := &awswafv2.CfnWebACL_RuleActionProperty{Count: &awswafv2.CfnWebACL_CountActionProperty{}}
	if mode == config.FirewallBlock {
		action = &awswafv2.CfnWebACL_RuleActionProperty{Block: &awswafv2.CfnWebACL_BlockActionProperty{}}
	}
	return &awswafv2.CfnWebACL_RuleProperty{
		Name:     jsii.String("RateLimit"),
		Priority: jsii.Number(0),
		Action:   action,
		Statement: &awswafv2.CfnWebACL_StatementProperty{
			RateBasedStatement: &awswafv2.CfnWebACL_RateBasedStatementProperty{
				AggregateKeyType: jsii.String("IP"), Limit: jsii.Number(requestLimit),
			},
		},
		VisibilityConfig: visibility("RateLimit"),
	}
}

func managedGroup(name string, counting []string, priority int, mode config.Firewall) *awswafv2.CfnWebACL_RuleProperty {
	override := &awswafv2.CfnWebACL_OverrideActionProperty{Count: map[string]any{}}
	if mode == config.FirewallBlock {
		override = &awswafv2.CfnWebACL_OverrideActionProperty{None: map[string]any{}}
	}
	statement := &awswafv2.CfnWebACL_ManagedRuleGroupStatementProperty{VendorName: jsii.String("AWS"), Name: &name}
	var exceptions []any
	for _, rule := range counting {
		exceptions = append(exceptions, &awswafv2.CfnWebACL_RuleActionOverrideProperty{
			Name: &rule, ActionToUse: &awswafv2.CfnWebACL_RuleActionProperty{Count: &awswafv2.CfnWebACL_CountActionProperty{}},
		})
	}
	if len(exceptions) > 0 { // WAF refuses an empty list
		statement.RuleActionOverrides = &exceptions
	}
	return &awswafv2.CfnWebACL_RuleProperty{
		Name:             &name,
		Priority:         jsii.Number(priority),
		OverrideAction:   override,
		Statement:        &awswafv2.CfnWebACL_StatementProperty{ManagedRuleGroupStatement: statement},
		VisibilityConfig: visibility(name),
	}
}

func visibility(metric string) *awswafv2.CfnWebACL_VisibilityConfigProperty {
	return &awswafv2.CfnWebACL_VisibilityConfigProperty{
		CloudWatchMetricsEnabled: jsii.Bool(true),
		// Samples would show the headers that the log leaves out.
		SampledRequestsEnabled: jsii.Bool(false),
		MetricName:             &metric,
	}
}

// logFirewall logs what a rule matched; the access logs have every request. WAF
// gives itself the right to write.
// https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
func logFirewall(scope constructs.Construct, acl awswafv2.CfnWebACL, retentionDays int) {
	stack := awscdk.Stack_Of(scope)
	group := awslogs.NewLogGroup(scope, jsii.String("FirewallLogs"), &awslogs.LogGroupProps{
		// WAF takes no group whose name begins otherwise.
		LogGroupName:  jsii.String("aws-waf-logs-" + *stack.StackName()),
		Retention:     retention(retentionDays),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	var headers []any
	for _, header := range redacted {
		headers = append(headers, &awswafv2.CfnLoggingConfiguration_FieldToMatchProperty{SingleHeader: map[string]any{"Name": header}})
	}
	// Without the :* that ends the group's own ARN.
	arn := stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("logs"), Resource: jsii.String("log-group"), ResourceName: group.LogGroupName(), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
	awswafv2.NewCfnLoggingConfiguration(scope, jsii.String("FirewallLogging"), &awswafv2.CfnLoggingConfigurationProps{
		ResourceArn:           acl.AttrArn(),
		LogDestinationConfigs: &[]any{arn},
		RedactedFields:        &headers,
		LoggingFilter:         matchedRequests(),
	})
}

// matchedRequests keeps requests that were blocked, or counted by a rule, a group
// or a rule of a group. It is a map, since the CDK writes its own type for it with
// keys that CloudFormation does not know.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_ActionCondition.html
func matchedRequests() map[string]any {
	var actions []any
	for _, action := range []string{"BLOCK", "COUNT", "EXCLUDED_AS_COUNT"} {
		actions = append(actions, map[string]any{"ActionCondition": map[string]any{"Action": action}})
	}
	return map[string]any{
		"DefaultBehavior": "DROP",
		"Filters":         []any{map[string]any{"Behavior": "KEEP", "Requirement": "MEETS_ANY", "Conditions": actions}},
	}
}
