package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestHealthChecksThatOutlastTheDeploymentAreMistakes(t *testing.T) {
	const codes = `2: service.health.codes: must be HTTP codes from 200 to 499, such as "200", "200,204" or "200-299", got `
	canary := "service: {stickiness: {duration: 0s}, deployment: {strategy: canary}, health: "
	check(t, []row{
		{"longer than the deadline", canary + "{interval: 5m, healthy: 10}}",
			"2: service.health.interval: service.deployment.deadline must be at least 54m with canary, which is 3m until a task runs, grace (1m), and 10 checks every 5m; got 20m: every release would be rolled back"},
		{"a grace period longer than the deadline", canary + "{grace: 1h}}",
			"2: service.health.grace: service.deployment.deadline must be at least 1h3m30s with canary, which is 3m until a task runs, grace (1h), and 2 checks every 15s; got 20m: every release would be rolled back"},
		{"a deadline that is long enough", "service: {stickiness: {duration: 0s}, deployment: {strategy: canary, deadline: 54m}, health: {interval: 5m, healthy: 10}}", ""},
		{"a rolling deployment", "service: {health: {interval: 5m, healthy: 10}}", ""},
		{"a number for codes", "service: {health: {codes: 200}}", ""},
		{"reversed codes", "service: {health: {codes: 299-200}}", codes + `"299-200": the range 299-200 is reversed`},
		{"codes twice", "service: {health: {codes: '200-299,204'}}", codes + `"200-299,204": 204 is there twice`},
		{"a code twice", "service: {health: {codes: '301,200,301'}}", codes + `"301,200,301": 301 is there twice`},
		{"codes out of range", "service: {health: {codes: 200-599}}", codes + `"200-599"`},
		{"a path with a space", "service: {health: {path: '/a b'}}", `2: service.health.path: must be a path such as /api/health, got "/a b"`},
		{"a path with braces", "service: {health: {path: '/{x}'}}", `2: service.health.path: must be a path such as /api/health, got "/{x}"`},
	})
}

func TestKeysWithoutEffectAreMistakes(t *testing.T) {
	check(t, []row{
		{"a pause of a database that does not pause", "database: {pauseAfter: 5m}", "2: database.pauseAfter: has no effect: only a database with minCapacity 0 pauses, and it is 0.5"},
		{"a pause of one that does", "database: {minCapacity: 0, pauseAfter: 10m}", ""},
		{"a bake of a rolling deployment", "service: {deployment: {bake: 10m}}", "2: service.deployment.bake: has no effect: a rolling deployment has no old tasks to keep"},
		{"a bake of another", "service: {stickiness: {duration: 0s}, deployment: {strategy: linear, bake: 10m}}", ""},
		{"a cookie without stickiness", "service: {stickiness: {duration: 0s, cookie: x}}", "2: service.stickiness.cookie: has no effect: service.stickiness.duration is 0s"},
		{"a base above the maximum", "service: {onDemandBase: 5}\nscaling: {max: 4}", "2: service.onDemandBase: has no effect: it is above scaling.max (4)"},
		{"a base that a schedule reaches", "service: {onDemandBase: 5}\nscaling: {max: 4, schedule: [{cron: 0 8 ? * MON *, min: 5, max: 9}]}", ""},
		{"the default base above the maximum", "scaling: {min: 1, max: 1}", ""},
		{"a base of tasks that are all on demand", "service: {onDemandBase: 3, spotWeight: 0}", "2: service.onDemandBase: has no effect: with spotWeight 0 all tasks run on demand"},
		{"a weight for no task", "service: {onDemandWeight: 2}\nscaling: {max: 2}", "2: service.onDemandWeight: has no effect: onDemandBase (2) takes all tasks up to scaling.max (2)"},
		{"a weight of tasks that are all on demand", "service: {onDemandWeight: 5, onDemandBase: 0, spotWeight: 0}", "2: service.onDemandWeight: has no effect: with spotWeight 0 all tasks run on demand, got 5"},
		{"the default weight of them", "service: {onDemandWeight: 1, spotWeight: 0}", ""},
		{"a circuit breaker that there is not", "service: {stickiness: {duration: 0s}, deployment: {strategy: canary, breaker: 3}}",
			"2: service.deployment.breaker: has no effect: with strategy canary there is no circuit breaker, got 3: deadline and alarms end its deployments"},
		{"a network within another", "loadBalancer: {allow: [10.1.0.0/16, 10.0.0.0/8, 10.2.3.4/32, 11.0.0.0/8]}",
			"2: loadBalancer.allow[0]: has no effect: 10.1.0.0/16 is in 10.0.0.0/8 (loadBalancer.allow[1])\n2: loadBalancer.allow[2]: has no effect: 10.2.3.4/32 is in 10.0.0.0/8 (loadBalancer.allow[1])"},
		{"Spot for no task", "service: {spotWeight: 2}\nscaling: {max: 2}", "2: service.spotWeight: has no effect: onDemandBase (2) takes all tasks up to scaling.max (2)"},
		{"targets of a fixed number", "scaling: {max: 2, requestsPerTarget: 10, scaleIn: 1m, scaleOut: 1m}",
			"2: scaling.requestsPerTarget: has no effect: the number of tasks is always the same\n2: scaling.scaleIn: has no effect: the number of tasks is always the same\n2: scaling.scaleOut: has no effect: the number of tasks is always the same"},
		{"a schedule that changes nothing", "scaling: {schedule: [{cron: 0 8 ? * MON *, min: 2, max: 20}]}", "2: scaling.schedule[0]: has no effect: its bounds, and all others in the list, are those of scaling itself"},
		{"targets that hold at night", "scaling: {max: 2, scaleIn: 1m, schedule: [{cron: 0 8 ? * MON *, min: 1, max: 2}]}", ""},
	})
}

func TestSecretsThatCanNotBeReadAreMistakes(t *testing.T) {
	const must = "2: service.secrets.A: must be the whole ARN of a Secrets Manager secret, with its six-character suffix, and optionally :KEY or :KEY:STAGE:VERSION, got "
	secret := func(arn string) string { return `service: {secrets: {A: "` + arn + `"}}` }
	named := func(name string) string { return "arn:aws:secretsmanager:eu-west-1:123456789012:secret:" + name }
	hint := func(suffix string) string {
		return ": -" + suffix + " looks like the end of the name, not like the random suffix; if it is the suffix, end the value with a colon"
	}
	var rows []row
	for arn, hint := range map[string]string{
		named("db"):              "",
		named("my-secret"):       hint("secret"),
		named("my-config:k"):     hint("config"),
		named("db-202611"):       hint("202611"),
		named("a-AbCdEf:k:v"):    ": a stage needs a version after it, which can be empty: :KEY:STAGE:",
		named("a-AbCdEf:k:s:v"):  ": ECS takes a stage or a version, not both",
		named("a-AbCdEf:k:s:v:"): ": ECS takes a stage or a version, not both",
		"arn:aws:ssm:eu-west-1:123456789012:parameter/a-AbCdEf":              ": it is no ARN of a secret",
		"arn:aws:secretsmanager:eu-west-9:123456789012:secret:a-AbCdEf":      ": the partition aws has no region eu-west-9",
		"arn:aws-cn:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf":   ": the partition aws-cn has no region eu-west-1",
		"arn:aws:secretsmanager:cn-north-1:123456789012:secret:a-AbCdEf":     ": the partition aws has no region cn-north-1",
		"arn:aws-moon:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf": ": there is no partition aws-moon, only aws, aws-cn, aws-eusc, aws-iso, aws-iso-b, aws-iso-e, aws-iso-f, aws-us-gov",
		"arn:aws:secretsmanager:eu-west-1:12345678901:secret:a-AbCdEf":       "",
	} {
		rows = append(rows, row{arn, secret(arn), must + fmt.Sprintf("%q", arn) + hint})
	}
	for _, arn := range []string{
		named("a-AbCdEf"), named("a-AbCdEf:key"), named("a-abcde1"), named("a-qwerty:"), named("a-qwerty:key:"), named("a-qwerty:key::"), named("a-qwerty:key:AWSPREVIOUS:"), named("a-qwerty:::0123-4567"), named("a-qwerty::AWSCURRENT:"), named("rds!db-1-AbCdEf"),
		"arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:a-AbCdEf",
	} {
		rows = append(rows, row{"good " + arn, secret(arn), ""})
	}
	check(t, append(rows, row{"two partitions", `service: {secrets: {B: "` + named("a-AbCdEf") + `", A: "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:a-AbCdEf"}}`,
		"2: service.secrets.B: must be in the partition of service.secrets.A (aws-cn), got aws"},
		row{"a policy of another partition", `service: {secrets: {A: "` + named("a-AbCdEf") + `"}, policies: ["arn:aws-us-gov:iam::aws:policy/X"]}`,
			"2: service.policies[0]: must be in the partition of service.secrets.A (aws), got aws-us-gov"},
		row{"a policy of none", `service: {policies: ["arn:aws-moon:iam::aws:policy/X"]}`,
			"2: service.policies[0]: must be in one of the partitions aws, aws-cn, aws-eusc, aws-iso, aws-iso-b, aws-iso-e, aws-iso-f, aws-us-gov, got aws-moon"},
		row{"a policy twice", `service: {policies: ["arn:aws:iam::aws:policy/X", "arn:aws:iam::aws:policy/X"]}`,
			"2: service.policies: must not have an entry twice, got \"arn:aws:iam::aws:policy/X\""},
		row{"an empty part of a policy's path", `service: {policies: ["arn:aws:iam::123456789012:policy//x"]}`,
			"2: service.policies[0]: must be the ARN of a managed policy, such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess, got \"arn:aws:iam::123456789012:policy//x\""},
		row{"a policy in a path", `service: {policies: ["arn:aws:iam::aws:policy/service-role/AWSLambdaRole"]}`, ""}))
}

func TestSecretsAreSplitIntoARNAndKey(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-qwerty"
	for reference, want := range map[string]Secret{
		"": {}, ":": {}, ":k": {Key: "k"}, ":k:": {Key: "k"}, ":k::": {Key: "k"}, ":::": {},
		":k:AWSPREVIOUS:": {Key: "k", Stage: "AWSPREVIOUS"}, ":k::v1": {Key: "k", Version: "v1"}, "::s:": {Stage: "s"},
	} {
		want.ARN = arn
		if got := SplitSecret(arn + reference); got != want {
			t.Errorf("%s is split into %+v, want %+v", reference, got, want)
		}
	}
}

func TestVariablesThatATaskDefinitionCanNotHoldAreMistakes(t *testing.T) {
	check(t, []row{
		{"too many bytes", "service: {environment: {A: " + strings.Repeat("x", 59400) + "}}", "2: service.environment: must be at most 59392 bytes in the task definition together with secrets and command, got 59428; keep what is large in a file of the image or in S3"},
		{"characters that JSON writes longer", "service: {environment: {A: '" + strings.Repeat(`"`, 30000) + "'}}", "2: service.environment: must be at most 59392 bytes in the task definition together with secrets and command, got 60028; keep what is large in a file of the image or in S3"},
		{"characters that only HTML writes longer", "service: {environment: {A: '" + strings.Repeat("<", 50000) + "'}}", ""},
		{"a command that is too long", "service: {command: [" + strings.Repeat("x", 59400) + "]}", "2: service.command: service.environment must be at most 59392 bytes in the task definition together with secrets and command, got 59404; keep what is large in a file of the image or in S3"},
		{"almost as many", "service: {environment: {A: " + strings.Repeat("x", 58900) + "}}", ""},
		{"a value that CloudFormation resolves", "service: {environment: {A: 'x{{resolve:ssm:/a}}'}}", "2: service.environment.A: must not contain {{resolve:, which CloudFormation would replace by a value of another service; a secret belongs in service.secrets, got \"x{{resolve:ssm:/a}}\""},
		{"in a connection string", "database: {connectionString: {format: '{host}{password}{{resolve:ssm:/a}}'}}", "2: database.connectionString.format: must not contain {{resolve:, which CloudFormation would replace by a value of another service; a secret belongs in service.secrets, got \"{host}{password}{{resolve:ssm:/a}}\""},
		{"a value that the CDK resolves", "service: {environment: {A: '${Token[AWS.AccountId.4]}'}}", "2: service.environment.A: must not contain ${Token[, which the CDK takes for a placeholder of its own, got \"${Token[AWS.AccountId.4]}\""},
	})
}
