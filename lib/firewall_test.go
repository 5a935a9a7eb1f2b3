package lib

import (
	"testing"

	"cloudstruct/config"
)

func withFirewall(mode config.Firewall) func(*config.Config) {
	return func(c *config.Config) { c.LoadBalancer.WAF = mode }
}

func TestFirewallIsASwitch(t *testing.T) {
	for resourceType, n := range map[string]int{"AWS::WAFv2::WebACL": 1, "AWS::WAFv2::WebACLAssociation": 1, "AWS::WAFv2::LoggingConfiguration": 1} {
		production(t).count(resourceType, 0)
		production(t, withFirewall(config.FirewallCount)).count(resourceType, n)
	}
}

func TestFirewallCountsOrBlocks(t *testing.T) {
	for _, test := range []struct {
		mode           config.Firewall
		action, result string
	}{
		{config.FirewallCount, "Count", "Count"},
		{config.FirewallBlock, "Block", "None"},
	} {
		t.Run(string(test.mode), func(t *testing.T) {
			production(t, withFirewall(test.mode)).has("AWS::WAFv2::WebACL", object{
				"Scope": "REGIONAL", "DefaultAction": object{"Allow": object{}},
				"Rules": list(
					object{"Name": "RateLimit", "Action": object{test.action: object{}}, "Statement": object{"RateBasedStatement": object{"AggregateKeyType": "IP", "Limit": 2000}}},
					object{"Name": "AWSManagedRulesCommonRuleSet", "OverrideAction": object{test.result: object{}}},
					object{"Name": "AWSManagedRulesKnownBadInputsRuleSet", "OverrideAction": object{test.result: object{}}},
				),
			})
		})
	}
}

func TestFirewallBlocksNoUpload(t *testing.T) {
	production(t, withFirewall(config.FirewallBlock)).has("AWS::WAFv2::WebACL", object{"Rules": including(object{
		"Statement": object{"ManagedRuleGroupStatement": object{
			"Name":                "AWSManagedRulesCommonRuleSet",
			"RuleActionOverrides": list(object{"Name": "SizeRestrictions_BODY", "ActionToUse": object{"Count": object{}}}),
		}},
	}, object{
		// WAF refuses an empty list.
		"Statement": object{"ManagedRuleGroupStatement": object{"Name": "AWSManagedRulesKnownBadInputsRuleSet", "RuleActionOverrides": absent()}},
	})})
}

// TestFirewallLogsWhatItMatched wants the log where WAF accepts it, for as long as
// the others, and without what signs a client in.
func TestFirewallLogsWhatItMatched(t *testing.T) {
	s := production(t, withFirewall(config.FirewallBlock))
	s.has("AWS::Logs::LogGroup", object{"LogGroupName": "aws-waf-logs-CloudStruct-production", "RetentionInDays": 30})
	logging := s.only("AWS::WAFv2::LoggingConfiguration", "Balancer").Properties
	destination := text(t, logging["LogDestinationConfigs"])
	if !contains(destination, `:log-group:",{"Ref":"BalancerFirewallLogs`) || contains(destination, ":*") {
		t.Errorf("the log goes to %s", destination)
	}
	for _, header := range []string{"authorization", "cookie", "x-api-key"} {
		if !contains(text(t, logging["RedactedFields"]), `{"SingleHeader":{"Name":"`+header+`"}}`) {
			t.Errorf("the log shows the header %s", header)
		}
	}
	if sampled := text(t, s.only("AWS::WAFv2::WebACL", "Balancer").Properties); contains(sampled, `"SampledRequestsEnabled":true`) {
		t.Error("samples show the headers that the log leaves out")
	}
	filter := logging["LoggingFilter"].(object)
	for _, action := range []string{"BLOCK", "COUNT", "EXCLUDED_AS_COUNT"} {
		if filter["DefaultBehavior"] != "DROP" || !contains(text(t, filter["Filters"]), `{"ActionCondition":{"Action":"`+action+`"}}`) {
			t.Errorf("%s is not logged, or all is: %s", action, text(t, filter))
		}
	}
}
