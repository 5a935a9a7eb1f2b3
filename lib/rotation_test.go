package lib

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cloudstruct/config"
)

func withRotation(c *config.Config) { c.Database.Rotation = 720 * time.Hour }

// TestLoopReadsWhenThePasswordChanged, and not the password.
func TestLoopReadsWhenThePasswordChanged(t *testing.T) {
	allowed := func(s stack) (actions []string) {
		for _, st := range s.statements() {
			for _, action := range st.actions {
				if strings.HasPrefix(st.policy, "ReleaseRole") && strings.HasPrefix(action, "secretsmanager:") {
					actions = append(actions, action+" "+text(t, st.resources))
				}
			}
		}
		return actions
	}
	want := []string{`secretsmanager:DescribeSecret [{"Ref":"DatabaseCredentialsAttachment15FFA803"}]`}
	if got := allowed(production(t, withRotation)); !slices.Equal(got, want) {
		t.Errorf("the loop may %v, want %v", got, want)
	}
	if got := allowed(production(t)); len(got) > 0 {
		t.Errorf("without a rotation the loop may %v", got)
	}
}

func TestRotationIsASwitch(t *testing.T) {
	off := production(t)
	off.count("AWS::SecretsManager::RotationSchedule", 0)
	if contains(text(t, off.resources("AWS::Events::Rule")), "aws.secretsmanager") {
		t.Error("a rule waits for rotations that never come")
	}

	on := production(t, withRotation)
	on.has("AWS::SecretsManager::RotationSchedule", object{
		"RotateImmediatelyOnUpdate": false, "RotationRules": object{"ScheduleExpression": "rate(30 days)"},
		"HostedRotationLambda": object{"RotationType": "MySQLSingleUser", "SuperuserSecretArn": absent()},
	})
	on.has("AWS::Events::Rule", object{"State": "ENABLED", "EventPattern": object{
		"source": list("aws.secretsmanager"), "detail-type": list("Secret Label Updated"),
		"resources": list(object{"Ref": "DatabaseCredentialsAttachment15FFA803"}), "detail": object{"labelUpdated": list("AWSCURRENT")},
	}})
}

func TestRotatedPasswordNeedsNoEscaping(t *testing.T) {
	lambda := production(t, withRotation).only("AWS::SecretsManager::RotationSchedule", "Database").Properties["HostedRotationLambda"].(object)
	for c := '!'; c <= '~'; c++ {
		unreserved := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_'
		if excluded := strings.ContainsRune(lambda["ExcludeCharacters"].(string), c); excluded == unreserved {
			t.Errorf("%c: excluded is %v", c, excluded)
		}
	}
}

// TestRotationIsSetUpWhenTheDatabaseAnswers holds what Secrets Manager's test of
// a new rotation needs.
func TestRotationIsSetUpWhenTheDatabaseAnswers(t *testing.T) {
	waits := strings.Join(production(t, withRotation).only("AWS::SecretsManager::RotationSchedule", "Database").DependsOn, " ")
	for _, id := range []string{"DatabaseClusterWriter", "fromCloudStructproductionDatabaseRotationSecurityGroup", "toCloudStructproductionDatabaseSecurityGroup", "PrivateSubnet1DefaultRoute"} {
		if !contains(waits, id) {
			t.Errorf("rotation does not wait for %s, but for %s", id, waits)
		}
	}
}

func TestRotationTalksToDatabaseAndSecretsManagerOnly(t *testing.T) {
	s := production(t, withRotation)
	s.has("AWS::EC2::SecurityGroup", object{
		"GroupDescription":    "Security group for the rotation of the password",
		"SecurityGroupEgress": list(object{"CidrIp": "0.0.0.0/0", "Description": "Secrets Manager", "FromPort": 443, "IpProtocol": "tcp", "ToPort": 443}),
	})
	s.has("AWS::EC2::SecurityGroupIngress", object{"Description": "MySQL/Aurora from the rotation of the password", "FromPort": 3306, "ToPort": 3306})
}

func TestLoopMayNotReadThePassword(t *testing.T) {
	for _, st := range production(t, withRotation).statements() {
		if !strings.HasPrefix(st.policy, "Release") {
			continue
		}
		for _, action := range st.actions {
			if strings.HasPrefix(action, "secretsmanager:") && (action != "secretsmanager:DescribeSecret" || text(t, st.resources) != `[{"Ref":"DatabaseCredentialsAttachment15FFA803"}]`) {
				t.Errorf("%s allows %s on %s", st.policy, action, text(t, st.resources))
			}
		}
	}
	if !slices.ContainsFunc(production(t, withRotation).statements(), func(st statement) bool {
		return slices.Contains(st.actions, "secretsmanager:DescribeSecret")
	}) {
		t.Error("nobody may read when the password was changed")
	}
}

func TestSleepingLoopReportsRotations(t *testing.T) {
	s := production(t, withRotation, func(c *config.Config) { c.Image.AutoDeploy = false })
	s.has("AWS::Events::Rule", object{"State": "DISABLED", "EventPattern": object{"source": list("aws.secretsmanager")}})
	s.has("AWS::Events::Rule", object{"State": "ENABLED", "EventPattern": object{"source": list("aws.secretsmanager")},
		"Targets": list(object{"Arn": object{"Ref": "MonitoringTopic2EDA8B02"}})})
}
