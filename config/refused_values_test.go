package config

import (
	"archive/zip"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestZonesAreThoseOfGo(t *testing.T) {
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	var want []string
	for _, file := range data.File {
		if !strings.HasSuffix(file.Name, "/") && file.Name != "Factory" { // no place, and no time
			want = append(want, file.Name)
		}
	}
	slices.Sort(want)
	if got := strings.Fields(zoneNames); !slices.Equal(got, want) {
		t.Errorf("zones.txt has %d zones, Go has %d", len(got), len(want))
	}
}

func TestZonesThatOnlySomeMachinesHaveAreMistakes(t *testing.T) {
	var rows []row
	for _, zone := range []string{"posix/UTC", "right/UTC", "localtime", "posixrules", "Factory", "Local", "", "Mars/Olympus", "../etc/passwd"} {
		rows = append(rows, row{zone, "scaling: {schedule: [{cron: 0 8 ? * MON *, timeZone: '" + zone + "', min: 1, max: 2}]}",
			`2: scaling.schedule[0].timeZone: must be a time zone such as Pacific/Auckland, got "` + zone + `"`})
	}
	check(t, rows)
}

func TestSchedulesThatMeetInDifferentZonesAreMistakes(t *testing.T) {
	for _, test := range []struct {
		name, first, firstZone, second, secondZone string
		meet                                       bool
	}{
		{"two names of UTC", "0 8 ? * MON *", "UTC", "0 8 ? * MON *", "Etc/UTC", true},
		{"two names of London", "0 8 ? * MON *", "Europe/London", "0 8 ? * MON *", "GB", true},
		{"a fixed offset", "0 8 ? * MON *", "UTC", "0 20 ? * MON *", "Etc/GMT-12", true},
		{"a fixed offset, over midnight", "0 13 ? * MON *", "UTC", "0 1 ? * TUE *", "Etc/GMT-12", true},
		{"a fixed offset, a day early", "0 13 ? * MON *", "UTC", "0 1 ? * MON *", "Etc/GMT-12", false},
		{"London in winter", "0 8 ? 1 MON *", "UTC", "0 8 ? 1 MON *", "Europe/London", true},
		{"London in summer", "0 8 ? 7 MON *", "UTC", "0 8 ? 7 MON *", "Europe/London", false},
		{"London in summer, an hour later", "0 8 ? 7 MON *", "UTC", "0 9 ? 7 MON *", "Europe/London", true},
		{"Tokyo at the same hour", "0 8 ? * MON *", "UTC", "0 8 ? * MON *", "Asia/Tokyo", false},
		{"half an hour", "30 2 ? * MON *", "UTC", "0 8 ? * MON *", "Asia/Kolkata", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			yaml := "environment: a\nscaling:\n  schedule:\n" +
				"  - {cron: '" + test.first + "', timeZone: " + test.firstZone + ", min: 1, max: 2}\n" +
				"  - {cron: '" + test.second + "', timeZone: " + test.secondZone + ", min: 3, max: 4}\n"
			_, err := parse("c.yaml", []byte(yaml))
			if met := err != nil; met != test.meet {
				t.Errorf("got %v, want a mistake: %t", err, test.meet)
			}
		})
	}
}

func TestPermissionsThatIAMTakesAreAccepted(t *testing.T) {
	const arn = "2: service.permissions[0].resources[0]: must be an ARN such as arn:aws:s3:::bucket/*, where region and account may be *, and not a bare *, got "
	const action = "2: service.permissions[0].actions[0]: must be an action such as s3:GetObject, s3:Get* or s3:*Object, and not all actions of a service, got "
	permission := func(action, resource string) string {
		return "service: {permissions: [{actions: ['" + action + "'], resources: ['" + resource + "']}]}"
	}
	var rows []row
	for _, resource := range []string{
		"arn:aws:dynamodb:*:123456789012:table/x", "arn:aws:sqs:eu-west-1:*:q", "arn:aws:logs:*:*:log-group:x", "arn:aws:ec2:eu-*:*:instance/*",
		"arn:aws:iam::aws:policy/x", "arn:aws:s3:::bucket/*", "arn:aws:iam::123456789012:role/x",
	} {
		rows = append(rows, row{resource, permission("s3:GetObject", resource), ""})
	}
	for _, name := range []string{"s3:*Object", "S3:GetObject", "s3:Get*Version*", "execute-api:Invoke"} {
		rows = append(rows, row{name, permission(name, "arn:aws:s3:::b"), ""})
	}
	for _, name := range []string{"*", "s3:*", "s3:**", "s3:Get?bject", "s3:", "*:GetObject"} {
		rows = append(rows, row{name, permission(name, "arn:aws:s3:::b"), action + `"` + name + `"`})
	}
	for resource, hint := range map[string]string{
		"*": ": use service.policies for actions that AWS offers no resource for",
		"arn:aws:iam:eu-west-1:123456789012:role/x": ": ARNs of iam have no region",
		"arn:aws:sqs:eu-west-9:123456789012:q":      ": the partition aws has no region eu-west-9",
		"arn:aws-cn:sqs:eu-west-1:123456789012:q":   ": the partition aws-cn has no region eu-west-1",
		"arn:aws:*:*:*:*":                           "",
		"arn:aws:sqs:eu-west-1:1234:q":              "",
	} {
		rows = append(rows, row{resource, permission("s3:GetObject", resource), arn + `"` + resource + `"` + hint})
	}
	check(t, rows)
}

func TestLengthsAndCharactersThatAWSRefusesAreMistakes(t *testing.T) {
	long := strings.Repeat("c", 4097)
	check(t, []row{
		{"a latency of nothing", "alarms: {latency: 0.5ms}", "2: alarms.latency: must be 0s or at least 1ms, got 500µs"},
		{"a latency of a millisecond", "alarms: {latency: 1ms}", ""},
		{"no latency", "alarms: {latency: 0s}", ""},
		{"an address that is not ASCII", "alarms: {email: jürgen@example.com}", `2: alarms.email: must be in ASCII, got "jürgen@example.com"`},
		{"an address that is too long", "alarms: {email: a@" + strings.Repeat("a.", 130) + "example}", `2: alarms.email: must be at most 254 characters, got "a@` + strings.Repeat("a.", 99) + `"... (269 bytes)`},
		{"a cookie that is too long", "service: {stickiness: {cookie: " + long + "}}", `2: service.stickiness.cookie: must be at most 4096 characters, got "` + long[:200] + `"... (4097 bytes)`},
		{"a variable of Spring", "service: {environment: {spring.profiles.active: x, a-b: y}}", ""},
		{"a variable with a space", "service: {environment: {'a b': x}}", `2: service.environment.a b: must be the name of an environment variable: letters, digits and _ . -, beginning with a letter or _, got "a b"`},
	})
}

func TestBranchesThatGitTakesAreAccepted(t *testing.T) {
	const must = "2: github.branch: must be a branch's name without refs/heads/ and without wildcards, such as main or release/2, got "
	var rows []row
	for _, branch := range []string{"fix#12", "user@host/x", "c++", "a,b", "a=b"} {
		rows = append(rows, row{branch, "github: {repository: a/b, branch: '" + branch + "'}", ""})
	}
	for _, branch := range []string{"@", "a*", "a?", "a b", "a@{1}"} {
		rows = append(rows, row{branch, "github: {repository: a/b, branch: '" + branch + "'}", must + `"` + branch + `"`})
	}
	check(t, rows)
}
