package config

import (
	"strings"
	"testing"
)

// row is a file without its first line, environment: a, and the mistakes that are
// found in it, without the file's name. There are none where it is empty.
type row struct{ name, yaml, want string }

func check(t *testing.T, rows []row) {
	t.Helper()
	for _, test := range rows {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if _, err := parse("c.yaml", []byte("environment: a\n"+test.yaml)); err != nil {
				got = strings.ReplaceAll(err.Error(), "c.yaml:", "")
			}
			if got != test.want {
				t.Errorf("%.500s\ngot  %.500s\nwant %.500s", test.yaml, got, test.want)
			}
		})
	}
}

func TestTagsThatAWSRefusesAreMistakes(t *testing.T) {
	const value = ": must be 1 to 255 letters, digits, spaces and _ . : / = + - @, not starting with aws:, got "
	const key = ": must be 1 to 127 letters, digits, spaces and _ . : / = + - @, not starting with aws:, got "
	check(t, []row{
		{"keys that differ only in case", "tags: {Name: x, team: y, name: z}", "2: tags.name: must differ from Name in more than upper and lower case"},
		{"an added key in another case", "tags: {environment: x}", "2: tags.environment: must differ from Environment in more than upper and lower case"},
		{"an added key", "tags: {ManagedBy: x}", "2: tags.ManagedBy: is set by the stack itself"},
		{"letters that are not ASCII", "tags: {Größe: ñ 東京}", ""},
		{"a number", "tags: {1st: 2026, cost: 4.20}", ""},
		{"a character of no tag", "tags: {a: 'x;y', 'b#': z}", `2: tags.a` + value + `"x;y"` + "\n2: tags.b#" + key + `"b#"`},
		{"an empty value", "tags:\n  a: x\n  b: ''", "4: tags.b" + value + `""`},
		{"an empty key", "tags: {'': x}", "2: tags." + key + `""`},
		{"a tab", "tags: {a: \"x\\ty\"}", `2: tags.a` + value + `"x\ty"`},
		{"AWS's own", "tags: {'AWS:x': y, z: 'aws:a'}", "2: tags.AWS:x" + key + `"AWS:x"` + "\n2: tags.z" + value + `"aws:a"`},
		{"a key that is too long", "tags: {" + strings.Repeat("k", 128) + ": x}", "2: tags." + strings.Repeat("k", 128) + key + `"` + strings.Repeat("k", 128) + `"`},
		{"too many", "tags: {a: x" + manyTags(40) + "}", "2: tags: must be at most 40 entries, got 41"},
	})
}

func manyTags(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(", k" + strings.Repeat("x", i) + ": y")
	}
	return b.String()
}

func TestNamesThatGiveABadIdentifierAreMistakes(t *testing.T) {
	const must = ": must be letters, digits and single hyphens between them, first a letter, got "
	check(t, []row{
		{"a hyphen at the end", "project: shop-", `2: project` + must + `"shop-"`},
		{"two hyphens in a row", "project: my--shop", `2: project` + must + `"my--shop"`},
		{"hyphens", "project: my-shop-2", ""},
		{"not ASCII", "project: büro", `2: project` + must + `"büro"`},
		{"the longest", "project: " + strings.Repeat("p", 64), ""},
		{"too long", "project: " + strings.Repeat("p", 65), `2: project: must be at most 64 characters, got "` + strings.Repeat("p", 65) + `"`},
		{"a name that no balancer may have", "project: internal", `2: project: must not make the stack's name begin with internal-, which AWS refuses in the names of load balancers, got "internal"`},
		{"a name that no bucket may have", "project: SThree-x", `2: project: must not make the stack's name begin with sthree-, which AWS refuses in the names of buckets, got "SThree-x"`},
	})
	if _, err := parse("c.yaml", []byte("environment: a--b\n")); err == nil || err.Error() != `c.yaml:1: environment`+must+`"a--b"` {
		t.Errorf("environment a--b: %v", err)
	}
}

func TestRotationIsWholeHours(t *testing.T) {
	check(t, []row{
		{"a part of an hour", "database: {rotation: 4h1s}", "2: database.rotation: must be a whole number of hours, got 4h0m1s"},
		{"half an hour", "database: {rotation: 270m}", "2: database.rotation: must be a whole number of hours, got 4h30m"},
		{"999 days", "database: {rotation: 23976h}", ""},
		{"1000 days", "database: {rotation: 24000h}", "2: database.rotation: must be at most 23976h, got 24000h"},
		{"25 hours", "database: {rotation: 25h}", ""},
		{"too often", "database: {rotation: 3h}", "2: database.rotation: must be 0s or at least 4h, got 3h"},
	})
}

func TestWordsThatMySQLOrRDSReserveAreMistakes(t *testing.T) {
	const name = "2: database.name: must be a letter, then up to 63 letters, digits or _, and no word that MySQL reserves, got "
	const user = "2: database.username: must be a letter, then up to 15 letters, digits or _, and no word that MySQL or RDS reserves, got "
	check(t, []row{
		{"a system database", "database: {name: mysql}", name + `"mysql": MySQL has a database of that name`},
		{"another in upper case", "database: {name: INFORMATION_SCHEMA}", name + `"INFORMATION_SCHEMA": MySQL has a database of that name`},
		{"a word of SQL", "database: {name: Select}", name + `"Select": MySQL reserves the word`},
		{"a user that is a word of SQL", "database: {username: grant}", user + `"grant": MySQL reserves the word`},
		{"a user of RDS", "database: {username: rdsrepladmin}", user + `"rdsrepladmin": RDS reserves the name`},
		{"another user of RDS", "database: {username: RdsAdmin}", user + `"RdsAdmin": RDS reserves the name`},
		{"words that are not reserved", "database: {name: name, username: admin}", ""},
	})
}

func TestConnectionStringsNeedHostAndPassword(t *testing.T) {
	const key = "2: database.connectionString.format: "
	check(t, []row{
		{"no host", "database: {connectionString: {format: 'db {password}'}}", key + `must have {host}, got "db {password}"`},
		{"no password", "database: {connectionString: {format: '{host}'}}", key + `must have {password}, got "{host}"`},
		{"both only in literal braces", "database: {connectionString: {format: '{{host}} {{password}}'}}",
			key + `must have {host}, got "{{host}} {{password}}"` + "\n" + key + `must have {password}, got "{{host}} {{password}}"`},
		{"literal braces", "database: {connectionString: {format: 'Driver={{MySQL}};Server={host};Pwd={{{password}}}'}}", ""},
		{"JSON", `database: {connectionString: {format: '{"a":{"host":"{host}","password":"{password}"}}'}}`, ""},
	})
}

func TestWindowsThatMeetAreMistakes(t *testing.T) {
	const backup = "2: database.backupWindow: must be "
	const maintenance = "2: database.maintenanceWindow: must "
	check(t, []row{
		{"a whole day", "database: {backupWindow: 02:00-02:00}", backup + `hh:mm-hh:mm in UTC, from half an hour to 23 hours and a half, got "02:00-02:00"`},
		{"no room", "database: {backupWindow: 02:00-01:45}", backup + `hh:mm-hh:mm in UTC, from half an hour to 23 hours and a half, got "02:00-01:45"`},
		{"no room in the hours that AWS chooses from", "database: {backupWindow: 02:00-10:00}", backup + `at most 7h30m long without maintenanceWindow, since AWS then chooses half an hour of a block of 8h, got "02:00-10:00"`},
		{"a long one beside a chosen one", "database: {backupWindow: 02:00-10:00, maintenanceWindow: Sun:10:00-Sun:10:30}", ""},
		{"the longest beside a chosen one", "database: {backupWindow: 02:30-02:00, maintenanceWindow: Sun:02:00-Sun:02:30}", ""},
		{"an overlap", "database: {maintenanceWindow: Sun:02:30-Sun:03:30}", maintenance + `not overlap backupWindow (02:00-03:00), got "Sun:02:30-Sun:03:30"`},
		{"an overlap over the end of the week", "database: {backupWindow: 23:30-00:30, maintenanceWindow: sun:23:45-mon:00:15}", maintenance + `not overlap backupWindow (23:30-00:30), got "sun:23:45-mon:00:15"`},
		{"an overlap with the night before Monday", "database: {backupWindow: 23:30-00:30, maintenanceWindow: Mon:00:15-Mon:00:45}", maintenance + `not overlap backupWindow (23:30-00:30), got "Mon:00:15-Mon:00:45"`},
		{"one after the other", "database: {maintenanceWindow: Sun:03:00-Sun:03:30}", ""},
		{"no days", "database: {maintenanceWindow: 04:00-05:00}", maintenance + `be ddd:hh:mm-ddd:hh:mm in UTC such as Sun:04:00-Sun:05:00, from half an hour to a day, got "04:00-05:00"`},
		{"too short", "database: {maintenanceWindow: Sun:04:00-Sun:04:29}", maintenance + `be ddd:hh:mm-ddd:hh:mm in UTC such as Sun:04:00-Sun:05:00, from half an hour to a day, got "Sun:04:00-Sun:04:29"`},
		{"no time of day", "database: {backupWindow: 24:00-25:00}", backup + `hh:mm-hh:mm in UTC, from half an hour to 23 hours and a half, got "24:00-25:00"`},
	})
}

func TestDomainsThatCanHaveNoCertificateAreMistakes(t *testing.T) {
	long := strings.Repeat("a", 60) + ".example"
	zone := ", hostedZoneId: Z1"
	const must = "2: domain.name: must be a domain name such as example.com, without a final dot, got "
	check(t, []row{
		{"a final dot", "domain: {name: example.com." + zone + "}", must + `"example.com."`},
		{"a label that ends in a hyphen", "domain: {name: shop-.example.com" + zone + "}", must + `"shop-.example.com"`},
		{"a label that begins with one", "domain: {name: -shop.example.com" + zone + "}", must + `"-shop.example.com"`},
		{"one label", "domain: {name: localhost" + zone + "}", must + `"localhost"`},
		{"an underscore", "domain: {name: my_shop.example.com" + zone + "}", must + `"my_shop.example.com"`},
		{"65 characters and more", "domain: {name: " + long + zone + "}", `2: domain.name: must be at most 64 characters, got "` + long + `"`},
		{"64 characters", "domain: {name: " + long[4:] + zone + "}", ""},
		{"a record with the domain", "domain: {name: example.com" + zone + ", record: api.example.com}", `2: domain.record: must be the part before .example.com, or @ for the domain itself, got "api.example.com"`},
		{"the domain as its record", "domain: {name: Example.com" + zone + ", record: example.com}", `2: domain.record: must be the part before .example.com, or @ for the domain itself, got "example.com"`},
		{"a name that ends alike", "domain: {name: example.com" + zone + ", record: myexample.com}", ""},
		{"a host that is too long", "domain: {name: example.com" + zone + ", record: " + strings.Repeat("abcdefghi.", 25) + "x}", "2: domain.record: must be at most 253 characters with the domain's name, got 263"},
	})
}

func TestRepositoriesAndBranchesThatGitHubHasNotAreMistakes(t *testing.T) {
	const branch = "2: github.branch: must be a branch's name without refs/heads/ and without wildcards, such as main or release/2, got "
	const repository = "2: github.repository: must be owner/name, without .git, got "
	var rows []row
	for _, bad := range []string{"refs/heads/main", "a..b", "/main", "main/", "a//b", "main.lock", "-x", ".x", "x.", "x/*", "a.lock/b"} {
		rows = append(rows, row{"branch " + bad, "github: {repository: a/b, branch: '" + bad + "'}", branch + `"` + bad + `"`})
	}
	for _, bad := range []string{"a/b.git", "a/..", "a/.", "a/b.GIT", "a", "a/b/c", "-a/b", strings.Repeat("a", 40) + "/b"} {
		rows = append(rows, row{"repository " + bad, "github: {repository: '" + bad + "'}", repository + `"` + bad + `"`})
	}
	check(t, append(rows,
		row{"good ones", "github: {repository: Some-Org_corp/my.app, branch: release/v1.2_x}", ""},
		row{"a branch without a repository", "github: {branch: main}", "2: github.branch: has no effect: there is no github.repository"},
	))
}

func TestGeneratedNamesAreMeasured(t *testing.T) {
	check(t, []row{
		{"the longest image", "image: {repository: " + strings.Repeat("r", 192) + "}", ""},
		{"an image that ECS does not take", "image: {repository: " + strings.Repeat("r", 193) + "}", "2: image.repository: must be at most 201 characters together with tag (ECS takes an image of 255 with the registry's name), got 202"},
		{"a tag too long for it", "image: {tag: " + strings.Repeat("t", 128) + ", repository: " + strings.Repeat("r", 74) + "}", "2: image.repository: must be at most 201 characters together with tag (ECS takes an image of 255 with the registry's name), got 202"},
	})
}
