package config

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestByteOrderMarkIsAccepted(t *testing.T) {
	for _, text := range []string{"\ufeffenvironment: a\n", "\ufeff# a comment\r\nenvironment: a\r\n"} {
		c, err := parse("c.yaml", []byte(text))
		if err != nil || c.Environment != "a" {
			t.Errorf("%q is read as %q, %v", text, c.Environment, err)
		}
	}
}

func TestNumbersSayWhatIsWrongWithThem(t *testing.T) {
	check(t, []row{
		{"too large to hold", "service: {port: 99999999999999999999}", "2: service.port: must be at most 65535, got 99999999999999999999"},
		{"too small to hold", "image: {keep: -99999999999999999999}", "2: image.keep: must be at least 1, got -99999999999999999999"},
		{"too large for memory", "service: {memoryMiB: 9223372036854775808}", "2: service.memoryMiB: must be at most 122880, got 9223372036854775808"},
		{"a choice too large to hold", "service: {cpu: 99999999999999999999}", "2: service.cpu: must be one of 256, 512, 1024, 2048, 4096, 8192, 16384, got 99999999999999999999"},
		{"requests too many to hold", "scaling: {requestsPerTarget: 1000000001}", "2: scaling.requestsPerTarget: must be at most 1000000000, got 1000000001"},
		{"a fraction too large to hold", "database: {maxCapacity: 1e999}", "2: database.maxCapacity: must be at most 256, got 1e999"},
		{"a negative one", "database: {minCapacity: -1e999}", "2: database.minCapacity: must be at least 0, got -1e999"},
		{"an exponent", "scaling: {cpuPercent: 5e1}", ""},
		{"not a number", "database: {maxCapacity: .nan}", "2: database.maxCapacity: must be a number, got .nan"},
		{"infinity", "database: {maxCapacity: -.inf}", "2: database.maxCapacity: must be a number, got -.inf"},
		{"hexadecimal", "service: {port: 0x50}", "2: service.port: must be a whole number in decimal digits, got 0x50"},
		{"octal in YAML 1.1", "service: {port: 0120}", "2: service.port: must be a whole number in decimal digits, got 0120"},
		{"neither octal nor decimal", "service: {port: 080}", `2: service.port: must be a whole number, got "080"`},
		{"underscores", "service: {port: 8_080}", "2: service.port: must be a whole number in decimal digits, got 8_080"},
		{"a plus sign", "image: {keep: +5}", "2: image.keep: must be a whole number in decimal digits, got +5"},
		{"a number in quotes", "service: {port: '80'}", `2: service.port: must be a whole number, got "80"`},
		{"a word for a number", "scaling: {cpuPercent: half}", `2: scaling.cpuPercent: must be a number, got "half"`},
		{"a negative duration", "service: {slowStart: -5m}", `2: service.slowStart: must be a duration such as 15s, 5m or 24h, got "-5m"`},
		{"days", "database: {rotation: 30d}", `2: database.rotation: must be a duration such as 15s, 5m or 24h, got "30d"`},
		{"a duration that is too long to hold", "database: {rotation: 99999999999h}", "2: database.rotation: must be at most 2562047h, got 99999999999h"},
		{"parts of an hour", "database: {rotation: 4.5h, backupDays: 2}", "2: database.rotation: must be a whole number of hours, got 4h30m"},
		{"numbers where text is wanted", "image: {tag: 1.10}\nservice: {environment: {A: 8080, B: 0x1F, C: -1_0, D: 1e3}}", ""},
		{"a switch where text is wanted", "service: {environment: {A: true}}", "2: service.environment.A: must be text, in quotes if need be, got true"},
		{"a time where text is wanted", "service: {environment: {A: 2026-11-24, B: 12:30, C: yes}}", ""},
		{"nothing where text is wanted", "service: {environment: {A: ~}}", "2: service.environment.A: has no value; leave the key out for its default"},
		{"a control character", `service: {environment: {A: "x\0y"}}`, `2: service.environment.A: must not contain control characters, got "x\x00y"`},
	})
}

func TestNumbersForTextStayAsTheyAreWritten(t *testing.T) {
	c, err := parse("c.yaml", []byte("environment: a\nservice: {environment: {A: 1.10, B: 0x1F, C: 1_000}, health: {codes: 200}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if e := c.Service.Environment; e["A"] != "1.10" || e["B"] != "0x1F" || e["C"] != "1_000" || c.Service.Health.Codes != "200" {
		t.Errorf("read as %v and %s", e, c.Service.Health.Codes)
	}
}

// TestTextsWithColonsAreTexts is about what the YAML library does otherwise than
// YAML, and than editors.
func TestTextsWithColonsAreTexts(t *testing.T) {
	c, err := parse("c.yaml", []byte("environment: a\nservice: {permissions: [{actions: [s3:GetObject, s3:Get*], resources: [arn:aws:s3:::bucket/*]}], command: [a:1, http://x:80/]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := append(append(c.Service.Permissions[0].Actions, c.Service.Permissions[0].Resources...), c.Service.Command...)
	if want := "s3:GetObject s3:Get* arn:aws:s3:::bucket/* a:1 http://x:80/"; strings.Join(got, " ") != want {
		t.Errorf("read as %s, want %s", got, want)
	}
	check(t, []row{
		{"a key without a space", "service: {port:80}", `2: service.port: needs a space after its colon, or quotes around "port:80"`},
		{"a key with a colon", "tags: {AWS:x: y}", `2: tags.AWS: needs a space after its colon, or quotes around "AWS:x: y"`},
		{"JSON", `service: {"port":80, "environment":{"A":"b:c"}}`, ""},
		{"values with colons", "service: {environment: {A: redis://x:6379/0, B: b:c, C: 12:30}}", ""},
		{"a block for text", "service: {environment: {A: {b: c}}}", "2: service.environment.A: must be text, in quotes if need be, got a block of keys"},
	})
}

func TestWhatIsNoTextIsOneMistake(t *testing.T) {
	for name, test := range map[string]struct{ data, want string }{
		"a binary file":          {"environment: a\n\x7fELF\x02", "c.yaml:2: must be text, got the control character U+007F"},
		"a NUL":                  {"environment: a\x00", "c.yaml:1: must be text, got the control character U+0000"},
		"Latin-1":                {"environment: a\r\nproject: b\xfcro", "c.yaml:2: must be UTF-8 text, got the byte 0xfc"},
		"UTF-16":                 {"\xff\xfee\x00n\x00", "c.yaml:1: must be UTF-8 text, got UTF-16"},
		"a tab for indentation":  {"environment: a\nservice:\n\tport: 80\n", "c.yaml:3: found character '\t' that cannot start any token"},
		"brackets upon brackets": {"environment: a\ntags: " + strings.Repeat("[", 100000), "c.yaml:2: must not nest deeper than 32 levels"},
		"dashes upon dashes":     {"environment: a\ntags:\n" + strings.Repeat("- ", 100000), "c.yaml:3: must not nest deeper than 32 levels"},
	} {
		start := time.Now()
		_, err := parse("c.yaml", []byte(test.data))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
	}
}

func TestWhatIsNoFileIsOneLine(t *testing.T) {
	folder := t.TempDir()
	pipe, large := filepath.Join(folder, "pipe.yaml"), filepath.Join(folder, "large.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(large, make([]byte, maxSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(folder, "missing.yaml")
	for path, want := range map[string]string{
		folder:      "must be a YAML file, got a folder",
		pipe:        "must be a regular file, got a pipe, socket or device",
		"/dev/null": "must be a regular file, got a pipe, socket or device",
		large:       "must be at most 256 KiB, got 256",
		missing:     "no such file or directory",
	} {
		if _, err := Choose("config", "", path); err == nil || err.Error() != path+": "+want {
			t.Errorf("got %v, want %s: %s", err, path, want)
		}
	}
}

func TestAllMistakesOfAnEnvironmentComeWithItsName(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "staging.yaml")
	if err := os.WriteFile(path, []byte("image: {keep: 0}\nenvironment: production\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := LoadEnvironment(folder, "staging")
	want := path + ":1: image.keep: must be at least 1, got 0\n" + path + `:2: environment: must be staging, as the file is named, got "production"`
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}
