package lib

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"

	"cloudstruct/config"
)

func TestMaintenanceWindowIsOfClusterAndInstances(t *testing.T) {
	chosen := production(t, func(c *config.Config) { c.Database.MaintenanceWindow = "Sun:04:00-Sun:05:00" })
	for _, kind := range []string{"AWS::RDS::DBCluster", "AWS::RDS::DBInstance"} {
		chosen.has(kind, object{"PreferredMaintenanceWindow": "Sun:04:00-Sun:05:00"})
		for id, r := range production(t).resources(kind) {
			if window, set := r.Properties["PreferredMaintenanceWindow"]; set {
				t.Errorf("%s has the window %v, which nobody chose", id, window)
			}
		}
	}
}

func TestConnectionStringHasLiteralBraces(t *testing.T) {
	s := production(t, func(c *config.Config) {
		c.Database.ConnectionString = &config.ConnectionString{Env: "DB", Format: "Driver={{MySQL}};Port={port};Pwd={{{password}}};{host}"}
	})
	composed := text(t, s.only("AWS::SecretsManager::Secret", "DatabaseConnectionString").Properties["SecretString"])
	for _, want := range []string{"Driver={MySQL};Port=3306;Pwd={{{resolve:secretsmanager:", ":password::}}};"} {
		if !contains(composed, want) {
			t.Errorf("the secret is %s, want %s in it", composed, want)
		}
	}
}

func TestPublicRangesAreWarnedOf(t *testing.T) {
	for cidr, want := range map[string]int{"10.0.0.0/16": 0, "52.95.0.0/16": 1} {
		cfg := config.Default()
		cfg.Environment, cfg.Network.CIDR = "production", cidr
		stack := newStack(awscdk.NewApp(nil), StackProps{Config: cfg})
		newLogGroup(stack, "Logs", 1) // a template must have a resource
		pattern := regexp.QuoteMeta("network.cidr " + cidr + " has addresses of the internet")
		if got := len(*assertions.Annotations_FromStack(stack).FindWarning(ptr("*"), assertions.Match_StringLikeRegexp(&pattern))); got != want {
			t.Errorf("%d warnings of %s, want %d", got, cidr, want)
		}
	}
}

// TestSecretsAreReferencedAsECSWritesThem covers each part of a reference that can
// be empty.
func TestSecretsAreReferencedAsECSWritesThem(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf"
	want := map[string]string{"": "", ":": "", ":k": ":k::", ":k::": ":k::", ":k:s:": ":k:s:", ":k::v": ":k::v", "::s:": "::s:"}
	configured, names := map[string]string{}, map[string]string{}
	for reference := range want {
		name := fmt.Sprintf("S%d", len(names))
		configured[name], names[name] = arn+reference, reference
	}
	s := production(t, func(c *config.Config) { c.Service.Secrets = configured })
	container := s.only("AWS::ECS::TaskDefinition", "").Properties["ContainerDefinitions"].([]any)[0].(object)
	found := 0
	for _, entry := range container["Secrets"].([]any) {
		secret := entry.(object)
		reference, isConfigured := names[secret["Name"].(string)]
		if !isConfigured {
			continue
		}
		found++
		if got := secret["ValueFrom"]; got != arn+want[reference] {
			t.Errorf("ARN%s becomes %v, want ARN%s", reference, got, want[reference])
		}
	}
	if found != len(want) {
		t.Errorf("%d secrets are in the task definition, want %d", found, len(want))
	}
}
