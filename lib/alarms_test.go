package lib

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// alarm is the one with an id.
func (s stack) alarm(id string) object {
	s.t.Helper()
	return s.only("AWS::CloudWatch::Alarm", "Monitoring"+id).Properties
}

// hasAlarm tells whether there is one with an id.
func (s stack) hasAlarm(id string) bool {
	for logicalID := range s.resources("AWS::CloudWatch::Alarm") {
		if strings.HasPrefix(logicalID, "Monitoring"+id) {
			return true
		}
	}
	return false
}

func TestAlarmsFireWhenItMatters(t *testing.T) {
	s := production(t)
	for _, test := range []struct {
		id, metric, statistic, comparison string
		threshold, minutes                float64
	}{
		{"BalancerErrors", "HTTPCode_ELB_5XX_Count", "Sum", "GreaterThanOrEqualToThreshold", 10, 3},
		{"Latency", "TargetResponseTime", "p95", "GreaterThanThreshold", 1, 15},
		{"UnhealthyTargets", "UnHealthyHostCount", "Maximum", "GreaterThanOrEqualToThreshold", 1, 6},
		{"Cpu", "CPUUtilization", "Average", "GreaterThanThreshold", 85, 15},
		{"Memory", "MemoryUtilization", "Average", "GreaterThanThreshold", 90, 15},
		{"DatabaseCapacity", "ServerlessDatabaseCapacity", "Maximum", "GreaterThanOrEqualToThreshold", 3.75, 15},
		{"DatabaseConnections", "DatabaseConnections", "Maximum", "GreaterThanOrEqualToThreshold", 108, 5},
		{"ReplicaLag", "AuroraReplicaLag", "Maximum", "GreaterThanThreshold", 1000, 10},
		{"DeadLetters", "ApproximateNumberOfMessagesVisible", "Maximum", "GreaterThanOrEqualToThreshold", 1, 5},
		{"ReleaseErrors", "Errors", "Sum", "GreaterThanOrEqualToThreshold", 1, 15},
	} {
		p := s.alarm(test.id)
		statistic := p["Statistic"]
		if statistic == nil {
			statistic = p["ExtendedStatistic"]
		}
		minutes := p["Period"].(float64) / 60 * p["EvaluationPeriods"].(float64)
		if p["MetricName"] != test.metric || statistic != test.statistic || p["ComparisonOperator"] != test.comparison || p["Threshold"] != test.threshold || minutes != test.minutes {
			t.Errorf("%s fires when the %v of %v is %v %v over %v minutes, want %+v", test.id, statistic, p["MetricName"], p["ComparisonOperator"], p["Threshold"], minutes, test)
		}
	}
}

func TestFewRequestsHaveNoLatency(t *testing.T) {
	if got := production(t).alarm("Latency")["EvaluateLowSampleCountPercentile"]; got != "ignore" {
		t.Errorf("one slow request may be an alarm: low samples are %v", got)
	}
}

// TestTasksAreMissingBelowTheMinimum also means a schedule's: while it wants none,
// none is desired and none is missing.
func TestTasksAreMissingBelowTheMinimum(t *testing.T) {
	for _, test := range []struct {
		name     string
		schedule []config.Schedule
		want     string
	}{
		{"without a schedule", nil, "IF(desired < 2, desired, 2) - running"},
		{"a schedule that stops the service", []config.Schedule{{Cron: "0 20 * * ? *", TimeZone: "UTC", Min: ptr(0), Max: ptr(0)}}, "IF(desired < 2, desired, 2) - running"},
		{"a schedule for a busy day", []config.Schedule{{Cron: "0 7 * * ? *", TimeZone: "UTC", Min: ptr(4), Max: ptr(20)}}, "IF(desired < 4, desired, 4) - running"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := production(t, func(c *config.Config) { c.Scaling.Schedule = test.schedule }).alarm("MissingTasks")
			if metrics := text(t, p["Metrics"]); !strings.Contains(unescaped(metrics), test.want) || !strings.Contains(metrics, "DesiredTaskCount") || !strings.Contains(metrics, "RunningTaskCount") {
				t.Errorf("tasks are missing by %s, want %s", metrics, test.want)
			}
			if p["Threshold"] != 1.0 || p["EvaluationPeriods"] != 15.0 || p["DatapointsToAlarm"] != 10.0 {
				t.Errorf("a task may be missing for %v minutes of %v, want less than 10 of 15", p["DatapointsToAlarm"], p["EvaluationPeriods"])
			}
		})
	}
}

// unescaped undoes what encoding/json does to a comparison.
func unescaped(s string) string { return strings.ReplaceAll(s, `\u003c`, "<") }

func TestStartingTaskMayBeUnhealthyForItsGrace(t *testing.T) {
	for grace, want := range map[time.Duration]float64{0: 5, 90 * time.Second: 7, 2 * time.Hour: 125} {
		s := production(t, func(c *config.Config) { c.Service.Health.Grace = grace })
		if got := s.alarm("UnhealthyTargets")["EvaluationPeriods"]; got != want {
			t.Errorf("with a grace of %s a task may be unhealthy for %v minutes, want %v", grace, got, want)
		}
	}
}

func TestTasksAreOverworkedBeyondTheScalingsTarget(t *testing.T) {
	s := production(t, func(c *config.Config) { c.Scaling.CPUPercent, c.Scaling.MemoryPercent = 100, 30 })
	for id, want := range map[string]float64{"Cpu": 100, "Memory": 65} {
		if got := s.alarm(id)["Threshold"]; got != want {
			t.Errorf("%s fires above %v, want %v", id, got, want)
		}
	}
}

func TestCapacityIsWatchedWhereItTellsSomething(t *testing.T) {
	for _, test := range []struct {
		name             string
		minimum, maximum float64
		watched          bool
		full             float64
	}{
		{name: "a range", minimum: 0.5, maximum: 8, watched: true, full: 7.75},
		{name: "the smallest range", minimum: 15.5, maximum: 16, watched: true, full: 15.75},
		{name: "a database that pauses", minimum: 0, maximum: 4, watched: true, full: 3.75},
		{name: "a database of one size", minimum: 4, maximum: 4},
		{name: "a database that is small even when idle", minimum: 0, maximum: 1.5},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := production(t, func(c *config.Config) { c.Database.MinCapacity, c.Database.MaxCapacity = test.minimum, test.maximum })
			if watched := s.hasAlarm("DatabaseCapacity"); watched != test.watched {
				t.Fatalf("watched is %v", watched)
			}
			if test.watched {
				if got := s.alarm("DatabaseCapacity")["Threshold"]; got != test.full {
					t.Errorf("fires at %v, want %v, above the idle %v", got, test.full, test.minimum)
				}
			}
		})
	}
}

func TestConnectionsAreWatchedAtFourFifthsOfWhatAuroraAllows(t *testing.T) {
	for capacity, allowed := range map[float64]float64{1: 90, 3.5: 90, 4: 135, 7.5: 135, 8: 1000, 16: 2000, 32: 3000, 64: 4000, 127.5: 4000, 128: 5000, 256: 5000} {
		if got := maxConnections(capacity); got != allowed {
			t.Errorf("%v units allow %v connections, want %v", capacity, got, allowed)
		}
	}
	s := production(t, func(c *config.Config) { c.Database.MaxCapacity = 16 })
	if got := s.alarm("DatabaseConnections")["Threshold"]; got != 1600.0 {
		t.Errorf("fires at %v connections, want 1600", got)
	}
}

// TestCapacityIsThatOfTheWriter: the cluster's own metric is an average, in which a reader
// that idles hides a writer that is full.
func TestCapacityIsThatOfTheWriter(t *testing.T) {
	if dimensions := text(t, production(t).alarm("DatabaseCapacity")["Dimensions"]); !contains(dimensions, `{"Name":"Role","Value":"WRITER"}`) {
		t.Errorf("capacity is measured by %s", dimensions)
	}
}

func TestReplicaLagIsThatOfReaders(t *testing.T) {
	if dimensions := text(t, production(t).alarm("ReplicaLag")["Dimensions"]); !contains(dimensions, `{"Name":"Role","Value":"READER"}`) {
		t.Errorf("replica lag is measured by %s", dimensions)
	}
	if production(t, func(c *config.Config) { c.Database.Readers = 0 }).hasAlarm("ReplicaLag") {
		t.Error("replica lag is watched without a reader")
	}
}

// TestSynthInformsOfNothing is about the CDK's remark that the alarm which rolls a
// deployment back may wait for the service: it does not, and every synth would
// print it.
func TestSynthInformsOfNothing(t *testing.T) {
	for name, change := range variants {
		t.Run(name, func(t *testing.T) {
			_, made := variant(t, change)
			stack{t: t}.check(func() {
				assertions.Annotations_FromStack(made).HasNoInfo(jsii.String("*"), assertions.Match_AnyValue())
			})
		})
	}
}
