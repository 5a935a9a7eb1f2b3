package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestEveryKeyHasItsDefault(t *testing.T) {
	got, err := Load(filepath.Join("testdata", "everything.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Environment = "production"
	want.Domain = &Domain{Name: "artisantiling.co.nz", HostedZoneID: "Z0123456789EXAMPLE", Record: "server", Wildcard: true}
	want.Database.ConnectionString = &ConnectionString{}
	want.Database.ConnectionString.SetDefaults()
	// Written out, they are empty rather than absent.
	want.Service.Environment, want.Service.Secrets = map[string]string{}, map[string]string{}
	want.Scaling.Schedule = []Schedule{}
	want.Service.Command, want.Service.Policies, want.LoadBalancer.Allow = []string{}, []string{}, []string{}
	want.Service.Permissions = []Permission{}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestFilesNameEveryKey wants testdata/everything.yaml and the file with the rest
// to be what they say.
func TestFilesNameEveryKey(t *testing.T) {
	var data []byte
	for _, name := range []string{"everything.yaml", "shifting.yaml"} {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, content...)
	}
	var visit func(kind reflect.Type)
	visit = func(kind reflect.Type) {
		for kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		if kind.Kind() != reflect.Struct {
			return
		}
		for i := range kind.NumField() {
			if key := kind.Field(i).Tag.Get("yaml"); !strings.Contains(string(data), key+":") {
				t.Errorf("key %s of %s is missing", key, kind.Name())
			}
			visit(kind.Field(i).Type)
		}
	}
	visit(reflect.TypeFor[Config]())
}

func TestKeysOfShiftedDeploymentsAreRead(t *testing.T) {
	got, err := Load(filepath.Join("testdata", "shifting.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Environment, want.Database.MinCapacity, want.GitHub.Repository = "production", 0, "owner/name"
	want.Service.Stickiness.Duration, want.Service.Deployment.Strategy = 0, BlueGreen
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestShippedEnvironmentsAreValid(t *testing.T) {
	for _, environment := range []string{"production", "development"} {
		if _, err := LoadEnvironment(".", environment); err != nil {
			t.Error(err)
		}
	}
}

func TestLeftOutKeysKeepTheirDefaults(t *testing.T) {
	c, err := parse("c.yaml", []byte(`
environment: staging
domain: {name: example.com, hostedZoneId: Z1}
service: {health: {path: /healthz}, slowStart: 0s}
scaling:
  schedule:
    - {cron: "0 19 ? * MON-FRI *", min: 0, max: 0}
database: {connectionString: {env: DATABASE_URL}}
loadBalancer: {waf: true}
`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Service.Health.Path != "/healthz" || c.Service.Health.Interval != 15*time.Second || c.Service.SlowStart != 0 {
		t.Errorf("service is %+v", c.Service)
	}
	if *c.Domain != (Domain{Name: "example.com", HostedZoneID: "Z1", Record: "server", Wildcard: true}) {
		t.Errorf("domain is %+v", c.Domain)
	}
	if at := c.Scaling.Schedule[0]; at.TimeZone != "UTC" || *at.Max != 0 {
		t.Errorf("schedule is %+v", at)
	}
	if cs := c.Database.ConnectionString; cs.Env != "DATABASE_URL" || !strings.HasPrefix(cs.Format, "Server={host}") {
		t.Errorf("connectionString is %+v", cs)
	}
	if c.LoadBalancer.WAF != FirewallCount {
		t.Errorf("waf is %q", c.LoadBalancer.WAF)
	}
}

func TestMistakesNameLineKeyAndWhatIsAllowed(t *testing.T) {
	for _, test := range []struct{ name, yaml, want string }{
		{"nothing", "", "c.yaml:1: environment: is required"},
		{"only a comment", "# later\n", "c.yaml:1: environment: is required"},
		{"not YAML", "environment: [production\n", "c.yaml:1: sequence end token ']' not found"},
		{"not a block", "- production\n", "c.yaml:1: must be a block of keys, got a list"},
		{"two documents", "environment: a\n---\nenvironment: b\n", "c.yaml:1: must be one YAML document, got 2"},
		{"a key twice", "environment: a\nenvironment: b\n", "c.yaml:2: environment: is set twice, first in line 1"},
		{"a nested key twice, beside another mistake", "environment: a\nservice:\n  health: {path: /a, path: /b}\n  port: 0\ntags:\n  x: a\n  x: b\n",
			"c.yaml:3: service.health.path: is set twice, first in line 3\nc.yaml:4: service.port: must be at least 1, got 0\nc.yaml:7: tags.x: is set twice, first in line 6"},
		{"a number with no value", "environment: a\nservice:\n  port:\n  cpu: 1024\n  memoryMiB: 2048\n", "c.yaml:3: service.port: has no value; leave the key out for its default"},
		{"no value between braces", "environment: a\nservice: {port: , cpu: 1024, memoryMiB: 2048}\n", "c.yaml:2: service.port: has no value; leave the key out for its default"},
		{"no value after the last colon", "environment: a\nservice: {port:}\n", "c.yaml:2: service.port: has no value; leave the key out for its default"},
		{"a list's item of the wrong type", "environment: a\nscaling: {schedule: [x]}\nservice: {permissions: [x]}\ndomain: x\n",
			"c.yaml:2: scaling.schedule[0]: must be a block of keys, got \"x\"\nc.yaml:3: service.permissions[0]: must be a block of keys, got \"x\"\nc.yaml:4: domain: must be a block of keys, got \"x\""},
		{"an empty list", "environment: a\nservice: {permissions: [{actions: [], resources: [arn:aws:s3:::b]}]}\n", "c.yaml:2: service.permissions[0].actions: must be at least 1 entry, got 0"},
		{"an unknown key", "environment: a\nlogs: {retention: 3}\n", "c.yaml:2: logs.retention: unknown key; the keys here are retentionDays"},
		{"a key with no value", "environment: a\ndomain:\n", "c.yaml:2: domain: has no value; leave the key out for its default"},
		{"a switch for text", "environment: true\n", "c.yaml:1: environment: must be text, in quotes if need be, got true"},
		{"text for a number", "environment: a\nservice: {port: \"80\"}\n", `c.yaml:2: service.port: must be a whole number, got "80"`},
		{"a fraction for a whole number", "environment: a\nservice: {port: 80.5}\n", "c.yaml:2: service.port: must be a whole number, got 80.5"},
		{"a word for a switch", "environment: a\nretain: yes\n", `c.yaml:2: retain: must be true or false, got "yes"`},
		{"a number for a duration", "environment: a\nservice: {slowStart: 60}\n", "c.yaml:2: service.slowStart: must be a duration such as 15s, 5m or 24h, got 60"},
		{"a part of a second", "environment: a\nservice: {slowStart: 1500ms}\n", "c.yaml:2: service.slowStart: must be a whole number of seconds, got 1500ms"},
		{"a list for a block", "environment: a\nservice: [port]\n", "c.yaml:2: service: must be a block of keys, got a list"},
		{"a block for a list", "environment: a\nscaling: {schedule: {cron: x}}\n", "c.yaml:2: scaling.schedule: must be a list, got a block of keys"},
		{"an alias", "environment: &e a\nproject: *e\n", "c.yaml:1: environment: must be text, in quotes if need be, got an anchor or alias, which are not supported\nc.yaml:2: project: must be text, in quotes if need be, got an anchor or alias, which are not supported"},
		{"too large a network", "environment: a\nnetwork: {cidr: 10.0.0.0/8}\n", `c.yaml:2: network.cidr: must be an IPv4 network of 16 to 23 bits, such as 10.0.0.0/16, got "10.0.0.0/8"`},
		{"a host for a network", "environment: a\nnetwork: {cidr: 10.0.0.1/16}\n", `c.yaml:2: network.cidr: must be an IPv4 network of 16 to 23 bits, such as 10.0.0.0/16, got "10.0.0.1/16": bits after the prefix are set; the network is 10.0.0.0/16`},
		{"a value of no choice", "environment: a\nnetwork: {nat: some}\n", `c.yaml:2: network.nat: must be one of perZone, single, none, got "some"`},
		{"memory that does not go with the CPU", "environment: a\nservice: {cpu: 1024}\n", "c.yaml:2: service.cpu: service.memoryMiB must be one of 2048 3072 4096 5120 6144 7168 8192 with cpu 1024, got 512"},
		{"a timeout as long as the interval", "environment: a\nservice: {health: {interval: 5s}}\n", "c.yaml:2: service.health.interval: service.health.timeout must be less than interval (5s), got 5s"},
		{"health codes that the placeholder does not answer", "environment: a\nservice: {health: {codes: \"204\"}}\n", `c.yaml:2: service.health.codes: must include 200, which the placeholder of the first deploy answers, got "204"`},
		{"a path that is none", "environment: a\nservice: {health: {path: \"/%zz\"}}\n", `c.yaml:2: service.health.path: must be a path such as /api/health, got "/%zz"`},
		{"the loop's own tag", "environment: a\nimage: {tag: last-good}\n", "c.yaml:2: image.tag: must not be last-good, which the release loop keeps for the image that last worked"},
		{"no provider gets a task", "environment: a\nservice: {onDemandWeight: 0, spotWeight: 0}\n", "c.yaml:2: service.onDemandWeight: must not be 0 when spotWeight is 0"},
		{"a schedule without bounds", "environment: a\nscaling:\n  schedule:\n    - {cron: 0 7 ? * MON-FRI *}\n", "c.yaml:4: scaling.schedule[0].min: is required\nc.yaml:4: scaling.schedule[0].max: is required"},
		{"a maximum below the default minimum", "environment: a\nscaling: {max: 1}\n", "c.yaml:2: scaling.max: must be at least min (2), got 1"},
		{"a capacity that is no half", "environment: a\ndatabase: {maxCapacity: 4.2}\n", "c.yaml:2: database.maxCapacity: must be a multiple of 0.5, got 4.2"},
		{"too short a window", "environment: a\ndatabase: {backupWindow: 02:00-02:10}\n", `c.yaml:2: database.backupWindow: must be hh:mm-hh:mm in UTC, from half an hour to 23 hours and a half, got "02:00-02:10"`},
		{"a session in a read-only task", "environment: a\nservice: {exec: true, readOnly: true}\n", "c.yaml:2: service.exec: must be false with readOnly: what lets a session into a task writes to its file system"},
		{"rotation of a composed secret", "environment: a\ndatabase: {rotation: 720h, connectionString: {env: DB}}\n", "c.yaml:2: database.rotation: must be 0s together with connectionString, which would keep the old password, got 720h"},
		{"rotation without a way out", "environment: a\nnetwork: {nat: none}\ndatabase: {rotation: 720h}\n", "c.yaml:3: database.rotation: must be 0s while network.nat is none, got 720h: the function that changes the password reaches Secrets Manager through a NAT gateway"},
		{"an unknown place", "environment: a\ndatabase: {connectionString: {format: \"{host} {password} {pw}\"}}\n", "c.yaml:2: database.connectionString.format: has {pw}, but the places are {host}, {reader}, {port}, {name}, {username}, {password}; write {{pw}} for the braces themselves"},
		{"a variable of the stack's", "environment: a\nservice: {environment: {DB_HOST: x}}\n", "c.yaml:2: service.environment.DB_HOST: sets DB_HOST, which is set by the stack"},
		{"a variable set twice", "environment: a\nservice:\n  environment: {A: x}\n  secrets: {A: \"arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf\"}\n", "c.yaml:4: service.secrets.A: sets A, which is set by service.environment.A"},
		{"an incomplete secret", "environment: a\nservice: {secrets: {A: \"arn:aws:secretsmanager:eu-west-1:123456789012:secret:a\"}}\n", `c.yaml:2: service.secrets.A: must be the whole ARN of a Secrets Manager secret, with its six-character suffix, and optionally :KEY or :KEY:STAGE:VERSION, got "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a"`},
		{"a tag of the stack's", "environment: a\ntags: {Project: x}\n", "c.yaml:2: tags.Project: is set by the stack itself"},
		{"sticky sessions with a canary", "environment: a\nservice: {deployment: {strategy: canary}}\n", "c.yaml:2: service.deployment.strategy: must be rolling with sticky sessions, got canary: AWS refuses a rule that forwards to two target groups while one of them is sticky; or set service.stickiness.duration to 0s"},
		{"sticky sessions with blue/green", "environment: a\nservice: {deployment: {strategy: blueGreen}}\n", "c.yaml:2: service.deployment.strategy: must be rolling with sticky sessions, got blueGreen: AWS refuses a rule that forwards to two target groups while one of them is sticky; or set service.stickiness.duration to 0s"},
		{"a circuit breaker that AWS does not document", "environment: a\nservice: {stickiness: {duration: 0s}, deployment: {strategy: linear, breaker: 5}}\n", "c.yaml:2: service.deployment.breaker: has no effect: with strategy linear there is no circuit breaker, got 5: deadline and alarms end its deployments"},
		{"an on-demand base that gets no task", "environment: a\nservice: {onDemandWeight: 0}\n", "c.yaml:2: service.onDemandWeight: service.onDemandBase must be 0 when onDemandWeight is 0, got 2: ECS places no task by a capacity provider of weight 0, whatever its base"},
		{"no failed task to roll back on", "environment: a\nservice: {deployment: {breaker: 0}}\n", "c.yaml:2: service.deployment.breaker: must be at least 1, got 0"},
		{"an empty argument", "environment: a\nservice: {command: [/api, \"\"]}\n", "c.yaml:2: service.command[1]: must be at least 1 character, got \"\""},
		{"a stop timeout that Fargate does not have", "environment: a\nservice: {stopTimeout: 3m}\n", "c.yaml:2: service.stopTimeout: must be at most 2m, got 3m"},
		{"every resource", "environment: a\nservice:\n  permissions:\n    - actions: [s3:GetObject]\n      resources: [\"*\"]\n", `c.yaml:5: service.permissions[0].resources[0]: must be an ARN such as arn:aws:s3:::bucket/*, where region and account may be *, and not a bare *, got "*": use service.policies for actions that AWS offers no resource for`},
		{"every action", "environment: a\nservice:\n  permissions:\n    - actions: [\"*\", \"s3:*\"]\n      resources: [\"arn:aws:s3:::bucket/*\"]\n", "c.yaml:4: service.permissions[0].actions[0]: must be an action such as s3:GetObject, s3:Get* or s3:*Object, and not all actions of a service, got \"*\"\nc.yaml:4: service.permissions[0].actions[1]: must be an action such as s3:GetObject, s3:Get* or s3:*Object, and not all actions of a service, got \"s3:*\""},
		{"a permission on nothing", "environment: a\nservice:\n  permissions:\n    - actions: [s3:GetObject]\n", "c.yaml:4: service.permissions[0].resources: is required"},
		{"a policy that is no ARN", "environment: a\nservice: {policies: [AmazonS3ReadOnlyAccess]}\n", `c.yaml:2: service.policies[0]: must be the ARN of a managed policy, such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess, got "AmazonS3ReadOnlyAccess"`},
		{"networks that can't be let in", "environment: a\nloadBalancer: {allow: [203.0.113.7/24, 0.0.0.0/0, \"2001:db8::/32\"]}\n", "c.yaml:2: loadBalancer.allow[0]: must be an IPv4 network such as 203.0.113.0/24, without host bits, got \"203.0.113.7/24\": bits after the prefix are set; the network is 203.0.113.0/24\nc.yaml:2: loadBalancer.allow[1]: must be an IPv4 network such as 203.0.113.0/24, without host bits, got \"0.0.0.0/0\": leave the key out for everyone\nc.yaml:2: loadBalancer.allow[2]: must be an IPv4 network such as 203.0.113.0/24, without host bits, got \"2001:db8::/32\": it is no IPv4 network"},
		{"a network twice", "environment: a\nloadBalancer: {allow: [203.0.113.0/24, 203.0.113.0/24]}\n", "c.yaml:2: loadBalancer.allow: must not have an entry twice, got \"203.0.113.0/24\""},
		{"alarms that no request can raise", "environment: a\nalarms: {errorPercent: 101, latency: 2h}\n", "c.yaml:2: alarms.errorPercent: must be at most 100, got 101\nc.yaml:2: alarms.latency: must be at most 1h, got 2h"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse("c.yaml", []byte(test.yaml))
			if err == nil {
				t.Fatalf("no mistake found, want %s", test.want)
			}
			if err.Error() != test.want {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
		})
	}
}

func TestAllMistakesAreReportedInTheFilesOrder(t *testing.T) {
	_, err := parse("c.yaml", []byte("environment: a\nimage:\n  keep: 0\nscaling: {min: 9, max: 3}\nlogs: {retentionDays: 31}\n"))
	var mistakes *Mistakes
	if !errors.As(err, &mistakes) {
		t.Fatalf("error is %v", err)
	}
	var keys []string
	for _, mistake := range mistakes.List {
		keys = append(keys, mistake.Key)
	}
	if got, want := strings.Join(keys, " "), "image.keep scaling.max logs.retentionDays"; got != want {
		t.Errorf("mistakes are in %s, want %s", got, want)
	}
}

func TestFileOfAnotherEnvironmentIsRefused(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "staging.yaml"), []byte("environment: production\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := LoadEnvironment(folder, "staging")
	if err == nil || !strings.Contains(err.Error(), `environment: must be staging, as the file is named, got "production"`) {
		t.Errorf("error is %v", err)
	}
}
