package lib

import (
	"strings"
	"testing"

	"cloudstruct/config"
)

func TestAlarmsTellTheTopic(t *testing.T) {
	for name, s := range map[string]stack{"production": production(t), "development": development(t)} {
		for id, alarm := range s.resources("AWS::CloudWatch::Alarm") {
			for _, actions := range []string{"AlarmActions", "OKActions"} {
				if got := text(t, alarm.Properties[actions]); got != `[{"Ref":"MonitoringTopic2EDA8B02"}]` {
					t.Errorf("%s: %s: %s are %s", name, id, actions, got)
				}
			}
			if description, _ := alarm.Properties["AlarmDescription"].(string); !strings.Contains(description, ": ") || !strings.HasSuffix(description, " See docs/operations.md.") {
				t.Errorf("%s: %s does not say what to look at: %q", name, id, description)
			}
			if alarm.Properties["TreatMissingData"] != "notBreaching" {
				t.Errorf("%s: %s takes missing data for %v: it would fire when nothing happens", name, id, alarm.Properties["TreatMissingData"])
			}
		}
	}
}

// TestAlarmsMayTellTheTopic matters since a topic with a policy refuses what the
// policy does not allow.
func TestAlarmsMayTellTheTopic(t *testing.T) {
	production(t).has("AWS::SNS::TopicPolicy", object{"PolicyDocument": object{"Statement": including(object{
		"Effect": "Allow", "Action": "sns:Publish", "Principal": object{"Service": "cloudwatch.amazonaws.com"},
		"Condition": object{"ArnLike": object{"aws:SourceArn": object{"Fn::Join": list("", list(
			"arn:", object{"Ref": "AWS::Partition"}, ":cloudwatch:", object{"Ref": "AWS::Region"}, ":", object{"Ref": "AWS::AccountId"}, ":alarm:*",
		))}}},
	})}})
}

func TestEmailIsSubscribedWhenGiven(t *testing.T) {
	production(t).count("AWS::SNS::Subscription", 0)
	production(t, func(c *config.Config) { c.Alarms.Email = "ops@example.com" }).has("AWS::SNS::Subscription", object{
		"Protocol": "email", "Endpoint": "ops@example.com",
	})
}
