package main

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// small is the template of a service, its scaling and its database, with changes.
func small(t *testing.T, changes ...string) stack {
	t.Helper()
	text := `{"Resources": {
		"Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterSettings": [{"Name": "containerInsights", "Value": "disabled"}]}},
		"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Cpu": "1024", "Memory": "2048", "RuntimePlatform": {"CpuArchitecture": "X86_64"}}},
		"Service": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": {"Ref": "Task"},
			"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Base": 2, "Weight": 1}, {"CapacityProvider": "FARGATE_SPOT", "Weight": 3}],
			"NetworkConfiguration": {"AwsvpcConfiguration": {"AssignPublicIp": "DISABLED"}}}},
		"Count": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {"MinCapacity": 6, "ResourceId": {"Fn::GetAtt": ["Service", "Name"]}}},
		"Database": {"Type": "AWS::RDS::DBCluster", "Properties": {"ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5}}},
		"Writer": {"Type": "AWS::RDS::DBInstance", "Properties": {"DBInstanceClass": "db.serverless", "DBClusterIdentifier": {"Ref": "Database"}}},
		"Reader": {"Type": "AWS::RDS::DBInstance", "Properties": {"DBInstanceClass": "db.serverless", "DBClusterIdentifier": {"Ref": "Database"}}}
	}}`
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("nothing to change: %s", changes[i])
		}
		text = strings.ReplaceAll(text, changes[i], changes[i+1])
	}
	s, err := parse("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFloorIsSumOfItsParts(t *testing.T) {
	const vcpu, gb, arm, armGB, spot, ipv4, acu = 0.04048, 0.004445, 0.03238, 0.00356, 0.32, 0.005, 0.12
	task := hours * (vcpu + 2*gb)
	for _, test := range []struct {
		name    string
		changes []string
		part    string
		want    float64
	}{
		{"two tasks on demand, the four others by their weights", nil, partTasks, 2*task + 1*task + 3*task*spot},
		{"a minimum below the base is all on demand", []string{`"MinCapacity": 6`, `"MinCapacity": 1`}, partTasks, task},
		{"on Spot alone", []string{`{"CapacityProvider": "FARGATE", "Base": 2, "Weight": 1}, `, ``}, partTasks, 6 * task * spot},
		{"on ARM", []string{"X86_64", "ARM64", `"MinCapacity": 6`, `"MinCapacity": 1`}, partTasks, hours * (arm + 2*armGB)},
		{"public tasks have addresses", []string{"DISABLED", "ENABLED", `"MinCapacity": 6`, `"MinCapacity": 1`}, partTasks, task + hours*ipv4},
		{"a database at its minimum", nil, partDatabase, 2*hours*0.5*acu + 0.10},
		{"a database that pauses", []string{`"MinCapacity": 0.5`, `"MinCapacity": 0`}, partDatabase, 0.10},
		{"Container Insights", []string{`"Value": "disabled"`, `"Value": "enabled"`}, partInsights, 25 * 0.30},
	} {
		t.Run(test.name, func(t *testing.T) {
			items := floorOf(t, small(t, test.changes...))
			if got := sum(t, of(test.part, items), shippedPrices(t), "us-east-1"); math.Abs(got-test.want) > 1e-6 {
				t.Errorf("%s: %.4f USD a month, want %.4f", test.part, got, test.want)
			}
		})
	}
}

func TestOtherResourcesArePriced(t *testing.T) {
	for _, test := range []struct {
		resource string
		part     string
		want     float64
	}{
		{`"AWS::EC2::NatGateway"`, partNetwork, 32.85},
		{`"AWS::EC2::EIP"`, partNetwork, 3.65},
		{`"AWS::EC2::VPCEndpoint", "Properties": {"VpcEndpointType": "Gateway"}`, partNetwork, 0},
		{`"AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Type": "application", "Scheme": "internet-facing", "Subnets": [1, 2]}`, partBalancer, 16.425 + 7.30},
		{`"AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Type": "application", "Scheme": "internal", "Subnets": [1, 2]}`, partBalancer, 16.425},
		{`"AWS::WAFv2::WebACL", "Properties": {"Rules": [1, 2, 3]}`, partFirewall, 8},
		{`"AWS::KMS::Key"`, partSecrets, 1},
		{`"AWS::CloudWatch::Alarm", "Properties": {"MetricName": "x", "Period": 60}`, partMonitoring, 0.10},
		{`"AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Expression": "a/b"}, {"MetricStat": {}}, {"MetricStat": {}}]}`, partMonitoring, 0.20},
		{`"AWS::CloudWatch::Dashboard"`, partMonitoring, 3},
		{`"AWS::Logs::MetricFilter", "Properties": {"MetricTransformations": [1]}`, partMonitoring, 0.30},
		{`"AWS::Events::Rule", "Properties": {"EventPattern": {}}`, partRelease, 0},
	} {
		s, err := parse("test", fmt.Appendf(nil, `{"Resources": {"It": {"Type": %s}}}`, test.resource))
		if err != nil {
			t.Fatal(test.resource, err)
		}
		if got := sum(t, of(test.part, floorOf(t, s)), shippedPrices(t), "us-east-1"); math.Abs(got-test.want) > 1e-6 {
			t.Errorf("%s: %.4f USD a month, want %.4f", test.resource, got, test.want)
		}
	}
}

func TestScheduleIsPaidByItsRuns(t *testing.T) {
	s, err := parse("test", []byte(`{"Resources": {
		"Function": {"Type": "AWS::Lambda::Function", "Properties": {"MemorySize": 512}},
		"Rule": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(5 minutes)", "Targets": [{"Arn": {"Fn::GetAtt": ["Function", "Arn"]}}]}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := 8760*0.20/1e6 + 8760*0.5*0.0000166667
	if got := sum(t, floorOf(t, s), shippedPrices(t), "us-east-1"); math.Abs(got-want) > 1e-9 {
		t.Errorf("%.6f USD a month, want %.6f", got, want)
	}
}

// TestWhatHasNoPriceIsAMistake wants no resource to be left out of the sum in
// silence, and to hear of all of them at once.
func TestWhatHasNoPriceIsAMistake(t *testing.T) {
	for name, changes := range map[string][]string{
		"an unknown type":             {"AWS::ECS::Cluster", "AWS::ElastiCache::ServerlessCache"},
		"enhanced Container Insights": {`"Value": "disabled"`, `"Value": "enhanced"`},
		"another capacity provider":   {`"FARGATE_SPOT"`, `"MINE"`},
		"no scaling":                  {"AWS::ApplicationAutoScaling::ScalableTarget", "AWS::EC2::VPC"},
		"more ephemeral storage":      {`"Cpu"`, `"EphemeralStorage": {"SizeInGiB": 50}, "Cpu"`},
		"a class of instances":        {"db.serverless", "db.r8g.large"},
		"storage with I/O included":   {`"ServerlessV2ScalingConfiguration"`, `"StorageType": "aurora-iopt1", "ServerlessV2ScalingConfiguration"`},
	} {
		if _, err := small(t, changes...).floor(); err == nil {
			t.Errorf("%s: has a floor all the same", name)
		}
	}
	_, err := small(t, "AWS::ECS::Cluster", "AWS::Some::Thing", "AWS::RDS::DBCluster", "AWS::Other::Thing").floor()
	for _, want := range []string{"Cluster (AWS::Some::Thing)", "Database (AWS::Other::Thing)"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not tell of %s: %v", want, err)
		}
	}
}

func TestLoadIsAboutWhatIsThere(t *testing.T) {
	names := func(s stack) string {
		units, err := s.load()
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, u := range units {
			all = append(all, u.What)
		}
		return strings.Join(all, "\n")
	}
	with, without := names(shipped(t, "production")), names(shipped(t, "development"))
	for _, what := range []string{"NAT gateway", "on demand", "access logs"} {
		if !strings.Contains(with, what) || strings.Contains(without, what) {
			t.Errorf("production's load should have %q, and development's should not:\n%s\n\n%s", what, with, without)
		}
	}
}

func TestPriceTableIsWhole(t *testing.T) {
	const head = "price,region,unit,usd,source,date\n"
	for name, lines := range map[string]string{
		"a region without a price": "nat-hour,us-east-1,hour,0.045,vpc/pricing,2026-10-04\nlcu-hour,eu-west-1,hour,0.008,vpc/pricing,2026-10-04\n",
		"an unknown region":        "nat-hour,*,hour,0.045,vpc/pricing,2026-10-04\nnat-hour,moon-1,hour,1,vpc/pricing,2026-10-04\n",
		"no source":                "nat-hour,*,hour,0.045,,2026-10-04\n",
		"no date":                  "nat-hour,*,hour,0.045,vpc/pricing,soon\n",
		"no number":                "nat-hour,*,hour,cheap,vpc/pricing,2026-10-04\n",
	} {
		if _, err := parsePrices(head+lines, ""); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := parsePrices(head+"nat-hour,us-east-1,hour,0.045,vpc/pricing,2026-10\n", ""); err != nil {
		t.Error(err)
	}
}
