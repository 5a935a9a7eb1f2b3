package lib

import (
	"regexp"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"

	"cloudstruct/config"
)

func TestSpotBelowTheMinimumIsWarnedAbout(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*config.Config)
		want   string
	}{
		{"the defaults", func(*config.Config) {}, ""},
		{"a base below the minimum", func(c *config.Config) { c.Service.OnDemandBase = 1 }, "service.onDemandBase is 1, while the scaling wants 2 tasks at least. Raise onDemandBase to 2"},
		{"a base below a schedule's minimum", func(c *config.Config) {
			c.Scaling.Schedule = []config.Schedule{{Min: ptr(0), Max: ptr(0)}, {Min: ptr(4), Max: ptr(20)}}
		}, "service.onDemandBase is 2, while the scaling wants 4 tasks at least. Raise onDemandBase to 4"},
		{"a schedule that stops the service", func(c *config.Config) {
			c.Scaling.Schedule = []config.Schedule{{Min: ptr(0), Max: ptr(0)}}
		}, ""},
		{"nothing on Spot", func(c *config.Config) { c.Service.OnDemandBase, c.Service.SpotWeight = 0, 0 }, ""},
		{"an environment that may be deleted", func(c *config.Config) { c.Service.OnDemandBase, c.TerminationProtection = 0, false }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := config.Default()
			cfg.Environment = "production"
			test.change(&cfg)
			stack := newStack(awscdk.NewApp(nil), StackProps{Config: cfg})
			newLogGroup(stack, "Logs", 1) // a template must have a resource
			annotations := assertions.Annotations_FromStack(stack)
			warnings := func(pattern string) int {
				return len(*annotations.FindWarning(ptr("*"), assertions.Match_StringLikeRegexp(&pattern)))
			}
			if all, right := warnings("Spot"), warnings(regexp.QuoteMeta(test.want)); test.want == "" && all > 0 || test.want != "" && (all != 1 || right != 1) {
				t.Errorf("%d warnings of Spot, %d of them as wanted: %q", all, right, test.want)
			}
		})
	}
}

func TestTaskThatCantBePlacedIsReported(t *testing.T) {
	for name, s := range map[string]stack{"production": production(t), "development": development(t)} {
		s.has("AWS::Events::Rule", object{
			"State": "ENABLED",
			"EventPattern": object{
				"source": list("aws.ecs"), "detail-type": list("ECS Service Action"), "resources": list(object{"Ref": "ServiceWebServiceF1201A1A"}),
				"detail": object{"eventName": list("SERVICE_TASK_PLACEMENT_FAILURE")},
			},
			"Targets": list(object{
				"Arn": object{"Ref": "MonitoringTopic2EDA8B02"},
				"InputTransformer": object{"InputPathsMap": object{
					"detail-reason": "$.detail.reason", "detail-capacityProviderArns-0-": "$.detail.capacityProviderArns[0]",
				}},
			}),
		})
		message := text(t, s.only("AWS::Events::Rule", "MonitoringReportPlacement").Properties["Targets"])
		for _, want := range []string{"CloudStruct-" + name, "RESOURCE:FARGATE", "service.onDemandBase", "docs/operations.md"} {
			if !contains(message, want) {
				t.Errorf("%s is told %s, want %s in it", name, message, want)
			}
		}
	}
}
