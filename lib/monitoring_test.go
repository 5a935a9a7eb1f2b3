package lib

import (
	"testing"

	"cloudstruct/config"
)

func TestAlarmsTellTheTopic(t *testing.T) {
	for id, alarm := range production(t).resources("AWS::CloudWatch::Alarm") {
		for _, actions := range []string{"AlarmActions", "OKActions"} {
			if !contains(text(t, alarm.Properties[actions]), "MonitoringTopic") {
				t.Errorf("%s: %s are %s", id, actions, text(t, alarm.Properties[actions]))
			}
		}
		if alarm.Properties["AlarmDescription"] == nil || alarm.Properties["TreatMissingData"] == nil {
			t.Errorf("%s lacks a description, or a word on missing data", id)
		}
	}
}

func TestLoopThatFailsIsReported(t *testing.T) {
	s := production(t)
	s.has("AWS::CloudWatch::Alarm", object{"Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible", "Threshold": 1, "TreatMissingData": "notBreaching"})
	s.has("AWS::CloudWatch::Alarm", object{"Namespace": "AWS/Lambda", "MetricName": "Errors", "TreatMissingData": "notBreaching"})
}

func TestEmailIsSubscribedWhenGiven(t *testing.T) {
	production(t).count("AWS::SNS::Subscription", 0)
	production(t, func(c *config.Config) { c.Alarms.Email = "ops@example.com" }).has("AWS::SNS::Subscription", object{
		"Protocol": "email", "Endpoint": "ops@example.com",
	})
}
