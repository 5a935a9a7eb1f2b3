package lib

import (
	"math"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

// WatchDatabase tells people of a database that is at its limits. One that is
// paused sends zeros for its capacity and nothing else.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
func (m Monitoring) WatchDatabase(database Database) {
	if full, ok := database.fullCapacity(); ok {
		m.alarm("DatabaseCapacity", "The database has been at its maximum capacity for a quarter of an hour: look for slow queries, or raise database.maxCapacity.", &awscloudwatch.AlarmProps{
			Metric: database.capacity("WRITER"),
			// A short peak may well use all that is paid for.
			Threshold: jsii.Number(full), EvaluationPeriods: jsii.Number(15), ComparisonOperator: atLeast,
			TreatMissingData: noAlarm, // there is no database that could be too small
		})
	}
	limit := maxConnections(database.props.MaxCapacity)
	m.alarm("DatabaseConnections", "The database is about to refuse connections: look at the size of the tasks' pools and at the number of tasks.", &awscloudwatch.AlarmProps{
		Metric: database.connections(),
		// A fifth is left for the tasks that a scaling adds, and for the person who
		// looks. Five minutes outlast the two sets of tasks of a deployment's turn.
		Threshold: jsii.Number(math.Floor(limit * 0.8)), EvaluationPeriods: jsii.Number(5), ComparisonOperator: atLeast,
		TreatMissingData: noAlarm, // paused: nobody is connected
	})
	if database.props.Readers > 0 {
		m.alarm("ReplicaLag", "A reader is more than a second behind the writer: look for long writes, and for a reader that is too small.", &awscloudwatch.AlarmProps{
			Metric: database.replicaLag(),
			// Much less than 100 ms is usual; after a second people miss what they have
			// just saved.
			// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Replication.html
			Threshold: jsii.Number(1000), EvaluationPeriods: jsii.Number(10), ComparisonOperator: moreThan,
			TreatMissingData: noAlarm, // paused: nothing is written
		})
	}
}

// fullCapacity is what a database at its maximum has: units come in halves. It is
// not there for a database that can't grow, nor for one whose maximum its own
// background work may need.
func (d Database) fullCapacity() (float64, bool) {
	const background = 2
	return d.props.MaxCapacity - 0.25, d.props.MaxCapacity > d.props.MinCapacity && d.props.MaxCapacity >= background
}

// maxConnections is what Aurora MySQL allows to an instance of a cluster with a
// maximum capacity. Between the documented ones it is the lower, which warns early.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html#aurora-serverless-v2.max-connections
func maxConnections(maxCapacity float64) float64 {
	limit := 0.0
	for _, documented := range []struct{ capacity, connections float64 }{
		{1, 90}, {4, 135}, {8, 1000}, {16, 2000}, {32, 3000}, {64, 4000}, {128, 5000},
	} {
		if maxCapacity >= documented.capacity {
			limit = documented.connections
		}
	}
	return limit
}

// capacity is that of the writer or of the readers, in Aurora capacity units. Without a
// role the metric is the average of all instances: a reader that idles would hide a
// writer that is full.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.viewing.monitoring.html
func (d Database) capacity(role string) awscloudwatch.Metric {
	return d.byRole("ServerlessDatabaseCapacity", role)
}

// connections are those of the instance that has most: each has its own limit.
func (d Database) connections() awscloudwatch.Metric {
	return d.Cluster.MetricDatabaseConnections(every(1, awscloudwatch.Stats_MAXIMUM()))
}

// replicaLag is that of the slowest reader, in milliseconds.
func (d Database) replicaLag() awscloudwatch.Metric { return d.byRole("AuroraReplicaLag", "READER") }

// byRole is a metric of the cluster's instances in one role, WRITER or READER. The CDK's
// own methods measure all instances together.
func (d Database) byRole(metric, role string) awscloudwatch.Metric {
	return d.Cluster.Metric(&metric, &awscloudwatch.MetricOptions{
		DimensionsMap: &map[string]*string{"DBClusterIdentifier": d.Cluster.ClusterIdentifier(), "Role": &role},
		Period:        awscdk.Duration_Minutes(jsii.Number(1)),
		Statistic:     awscloudwatch.Stats_MAXIMUM(),
	})
}
