package config

import (
	"strings"
	"testing"
)

// TestBracketsInKeysAreReportedAtTheirKeys is about the validation library, which
// writes a table's entry as table[key] and does not escape brackets in the key.
func TestBracketsInKeysAreReportedAtTheirKeys(t *testing.T) {
	const name = `: must be the name of an environment variable: `
	for _, test := range []struct {
		name, yaml string
		want       []string
	}{
		{"a bracket in a secret's name", `service: {secrets: {"a]b": "x"}}`, []string{`2: service.secrets.a]b` + name, `2: service.secrets.a]b: must be the whole ARN`}},
		{"two names that look alike", `service: {secrets: {"x[0": y, "][": z}}`, []string{`2: service.secrets.x[0` + name, `2: service.secrets.][` + name}},
		{"a variable", `service: {environment: {"a[0]": x}}`, []string{`2: service.environment.a[0]` + name}},
		{"a tag", `tags: {"ab]": x}`, []string{`2: tags.ab]: must be 1 to 127 letters`}},
		{"a key that looks like a list's entry", `tags: {"[0]": x}`, []string{`2: tags.[0]: must be 1 to 127 letters`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse("c.yaml", []byte("environment: a\n"+test.yaml))
			if err == nil {
				t.Fatal("no mistake found")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), "c.yaml:"+want) {
					t.Errorf("got %s\nwant %s in it", err, want)
				}
			}
		})
	}
}

func TestPartitionsTakesAnyText(t *testing.T) {
	r := reader{lines: map[string]int{"": 1}, bad: map[string]bool{}}
	r.partitions(Service{Policies: []string{"", "arn", "arn:"}})
	if len(r.mistakes) != 3 {
		t.Errorf("%d mistakes, want 3: %v", len(r.mistakes), r.mistakes)
	}
}
