package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cloudstruct/cmd/internal/template"
)

func address(stack, string) ([]item, error) {
	return []item{{Part: partNetwork, What: "public addresses of the NAT gateways", Price: "public-ipv4-hour", Quantity: hours}}, nil
}

func natGateway(stack, string) ([]item, error) {
	return []item{{Part: partNetwork, What: "NAT gateways", Price: "nat-hour", Quantity: hours}}, nil
}

func endpoint(s stack, id string) ([]item, error) {
	if kind := s.Resources[id].Text("VpcEndpointType"); kind != "Gateway" {
		return nil, fmt.Errorf("an endpoint of type %q costs by the hour, and the table has no price of it", kind)
	}
	return nil, nil
}

// loadBalancer has an address in each of its subnets when the internet can reach
// it.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
func loadBalancer(s stack, id string) ([]item, error) {
	r := s.Resources[id]
	if r.Text("Type") != "application" {
		return nil, fmt.Errorf("a balancer of type %q has other prices", r.Text("Type"))
	}
	items := []item{{Part: partBalancer, What: "the load balancer", Price: "load-balancer-hour", Quantity: hours}}
	if r.Text("Scheme") == "internet-facing" {
		items = append(items, item{Part: partBalancer, What: "its public addresses, one a zone", Price: "public-ipv4-hour", Quantity: hours * float64(len(r.List("Subnets")))})
	}
	return items, nil
}

func firewall(s stack, id string) ([]item, error) {
	return []item{
		{Part: partFirewall, What: "the web ACL", Price: "waf-acl-month", Quantity: 1},
		{Part: partFirewall, What: "its rules, a managed group counts as one", Price: "waf-rule-month", Quantity: float64(len(s.Resources[id].List("Rules")))},
	}, nil
}

// insightsMetrics are what Container Insights makes, and CloudWatch charges for:
// 8 of the cluster, 11 of its service and 6 of its task definition.
// https://aws.amazon.com/cloudwatch/pricing/
const insightsMetrics = 8 + 11 + 6

func insights(s stack, id string) ([]item, error) {
	for _, setting := range s.Resources[id].Blocks("ClusterSettings") {
		if setting.Text("Name") != "containerInsights" {
			continue
		}
		switch setting.Text("Value") {
		case "disabled":
		case "enabled":
			return []item{{Part: partInsights, What: "metrics of the cluster, the service and its tasks", Price: "metric-month", Quantity: insightsMetrics}}, nil
		default:
			return nil, fmt.Errorf("containerInsights %q has other prices", setting.Text("Value"))
		}
	}
	return nil, nil
}

func secret(stack, string) ([]item, error) {
	return []item{{Part: partSecrets, What: "secrets", Price: "secret-month", Quantity: 1}}, nil
}

func key(stack, string) ([]item, error) {
	return []item{{Part: partSecrets, What: "keys", Price: "kms-key-month", Quantity: 1}}, nil
}

// alarm is charged for each metric that it looks at.
func alarm(s stack, id string) ([]item, error) {
	r := s.Resources[id]
	metrics := 0
	for _, query := range r.Blocks("Metrics") {
		if query.At("MetricStat") != nil {
			metrics++
		}
	}
	if period, err := r.Number("Period"); err == nil && period < 60 {
		return nil, errors.New("an alarm with a period below a minute has another price")
	}
	return []item{{Part: partMonitoring, What: "alarms, by the metrics they look at", Price: "alarm-month", Quantity: float64(max(metrics, 1))}}, nil
}

func dashboard(stack, string) ([]item, error) {
	return []item{{Part: partMonitoring, What: "dashboards", Price: "dashboard-month", Quantity: 1}}, nil
}

func metricFilter(s stack, id string) ([]item, error) {
	return []item{{Part: partMonitoring, What: "metrics made from logs", Price: "metric-month", Quantity: float64(len(s.Resources[id].List("MetricTransformations")))}}, nil
}

// runSeconds is how long a look of the release loop takes at most when there is
// nothing to do: it makes a few calls.
const runSeconds = 1

// schedule is free; the function that it runs, whenever it is time, is not.
func schedule(s stack, id string) ([]item, error) {
	r := s.Resources[id]
	expression := r.Text("ScheduleExpression")
	if expression == "" {
		return nil, nil
	}
	interval, err := every(expression)
	if err != nil {
		return nil, err
	}
	var items []item
	for _, target := range r.Blocks("Targets") {
		run := template.References(target.At("Arn"))
		if len(run) != 1 {
			return nil, errors.New("a target that is no resource of this stack")
		}
		function := s.Resources[run[0]]
		memory, err := function.Number("MemorySize")
		if err != nil {
			return nil, err
		}
		runs := hours * float64(time.Hour/interval)
		items = append(items,
			item{Part: partRelease, What: "runs on schedule", Price: "lambda-million", Quantity: runs / 1e6},
			item{Part: partRelease, What: fmt.Sprintf("their time, %d s each", runSeconds), Price: "lambda-gb-second", Quantity: runs * runSeconds * memory / 1024})
	}
	return items, nil
}

var rate = regexp.MustCompile(`^rate\((\d+) (minute|hour)s?\)$`)

func every(expression string) (time.Duration, error) {
	match := rate.FindStringSubmatch(expression)
	if match == nil {
		return 0, fmt.Errorf("schedule %q: how often is that? Only rates of minutes and hours are known here", expression)
	}
	n, err := strconv.Atoi(match[1])
	unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour}[strings.TrimSuffix(match[2], "s")]
	return time.Duration(n) * unit, err
}
