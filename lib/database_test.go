package lib

import (
	"strings"
	"testing"
	"time"

	"cloudstruct/config"
)

func TestDatabaseIsServerlessAuroraWithWriterAndReader(t *testing.T) {
	s := production(t)
	s.has("AWS::RDS::DBCluster", object{
		"Engine": "aurora-mysql", "EngineVersion": "8.0.mysql_aurora.3.10.4",
		"DatabaseName": "appdb", "MasterUsername": "dbadmin",
		"ServerlessV2ScalingConfiguration": object{"MinCapacity": 0.5, "MaxCapacity": 4, "SecondsUntilAutoPause": absent()},
		"BackupRetentionPeriod":            7, "PreferredBackupWindow": "02:00-03:00",
		"StorageEncrypted": true, "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
	})
	production(t, func(c *config.Config) { c.Database.ExtendedSupport = true }).has("AWS::RDS::DBCluster", object{"EngineLifecycleSupport": absent()})
	s.count("AWS::RDS::DBInstance", 2)
	for _, instance := range s.resources("AWS::RDS::DBInstance") {
		if instance.Properties["DBInstanceClass"] != "db.serverless" {
			t.Errorf("instance class is %v", instance.Properties["DBInstanceClass"])
		}
	}
}

func TestFirstReaderIsReadyToTakeOver(t *testing.T) {
	s := production(t, func(c *config.Config) { c.Database.Readers = 3 })
	s.count("AWS::RDS::DBInstance", 4)
	for prefix, tier := range map[string]float64{"DatabaseClusterWriter": 0, "DatabaseClusterReader1": 1, "DatabaseClusterReader2": 2, "DatabaseClusterReader3": 2} {
		if got := s.only("AWS::RDS::DBInstance", prefix).Properties["PromotionTier"]; got != tier {
			t.Errorf("%s has promotion tier %v, want %v", prefix, got, tier)
		}
	}
}

func TestDatabaseIsNotPublic(t *testing.T) {
	for _, s := range []stack{production(t), development(t)} {
		for id, instance := range s.resources("AWS::RDS::DBInstance") {
			if instance.Properties["PubliclyAccessible"] != false {
				t.Errorf("%s: PubliclyAccessible is %v, want false", id, instance.Properties["PubliclyAccessible"])
			}
		}
		for _, subnet := range s.only("AWS::RDS::DBSubnetGroup", "Database").Properties["SubnetIds"].([]any) {
			if !contains(text(t, subnet), "Isolated") {
				t.Errorf("database is in %s", text(t, subnet))
			}
		}
	}
}

func TestDatabaseStaysOnItsLongTermLine(t *testing.T) {
	for id, instance := range production(t).resources("AWS::RDS::DBInstance") {
		if instance.Properties["AutoMinorVersionUpgrade"] != false {
			t.Errorf("%s is upgraded by AWS on its own", id)
		}
	}
}

func TestDatabasePausesOnlyFromZero(t *testing.T) {
	production(t, func(c *config.Config) { c.Database.MinCapacity, c.Database.PauseAfter = 0, 10*time.Minute }).has("AWS::RDS::DBCluster", object{
		"ServerlessV2ScalingConfiguration": object{"MinCapacity": 0, "SecondsUntilAutoPause": 600},
	})
}

func TestDataIsSnapshottedOrGoesWithTheStack(t *testing.T) {
	production(t).hasResource("AWS::RDS::DBCluster", object{"DeletionPolicy": "Snapshot", "UpdateReplacePolicy": "Snapshot"})
	development(t).hasResource("AWS::RDS::DBCluster", object{"DeletionPolicy": "Delete"})
}

func TestPasswordIsGeneratedAndInNoTemplate(t *testing.T) {
	s := production(t, withConnectionString)
	s.has("AWS::SecretsManager::Secret", object{
		"GenerateSecretString": object{"ExcludePunctuation": true, "PasswordLength": 32, "GenerateStringKey": "password", "SecretStringTemplate": `{"username":"dbadmin"}`},
	})
	password := s.only("AWS::RDS::DBCluster", "Database").Properties["MasterUserPassword"]
	if !contains(text(t, password), "{{resolve:secretsmanager:") {
		t.Errorf("MasterUserPassword is %s, want a reference to the secret", text(t, password))
	}
}

func withConnectionString(c *config.Config) {
	c.Database.ConnectionString = &config.ConnectionString{}
	c.Database.ConnectionString.SetDefaults()
}

func TestContainerIsToldItsPortAndWhereTheDatabaseIs(t *testing.T) {
	s := production(t)
	container := s.only("AWS::ECS::TaskDefinition", "Service").Properties["ContainerDefinitions"].([]any)[0].(object)
	names := func(key string) string {
		var all []string
		for _, item := range container[key].([]any) {
			all = append(all, item.(object)["Name"].(string))
		}
		return strings.Join(all, " ")
	}
	if got, want := names("Environment"), "DB_HOST DB_NAME DB_PORT DB_READER_HOST PORT"; got != want {
		t.Errorf("environment is %s, want %s", got, want)
	}
	if got, want := names("Secrets"), "DB_PASSWORD DB_USERNAME"; got != want {
		t.Errorf("secrets are %s, want %s", got, want)
	}
}

func TestConnectionStringIsASwitch(t *testing.T) {
	name := "ConnectionStrings__DefaultConnection"
	injected := func(s stack) bool { return contains(text(t, s.resources("AWS::ECS::TaskDefinition")), name) }

	off := production(t)
	off.count("AWS::SecretsManager::Secret", 1)
	if injected(off) {
		t.Errorf("%s is set without connectionString", name)
	}

	on := production(t, withConnectionString)
	on.count("AWS::SecretsManager::Secret", 2)
	if !injected(on) {
		t.Errorf("%s is not set", name)
	}
	composed := text(t, on.only("AWS::SecretsManager::Secret", "DatabaseConnectionString").Properties["SecretString"])
	for _, part := range []string{"Server=", "Endpoint.Address", ";Port=3306;Database=appdb;User=dbadmin;Password=", "{{resolve:secretsmanager:"} {
		if !contains(composed, part) {
			t.Errorf("connection string %s lacks %s", composed, part)
		}
	}
}

func TestDatabaseTakesUsersWithoutAPassword(t *testing.T) {
	production(t).has("AWS::RDS::DBCluster", object{"EnableIAMDatabaseAuthentication": true})
}
