package lib

import (
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// requestLimit is how many requests one address may make in five minutes: about
// seven a second, more than a person's browser makes and less than a flood.
const requestLimit = 2000

// managedRules are AWS's own groups of rules for any web application.
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
var managedRules = []string{"AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"}

// addFirewall puts a web application firewall in front of the balancer. It is
// all L1: the CDK has no other constructs for WAF.
func addFirewall(scope constructs.Construct, alb elbv2.ApplicationLoadBalancer, mode config.Firewall) {
	rules := []any{rateLimit(mode)}
	for i, name := range managedRules {
		rules = append(rules, managedGroup(name, i+1, mode))
	}
	acl := awswafv2.NewCfnWebACL(scope, jsii.String("Firewall"), &awswafv2.CfnWebACLProps{
		Scope:            jsii.String("REGIONAL"),
		DefaultAction:    &awswafv2.CfnWebACL_DefaultActionProperty{Allow: &awswafv2.CfnWebACL_AllowActionProperty{}},
		Rules:            &rules,
		VisibilityConfig: visibility("Firewall"),
	})
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

func managedGroup(name string, priority int, mode config.Firewall) *awswafv2.CfnWebACL_RuleProperty {
	override := &awswafv2.CfnWebACL_OverrideActionProperty{Count: map[string]any{}}
	if mode == config.FirewallBlock {
		override = &awswafv2.CfnWebACL_OverrideActionProperty{None: map[string]any{}}
	}
	return &awswafv2.CfnWebACL_RuleProperty{
		Name:           &name,
		Priority:       jsii.Number(priority),
		OverrideAction: override,
		Statement: &awswafv2.CfnWebACL_StatementProperty{
			ManagedRuleGroupStatement: &awswafv2.CfnWebACL_ManagedRuleGroupStatementProperty{
				VendorName: jsii.String("AWS"), Name: &name,
			},
		},
		VisibilityConfig: visibility(name),
	}
}

func visibility(metric string) *awswafv2.CfnWebACL_VisibilityConfigProperty {
	return &awswafv2.CfnWebACL_VisibilityConfigProperty{
		CloudWatchMetricsEnabled: jsii.Bool(true),
		SampledRequestsEnabled:   jsii.Bool(true),
		MetricName:               &metric,
	}
}
