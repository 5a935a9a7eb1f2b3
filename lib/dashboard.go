package lib

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// DashboardProps configures NewDashboard.
type DashboardProps struct {
	// Monitoring has made all its alarms.
	Monitoring Monitoring
	Balancer   Balancer
	Service    Service
	Database   Database
	Release    Release
}

// Dashboard is one page for the person on call, from what callers notice down to
// what may be the cause.
type Dashboard struct {
	board  awscloudwatch.Dashboard
	alarms map[string]awscloudwatch.Alarm
}

// NewDashboard makes the page. An account has three without charge; each further
// one costs 3 USD a month.
func NewDashboard(scope constructs.Construct, id string, props DashboardProps) Dashboard {
	c := constructs.NewConstruct(scope, &id)
	d := Dashboard{
		board: awscloudwatch.NewDashboard(c, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
			// A day holds the last releases, and the same hour of yesterday.
			DefaultInterval: awscdk.Duration_Days(jsii.Number(1)),
		}),
		alarms: props.Monitoring.alarms,
	}
	d.addAlarms()
	d.addRequests(props.Balancer)
	d.addTasks(props.Service)
	d.addDatabase(props.Database)
	d.addReleases(props.Release)
	return d
}

func (d Dashboard) addAlarms() {
	var alarms []interfacesawscloudwatch.IAlarmRef
	for _, id := range slices.Sorted(maps.Keys(d.alarms)) {
		alarms = append(alarms, d.alarms[id])
	}
	d.board.AddWidgets(awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{
		Title: jsii.String("Alarms"), Alarms: &alarms, Width: jsii.Number(pageWidth), Height: jsii.Number(4),
	}))
}

func (d Dashboard) addRequests(balancer Balancer) {
	metrics, sum := balancer.ALB.Metrics(), awscloudwatch.Stats_SUM()
	answers := func(code elbv2.HttpCodeTarget, label string) awscloudwatch.IMetric {
		return metrics.HttpCodeTarget(code, labelled(label, sum))
	}
	percentile := func(p int, label string) awscloudwatch.IMetric {
		return metrics.TargetResponseTime(labelled(label, awscloudwatch.Stats_P(jsii.Number(p))))
	}
	d.board.AddWidgets(d.row(
		graph{"Requests a minute", []awscloudwatch.IMetric{metrics.RequestCount(labelled("Requests", sum))}, nil},
		graph{"Errors a minute", []awscloudwatch.IMetric{
			answers(elbv2.HttpCodeTarget_TARGET_5XX_COUNT, "Tasks 5xx"),
			metrics.HttpCodeElb(elbv2.HttpCodeElb_ELB_5XX_COUNT, labelled("Balancer 5xx", sum)),
			answers(elbv2.HttpCodeTarget_TARGET_4XX_COUNT, "Tasks 4xx"),
		}, nil},
		graph{"Failed requests, in %", []awscloudwatch.IMetric{balancer.failedPercent()}, []string{"ServerErrors"}},
		graph{"Time to answer, in seconds", []awscloudwatch.IMetric{percentile(50, "p50"), percentile(95, "p95"), percentile(99, "p99")}, []string{"Latency"}},
	)...)
}

func (d Dashboard) addTasks(service Service) {
	average, maximum := labelled("Average", awscloudwatch.Stats_AVERAGE()), labelled("Maximum", awscloudwatch.Stats_MAXIMUM())
	var tasks []awscloudwatch.IMetric
	for i, group := range service.TargetGroups {
		which := []string{"", " in the second group"}[i]
		tasks = append(tasks,
			group.Metrics().HealthyHostCount(labelled("Healthy"+which, awscloudwatch.Stats_MINIMUM())),
			group.Metrics().UnhealthyHostCount(labelled("Unhealthy"+which, awscloudwatch.Stats_MAXIMUM())))
	}
	if service.props.ContainerInsights {
		tasks = append(tasks, service.tasks("Desired"), service.tasks("Running"), service.tasks("Pending"))
	}
	d.board.AddWidgets(d.row(
		graph{"Tasks", tasks, nil},
		graph{"CPU of tasks, in %", []awscloudwatch.IMetric{service.Fargate.MetricCpuUtilization(average), service.Fargate.MetricCpuUtilization(maximum)}, []string{"Cpu"}},
		graph{"Memory of tasks, in %", []awscloudwatch.IMetric{service.Fargate.MetricMemoryUtilization(average), service.Fargate.MetricMemoryUtilization(maximum)}, []string{"Memory"}},
	)...)
}

func (d Dashboard) addDatabase(database Database) {
	graphs := []graph{
		{"Capacity of the database, in ACU", []awscloudwatch.IMetric{database.capacity("WRITER")}, []string{"DatabaseCapacity"}},
		{"CPU of the database, in %", []awscloudwatch.IMetric{database.Cluster.MetricCPUUtilization(every(1, awscloudwatch.Stats_MAXIMUM()))}, nil},
		{"Connections to an instance", []awscloudwatch.IMetric{database.connections()}, []string{"DatabaseConnections"}},
	}
	if database.props.Readers > 0 {
		graphs = append(graphs, graph{"Replica lag, in milliseconds", []awscloudwatch.IMetric{database.replicaLag()}, []string{"ReplicaLag"}})
	}
	d.board.AddWidgets(d.row(graphs...)...)
}

// addReleases lists what the release loop did, from its own log.
func (d Dashboard) addReleases(release Release) {
	d.board.AddWidgets(awscloudwatch.NewLogQueryWidget(&awscloudwatch.LogQueryWidgetProps{
		Title:         jsii.String("Releases"),
		LogGroupNames: &[]*string{release.Function.LogGroup().LogGroupName()},
		QueryLines: jsii.Strings(
			"fields @timestamp, cause, did.0, did.1, did.2, because",
			`filter message = "reconciled" and ispresent(did.0)`, // most looks find nothing to do
			"sort @timestamp desc",
			"limit 20",
		),
		Width: jsii.Number(pageWidth), Height: jsii.Number(6),
	}))
}

// URL is the page in the console of the stack's region and partition.
func (d Dashboard) URL() *string {
	region := *awscdk.Aws_REGION()
	return jsii.String("https://" + region + "." + *consoleHost(d.board) + "/cloudwatch/home?region=" + region + "#dashboards/dashboard/" + *d.board.DashboardName())
}

// consoleHost is the host of the AWS console. No pseudo parameter has it.
func consoleHost(scope constructs.Construct) *string {
	host := jsii.String("console.aws.amazon.com")
	for _, other := range []struct{ id, partition, host string }{
		{"InChina", "aws-cn", "console.amazonaws.cn"},
		{"InGovCloud", "aws-us-gov", "console.amazonaws-us-gov.com"},
	} {
		condition := awscdk.NewCfnCondition(scope, &other.id, &awscdk.CfnConditionProps{
			Expression: awscdk.Fn_ConditionEquals(awscdk.Aws_PARTITION(), other.partition),
		})
		host = awscdk.Token_AsString(awscdk.Fn_ConditionIf(condition.LogicalId(), other.host, host), nil)
	}
	return host
}
