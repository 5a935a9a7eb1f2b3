package lib

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloudstruct/config"
)

type widget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Title, Region, Query string
		Alarms               []string
		Metrics              [][]any
		Annotations          struct{ Horizontal []struct{ Value float64 } }
	}
}

// widgets are those of the dashboard, references of the template being ids.
func (s stack) widgets() []widget {
	s.t.Helper()
	body := in("aws", s.only("AWS::CloudWatch::Dashboard", "Dashboard").Properties["DashboardBody"])
	var board struct{ Widgets []widget }
	if err := json.Unmarshal([]byte(body), &board); err != nil {
		s.t.Fatalf("%v in %s", err, body)
	}
	return board.Widgets
}

// in is the text that CloudFormation makes of a value in a partition.
func in(partition string, value any) string {
	o, ok := value.(object)
	if !ok {
		return value.(string)
	}
	if ref, ok := o["Ref"].(string); ok {
		return ref
	}
	if attribute, ok := o["Fn::GetAtt"].([]any); ok {
		return attribute[0].(string)
	}
	if choice, ok := o["Fn::If"].([]any); ok {
		conditions := map[string]string{"InChina": "aws-cn", "InGovCloud": "aws-us-gov"}
		for name, holds := range conditions {
			if strings.HasPrefix(choice[0].(string), "Dashboard"+name) && partition == holds {
				return in(partition, choice[1])
			}
		}
		return in(partition, choice[2])
	}
	join, ok := o["Fn::Join"].([]any)
	if !ok {
		return "?" // a part of a name
	}
	var joined strings.Builder
	for _, part := range join[1].([]any) {
		joined.WriteString(in(partition, part))
	}
	return joined.String()
}

func TestDashboardShowsWhatThePersonOnCallNeeds(t *testing.T) {
	shown := func(s stack) string {
		var all []string
		for _, w := range s.widgets() {
			for _, metric := range w.Properties.Metrics {
				if len(metric) > 1 { // an expression has no name
					all = append(all, metric[1].(string))
				}
			}
		}
		return strings.Join(all, " ")
	}
	got := shown(production(t))
	for _, metric := range []string{
		"RequestCount", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "TargetResponseTime TargetResponseTime TargetResponseTime",
		"DesiredTaskCount", "RunningTaskCount", "PendingTaskCount", "UnHealthyHostCount", "CPUUtilization", "MemoryUtilization",
		"ServerlessDatabaseCapacity", "DatabaseConnections", "AuroraReplicaLag",
	} {
		if !contains(got, metric) {
			t.Errorf("%s is not among %s", metric, got)
		}
	}
	if without := shown(production(t, func(c *config.Config) { c.Database.Readers = 0 })); contains(without, "AuroraReplicaLag") {
		t.Error("replica lag is shown without a reader")
	}
}

// withLeast has the least to show.
func withLeast(c *config.Config) {
	c.Database.Readers, c.Database.MaxCapacity = 0, 1
	c.Monitoring.ContainerInsights = false
}

func TestContainerInsightsIsASwitch(t *testing.T) {
	for name, test := range map[string]struct {
		s    stack
		want bool
	}{"on": {production(t), true}, "off": {production(t, withLeast), false}} {
		whole := text(t, test.s.resources(""))
		setting := contains(whole, `"containerInsights","Value":"enabled"`)
		if setting != test.want || contains(whole, "RunningTaskCount") != test.want || contains(whole, "MissingTasks") != test.want {
			t.Errorf("%s: the cluster counts tasks: %v, something looks at them: %v", name, setting, contains(whole, "RunningTaskCount"))
		}
	}
}

func TestDashboardIsASwitch(t *testing.T) {
	production(t).count("AWS::CloudWatch::Dashboard", 1)
	production(t, func(c *config.Config) { c.Monitoring.Dashboard = false }).count("AWS::CloudWatch::Dashboard", 0)
}

func TestDashboardShowsEveryAlarm(t *testing.T) {
	for name, s := range map[string]stack{"production": production(t), "the least": production(t, withLeast)} {
		var shown []string
		for _, w := range s.widgets() {
			shown = append(shown, w.Properties.Alarms...)
		}
		for id := range s.resources("AWS::CloudWatch::Alarm") {
			if !slices.Contains(shown, id) {
				t.Errorf("%s: %s is not shown", name, id)
			}
		}
	}
}

func TestGraphsShowTheThresholdsOfTheirAlarms(t *testing.T) {
	s := production(t)
	want := map[string]string{
		"Failed requests, in %": "ServerErrors", "Time to answer, in seconds": "Latency", "CPU of tasks, in %": "Cpu", "Memory of tasks, in %": "Memory",
		"Capacity of the database, in ACU": "DatabaseCapacity", "Connections to an instance": "DatabaseConnections", "Replica lag, in milliseconds": "ReplicaLag",
	}
	for _, w := range s.widgets() {
		id := want[w.Properties.Title]
		delete(want, w.Properties.Title)
		lines := w.Properties.Annotations.Horizontal
		if id == "" && len(lines) > 0 || id != "" && (len(lines) != 1 || lines[0].Value != s.alarm(id)["Threshold"]) {
			t.Errorf("%s has the lines %v, want the threshold of %s", w.Properties.Title, lines, id)
		}
	}
	if len(want) > 0 {
		t.Errorf("no graphs for %v", want)
	}
}

func TestDashboardFillsThePage(t *testing.T) {
	for name, s := range map[string]stack{"production": production(t), "the least": production(t, withLeast)} {
		rows := map[int]int{}
		for _, w := range s.widgets() {
			rows[w.Y] += w.Width
			if w.Type != "alarm" && w.Properties.Region != "AWS::Region" {
				t.Errorf("%s: %s looks at region %q", name, w.Properties.Title, w.Properties.Region)
			}
		}
		for y, width := range rows {
			if width != pageWidth {
				t.Errorf("%s: the row at %d is %d wide, want %d", name, y, width, pageWidth)
			}
		}
	}
}

// TestReleasesAreThoseThatTheFunctionLogs holds the query to the one line of the
// function that it reads.
func TestReleasesAreThoseThatTheFunctionLogs(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "functions", "ecs-redeploy", "reconcile.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range production(t).widgets() {
		if w.Type != "log" {
			continue
		}
		if !strings.HasPrefix(w.Properties.Query, "SOURCE 'ReleaseLogsB9EA69B0' | ") {
			t.Errorf("reads another log: %s", w.Properties.Query)
		}
		for queried, logged := range map[string]string{`message = "reconciled"`: `slog.Info("reconciled"`, "cause": `"cause", `, "did.0": `"did", did`, "because": `"because", `} {
			if !contains(w.Properties.Query, queried) || !contains(string(source), logged) {
				t.Errorf("%s is asked for, %s is logged", queried, logged)
			}
		}
		return
	}
	t.Error("no widget reads the function's log")
}

func TestDashboardUrlIsOfTheRegionAndPartition(t *testing.T) {
	name := "DashboardUrl"
	value := (*(*production(t).template.FindOutputs(&name, nil))[name])["Value"]
	for partition, want := range map[string]string{
		"aws":        "https://AWS::Region.console.aws.amazon.com/cloudwatch/home?region=AWS::Region#dashboards/dashboard/Dashboard7A714131",
		"aws-cn":     "https://AWS::Region.console.amazonaws.cn/cloudwatch/home?region=AWS::Region#dashboards/dashboard/Dashboard7A714131",
		"aws-us-gov": "https://AWS::Region.console.amazonaws-us-gov.com/cloudwatch/home?region=AWS::Region#dashboards/dashboard/Dashboard7A714131",
	} {
		if got := in(partition, value); got != want {
			t.Errorf("in %s it is %s, want %s", partition, got, want)
		}
	}
}
