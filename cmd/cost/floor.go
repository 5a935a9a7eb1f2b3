package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// hours is a month as AWS's own calculator has it.
const hours = 730

// item is something that costs money all month.
type item struct {
	Part     string // of the architecture
	What     string
	Price    string // its name in the table
	Quantity float64
	Share    string // of the price, another name in the table; most pay all of it
}

// The parts, in the order that they are shown in.
const (
	partNetwork    = "network"
	partBalancer   = "load balancer"
	partFirewall   = "firewall"
	partTasks      = "tasks"
	partDatabase   = "database"
	partSecrets    = "secrets"
	partInsights   = "Container Insights"
	partMonitoring = "alarms and dashboard"
	partRelease    = "release loop"
)

var parts = []string{partNetwork, partBalancer, partFirewall, partTasks, partDatabase, partSecrets, partInsights, partMonitoring, partRelease}

// priced are the types that cost money by being there.
var priced = map[string]func(s stack, id string) ([]item, error){
	"AWS::EC2::EIP":                             address,
	"AWS::EC2::NatGateway":                      natGateway,
	"AWS::EC2::VPCEndpoint":                     endpoint,
	"AWS::ElasticLoadBalancingV2::LoadBalancer": loadBalancer,
	"AWS::WAFv2::WebACL":                        firewall,
	"AWS::ECS::Cluster":                         insights,
	"AWS::ECS::Service":                         tasks,
	"AWS::RDS::DBCluster":                       databaseStorage,
	"AWS::RDS::DBInstance":                      databaseInstance,
	"AWS::SecretsManager::Secret":               secret,
	"AWS::KMS::Key":                             key,
	"AWS::CloudWatch::Alarm":                    alarm,
	"AWS::CloudWatch::Dashboard":                dashboard,
	"AWS::Logs::MetricFilter":                   metricFilter,
	"AWS::Events::Rule":                         schedule,
}

// free are the types that cost nothing by being there: AWS has no price for
// them, or one for their use alone, which load.go has where it counts.
var free = []string{
	"AWS::ApplicationAutoScaling::ScalableTarget",
	"AWS::ApplicationAutoScaling::ScalingPolicy",
	"AWS::CertificateManager::Certificate",
	"AWS::EC2::FlowLog",
	"AWS::EC2::InternetGateway",
	"AWS::EC2::Route",
	"AWS::EC2::RouteTable",
	"AWS::EC2::SecurityGroup",
	"AWS::EC2::SecurityGroupEgress",
	"AWS::EC2::SecurityGroupIngress",
	"AWS::EC2::Subnet",
	"AWS::EC2::SubnetRouteTableAssociation",
	"AWS::EC2::VPC",
	"AWS::EC2::VPCGatewayAttachment",
	"AWS::ECR::Repository",
	"AWS::ECS::ClusterCapacityProviderAssociations",
	"AWS::ECS::TaskDefinition",
	"AWS::ElasticLoadBalancingV2::Listener",
	"AWS::ElasticLoadBalancingV2::ListenerRule",
	"AWS::ElasticLoadBalancingV2::TargetGroup",
	"AWS::IAM::ManagedPolicy",
	"AWS::IAM::OIDCProvider",
	"AWS::IAM::Policy",
	"AWS::IAM::Role",
	"AWS::Lambda::EventInvokeConfig",
	"AWS::Lambda::Function",
	"AWS::Lambda::Permission",
	"AWS::Logs::LogGroup",
	"AWS::Logs::QueryDefinition",
	"AWS::Logs::ResourcePolicy",
	"AWS::RDS::DBClusterParameterGroup",
	"AWS::RDS::DBParameterGroup",
	"AWS::RDS::DBSubnetGroup",
	"AWS::Route53::RecordSet", // the hosted zone is not the stack's
	"AWS::S3::Bucket",
	"AWS::S3::BucketPolicy",
	"AWS::SecretsManager::ResourcePolicy",
	"AWS::SecretsManager::RotationSchedule",
	"AWS::SecretsManager::SecretTargetAttachment",
	"AWS::SNS::Subscription",
	"AWS::SNS::Topic",
	"AWS::SNS::TopicPolicy",
	"AWS::SQS::Queue",
	"AWS::SQS::QueuePolicy",
	"AWS::WAFv2::LoggingConfiguration",
	"AWS::WAFv2::WebACLAssociation",
}

// floor is all that a month costs at least. A type that neither list knows is a
// mistake: it would be missing from the sum.
func (s stack) floor() ([]item, error) {
	var items []item
	var problems []error
	for _, id := range slices.Sorted(maps.Keys(s.Resources)) {
		kind := s.Resources[id].Type
		cost, known := priced[kind]
		switch {
		case known:
			found, err := cost(s, id)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s (%s): %w", id, kind, err))
			}
			items = append(items, found...)
		case strings.HasPrefix(kind, "Custom::"), slices.Contains(free, kind):
		default:
			problems = append(problems, fmt.Errorf("%s (%s): what does it cost? Add its type to priced or to free in cmd/cost/floor.go", id, kind))
		}
	}
	return merged(items), errors.Join(problems...)
}

// merged adds up what is the same, part by part.
func merged(items []item) []item {
	var sums []item
	for _, part := range parts {
		for _, next := range items {
			if next.Part != part || next.Quantity == 0 {
				continue
			}
			i := slices.IndexFunc(sums, func(sum item) bool {
				sum.Quantity = next.Quantity
				return sum == next
			})
			if i < 0 {
				sums = append(sums, next)
			} else {
				sums[i].Quantity += next.Quantity
			}
		}
	}
	return sums
}

// cost is what an item costs in a region.
func (i item) cost(prices priceTable, region string) (float64, error) {
	usd, err := prices.of(i.Price, region)
	if err != nil || i.Share == "" {
		return usd * i.Quantity, err
	}
	share, err := prices.of(i.Share, region)
	return usd * share * i.Quantity, err
}
