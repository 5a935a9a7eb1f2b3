package lib

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

// pageWidth is a dashboard's, in CloudWatch's own units.
const pageWidth = 24

// graph is a widget, with the thresholds of the alarms that look at the same.
type graph struct {
	title   string
	metrics []awscloudwatch.IMetric
	alarms  []string
}

// row lays graphs side by side over the whole page.
func (d Dashboard) row(graphs ...graph) []awscloudwatch.IWidget {
	var widgets []awscloudwatch.IWidget
	for _, g := range graphs {
		var thresholds []*awscloudwatch.HorizontalAnnotation
		for _, id := range g.alarms {
			if alarm, exists := d.alarms[id]; exists {
				thresholds = append(thresholds, alarm.ToAnnotation())
			}
		}
		widgets = append(widgets, awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
			Title: &g.title, Left: &g.metrics, LeftAnnotations: &thresholds,
			LeftYAxis: &awscloudwatch.YAxisProps{Min: jsii.Number(0), ShowUnits: jsii.Bool(false)}, // the title says the unit
			Width:     jsii.Number(pageWidth / len(graphs)), Height: jsii.Number(6),
		}))
	}
	return widgets
}

// labelled is a metric's value for each minute, under a name.
func labelled(label string, statistic *string) *awscloudwatch.MetricOptions {
	options := every(1, statistic)
	options.Label = &label
	return options
}
