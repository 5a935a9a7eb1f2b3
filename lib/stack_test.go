package lib

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cloudstruct/config"
)

// stateful are the resources whose replacement loses something, and what. A
// logical id changes when a construct is renamed or moved: CloudFormation then
// makes a new resource and deletes the old one.
var stateful = map[string]struct{ resourceType, lost string }{
	"RegistryRepositoryC6C96DCD":              {"AWS::ECR::Repository", "the images"},
	"DatabaseCluster5B53A178":                 {"AWS::RDS::DBCluster", "the database"},
	"DatabaseClusterWriterD43085C6":           {"AWS::RDS::DBInstance", "the database's writer, with an interruption"},
	"DatabaseClusterReader1D8B76102":          {"AWS::RDS::DBInstance", "the database's reader, with an interruption"},
	"DatabaseCredentials24F58BE6":             {"AWS::SecretsManager::Secret", "the database's password"},
	"DatabaseClusterSubnets5540150D":          {"AWS::RDS::DBSubnetGroup", "the database, which can't change its subnet group"},
	"BalancerAccessLogs16497920":              {"AWS::S3::Bucket", "the access logs"},
	"BalancerAlbB3E2F77A":                     {"AWS::ElasticLoadBalancingV2::LoadBalancer", "the service's address"},
	"NetworkVpc7FB7348F":                      {"AWS::EC2::VPC", "the network with everything in it"},
	"NetworkVpcPublicSubnet1EIPE0D52090":      {"AWS::EC2::EIP", "the address that the service calls others from"},
	"NetworkVpcPublicSubnet2EIP24F41572":      {"AWS::EC2::EIP", "the address that the service calls others from"},
	"NetworkVpcIsolatedSubnet1Subnet0400477E": {"AWS::EC2::Subnet", "the database, which is in it"},
	"NetworkVpcIsolatedSubnet2SubnetF65B365A": {"AWS::EC2::Subnet", "the database, which is in it"},
	"ServiceCluster572F72F1":                  {"AWS::ECS::Cluster", "the cluster with the running service"},
	"ServiceWebServiceF1201A1A":               {"AWS::ECS::Service", "the running service and its deployment history"},
	"MonitoringTopic2EDA8B02":                 {"AWS::SNS::Topic", "the alarm topic's subscriptions"},
}

func TestStatefulResourcesKeepTheirIdentity(t *testing.T) {
	resources := production(t).resources("")
	for id, want := range stateful {
		if got := resources[id].Type; got != want.resourceType {
			t.Errorf("%s is gone from the template: a deploy would lose %s. Restore the construct's id and its parents', or plan a migration and change this test", id, want.lost)
		}
	}
	kinds := map[string]bool{}
	for _, want := range stateful {
		kinds[want.resourceType] = true
	}
	for id, r := range resources {
		_, pinned := stateful[id]
		if kinds[r.Type] && !pinned && r.Type != "AWS::EC2::Subnet" {
			t.Errorf("%s, a %s, is not pinned in this test", id, r.Type)
		}
	}
}

func TestOutputsTellWhatPipelinesNeed(t *testing.T) {
	always := []string{
		"RepositoryUrl", "TaskDefinitionArn", "ClusterArn", "ClusterName", "ServerDns", "RdsEndpoint", "RdsReaderEndpoint", "RdsPort",
		"ServiceUrl", "ServiceName", "DatabaseSecretArn", "AlarmTopicArn", "RedeployFunctionName",
	}
	for _, test := range []struct {
		name string
		s    stack
		want []string
	}{
		{"without a domain", production(t), append([]string{"DashboardUrl"}, always...)},
		{"with a domain", production(t, withDomain), append([]string{"CertificateArn", "ZoneId", "DashboardUrl"}, always...)},
		{"development", development(t), always},
	} {
		t.Run(test.name, func(t *testing.T) {
			outputs := *test.s.template.FindOutputs(ptr("*"), nil)
			for name, output := range outputs {
				if description, _ := (*output)["Description"].(string); description == "" {
					t.Errorf("output %s has no description", name)
				}
			}
			got := slices.Sorted(maps.Keys(outputs))
			if want := slices.Sorted(slices.Values(test.want)); !slices.Equal(got, want) {
				t.Errorf("outputs are %v, want %v", got, want)
			}
		})
	}
}

func TestServiceUrlIsWhereTheServiceAnswers(t *testing.T) {
	url := func(s stack, name string) string {
		return text(t, (*(*s.template.FindOutputs(&name, nil))[name])["Value"])
	}
	if got := url(production(t, withDomain), "ServiceUrl"); got != `"https://server.artisantiling.co.nz"` {
		t.Errorf("ServiceUrl is %s", got)
	}
	if got := url(production(t), "ServiceUrl"); !contains(got, "http://") || !contains(got, "DNSName") {
		t.Errorf("ServiceUrl is %s", got)
	}
}

func TestEverythingIsTagged(t *testing.T) {
	s := production(t, func(c *config.Config) { c.Tags = map[string]string{"Team": "tiles"} })
	for _, resourceType := range []string{"AWS::EC2::VPC", "AWS::ECS::Service", "AWS::RDS::DBCluster", "AWS::ECR::Repository", "AWS::S3::Bucket", "AWS::Lambda::Function"} {
		for id, r := range s.resources(resourceType) {
			if strings.HasPrefix(id, "Custom") {
				continue // the CDK's own helpers get the tags that are the stack's
			}
			tags := text(t, r.Properties["Tags"])
			for _, want := range []string{`{"Key":"Team","Value":"tiles"}`, `{"Key":"Project","Value":"CloudStruct"}`, `{"Key":"Environment","Value":"production"}`, `{"Key":"ManagedBy","Value":"CloudStruct"}`} {
				if !contains(tags, want) {
					t.Errorf("%s has tags %s, want %s", id, tags, want)
				}
			}
		}
	}
	production(t).has("AWS::ECR::Repository", object{"Tags": including(object{"Key": "Name", "Value": "DevOps-NZ"})})
}

// TestSlowResourcesComeLast wants a first deploy that fails for an outside reason to do so
// before the minutes that a database takes.
func TestSlowResourcesComeLast(t *testing.T) {
	s := production(t, withDomain)
	all := s.resources("")
	before := s.precede(all, "DatabaseCluster5B53A178")
	for id, r := range all {
		switch r.Type {
		case "AWS::EC2::EIP", "AWS::EC2::NatGateway", "AWS::CertificateManager::Certificate", "AWS::Route53::RecordSet", "Custom::ImageSeed",
			"AWS::ECR::Repository", "AWS::ECS::ClusterCapacityProviderAssociations", "AWS::ElasticLoadBalancingV2::LoadBalancer":
			if !before[id] {
				t.Errorf("%s, a %s, may fail when the database exists already", id, r.Type)
			}
		}
	}
}

// precede are the resources that exist before one is created.
func (s stack) precede(all map[string]resource, id string) map[string]bool {
	s.t.Helper()
	before := map[string]bool{}
	var follow func(id string)
	follow = func(id string) {
		for _, next := range append(slices.Clone(all[id].DependsOn), references(s.t, all[id].Properties)...) {
			if _, known := all[next]; known && !before[next] {
				before[next] = true
				follow(next)
			}
		}
	}
	follow(id)
	return before
}

var reference = regexp.MustCompile(`"(?:Ref":"|Fn::GetAtt":\[")([A-Za-z0-9]+)"`)

func references(t *testing.T, value any) []string {
	t.Helper()
	var ids []string
	for _, match := range reference.FindAllStringSubmatch(text(t, value), -1) {
		ids = append(ids, match[1])
	}
	return ids
}

func TestEveryLogHasARetention(t *testing.T) {
	for name, s := range map[string]stack{"production": production(t), "development": development(t)} {
		for id, function := range s.resources("AWS::Lambda::Function") {
			if !contains(text(t, function.Properties["LoggingConfig"]), `"LogGroup":{"Ref"`) {
				t.Errorf("%s: %s logs to a group that Lambda makes, and nobody deletes", name, id)
			}
		}
		for id, group := range s.resources("AWS::Logs::LogGroup") {
			if group.Properties["RetentionInDays"] == nil {
				t.Errorf("%s: %s is kept for ever", name, id)
			}
		}
	}
}

func TestNothingHasAFixedNameButTheRepository(t *testing.T) {
	for id, r := range production(t).resources("") {
		for key, value := range r.Properties {
			if name, fixed := value.(string); fixed && strings.HasSuffix(key, "Name") && !slices.Contains([]string{"RepositoryName", "PolicyName", "DatabaseName", "MetricName", "DBClusterParameterGroupName"}, key) {
				t.Errorf("%s: %s is %s: a second stack could not be made beside this one", id, key, name)
			}
		}
	}
}
