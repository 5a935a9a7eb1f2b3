package lib

import (
	"strings"
	"testing"
	"time"

	"cloudstruct/config"
)

// guardExpression is the alarm's, as failed evaluates it.
const guardExpression = "IF(FILL(requests, 0) > 0 AND (FILL(target, 0) + FILL(balancer, 0)) >= 5, " +
	"100 * (FILL(target, 0) + FILL(balancer, 0)) / (FILL(requests, 0) + FILL(rejected, 0)), 0)"

// failed is the value of guardExpression.
func failed(requests, target, balancer, rejected float64) float64 {
	if requests > 0 && target+balancer >= 5 {
		return 100 * (target + balancer) / (requests + rejected)
	}
	return 0
}

func TestGuardFiresForFailuresThatMatter(t *testing.T) {
	for _, test := range []struct {
		name                                 string
		requests, target, balancer, rejected float64
		want                                 bool
	}{
		{"no request", 0, 0, 0, 0, false},
		{"a quiet API that fails every request", 5, 5, 0, 0, true},
		{"a quiet API with an unlucky request", 5, 1, 0, 0, false},
		{"a busy API with few failures", 10000, 400, 0, 0, false},
		{"a busy API with many", 10000, 500, 0, 0, true},
		{"connections that tasks break off", 100, 0, 10, 0, true},
		{"targets that are gone in between", 60, 0, 40, 40, true},
		{"a listener without a task", 0, 0, 40, 40, false},
	} {
		if got := failed(test.requests, test.target, test.balancer, test.rejected) >= config.Default().Alarms.ErrorPercent; got != test.want {
			t.Errorf("%s: fires is %v", test.name, got)
		}
	}
}

func TestDeploymentsAreGuardedByThePercentageOfFailedRequests(t *testing.T) {
	p := production(t, func(c *config.Config) { c.Alarms.ErrorPercent = 2.5 }).alarm("ServerErrors")
	if p["Threshold"] != 2.5 || p["ComparisonOperator"] != "GreaterThanOrEqualToThreshold" || p["EvaluationPeriods"] != 1.0 || p["TreatMissingData"] != "notBreaching" {
		t.Errorf("fires when the value is %v %v in %v periods, without data %v", p["ComparisonOperator"], p["Threshold"], p["EvaluationPeriods"], p["TreatMissingData"])
	}
	measured := map[string]string{}
	for _, m := range p["Metrics"].([]any) {
		metric := m.(object)
		if expression, ok := metric["Expression"].(string); ok {
			if expression != guardExpression {
				t.Errorf("the percentage is %s, want %s", expression, guardExpression)
			}
			continue
		}
		stat := metric["MetricStat"].(object)
		named := stat["Metric"].(object)
		measured[metric["Id"].(string)] = named["MetricName"].(string)
		if stat["Stat"] != "Sum" || stat["Period"] != 300.0 || named["Namespace"] != "AWS/ApplicationELB" || contains(text(t, named["Dimensions"]), "TargetGroup") {
			t.Errorf("%v is measured by %s", metric["Id"], text(t, stat))
		}
	}
	for id, want := range map[string]string{
		"target": "HTTPCode_Target_5XX_Count", "balancer": "HTTPCode_ELB_5XX_Count", "rejected": "HTTPCode_ELB_503_Count", "requests": "RequestCount",
	} {
		if measured[id] != want {
			t.Errorf("%s is %s, want %s", id, measured[id], want)
		}
	}
}

func TestSlowRequestsGuardDeploymentsWhenConfigured(t *testing.T) {
	without := production(t)
	if without.hasAlarm("SlowRequests") {
		t.Error("response times roll a deployment back although alarms.latency is 0s")
	}
	s := production(t, func(c *config.Config) { c.Alarms.Latency = 1500 * time.Millisecond })
	p := s.alarm("SlowRequests")
	if p["Threshold"] != 1.5 || p["ExtendedStatistic"] != "p95" || p["MetricName"] != "TargetResponseTime" || p["EvaluateLowSampleCountPercentile"] != "ignore" {
		t.Errorf("the alarm is %s", text(t, p))
	}
	alarms := s.only("AWS::ECS::Service", "Service").Properties["DeploymentConfiguration"].(object)["Alarms"]
	if names := text(t, alarms); !contains(names, "MonitoringServerErrors") || !contains(names, "MonitoringSlowRequests") {
		t.Errorf("the deployment is guarded by %s", names)
	}
}

// TestEveryFailedTaskCounts: a task that passes its checks and ends a minute later must
// not set the count of failed tasks back.
func TestEveryFailedTaskCounts(t *testing.T) {
	breaker := func(strategy config.Strategy, tasks int) any {
		s := production(t, rollout(strategy), func(c *config.Config) { c.Service.Deployment.Breaker = tasks })
		return s.only("AWS::ECS::Service", "Service").Properties["DeploymentConfiguration"].(object)["DeploymentCircuitBreaker"]
	}
	for _, strategy := range []config.Strategy{config.Rolling, config.BlueGreen} {
		want := `{"Enable":true,"ResetOnHealthyTask":false,"Rollback":true,"ThresholdConfiguration":{"Type":"COUNT","Value":7}}`
		if got := text(t, breaker(strategy, 7)); got != want {
			t.Errorf("%s: the circuit breaker is %s, want %s", strategy, got, want)
		}
	}
	for _, strategy := range []config.Strategy{config.Canary, config.Linear} {
		if got := breaker(strategy, 3); got != nil {
			t.Errorf("%s has a circuit breaker, which AWS does not document: %s", strategy, text(t, got))
		}
	}
}

// TestGuardDoesNotWaitForTheService: the service waits for the alarm.
func TestGuardDoesNotWaitForTheService(t *testing.T) {
	s := production(t, func(c *config.Config) { c.Alarms.Latency = time.Second })
	for id, alarm := range s.resources("AWS::CloudWatch::Alarm") {
		guards := strings.HasPrefix(id, "MonitoringServerErrors") || strings.HasPrefix(id, "MonitoringSlowRequests")
		if guards && contains(text(t, alarm.Properties), "ServiceWebService") {
			t.Errorf("%s waits for the service: %s", id, text(t, alarm.Properties))
		}
	}
}
