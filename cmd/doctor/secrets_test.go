package main

import (
	"context"
	"strings"
	"testing"
)

func TestSecretsThatTasksCannotGetAreFound(t *testing.T) {
	const prefix = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"
	for _, test := range []struct {
		name   string
		value  string // in the configuration
		has    *secret
		read   bool
		want   verdict
		what   string
		values int // read
	}{
		{"it exists", prefix + "a-AbCdEf", &secret{value: "x"}, true, ok, "all exist", 0},
		{"it does not", prefix + "a-AbCdEf", nil, false, fail, "service.secrets.A: there is no such secret", 0},
		{"it was deleted", prefix + "a-AbCdEf", &secret{value: "x", deleted: true}, false, fail, "scheduled for deletion", 0},
		{"it is empty", prefix + "a-AbCdEf", &secret{}, false, fail, "no value yet", 0},
		{"another region", strings.Replace(prefix, "eu-central-1", "us-east-1", 1) + "a-AbCdEf", nil, false, warn, "the secret is in region us-east-1, the deploy goes to eu-central-1", 0},
		{"another account", strings.Replace(prefix, "123456789012", "999999999999", 1) + "a-AbCdEf", nil, false, warn, "the secret is in account 999999999999", 0},
		{"a key that is not asked for", prefix + "a-AbCdEf:key", &secret{value: `{"key": "x"}`}, false, ok, "SECRETS=yes reads them to see whether they have key", 0},
		{"a key with a final colon", prefix + "a-AbCdEf:key:", &secret{value: `{"key": "x"}`}, true, ok, "all exist", 1},
		{"a key", prefix + "a-AbCdEf:key", &secret{value: `{"key": "x"}`}, true, ok, "all exist", 1},
		{"another key", prefix + "a-AbCdEf:key", &secret{value: `{"other": "x"}`}, true, fail, "no key key; it has other", 1},
		{"a key of what is not JSON", prefix + "a-AbCdEf:key", &secret{value: "hunter2"}, true, fail, "is not JSON", 1},
	} {
		a, p := ready()
		p.config.Service.Secrets, p.readSecrets, a.secrets = map[string]string{"A": test.value}, test.read, map[string]secret{}
		if test.has != nil {
			a.secrets[prefix+"a-AbCdEf"] = *test.has
		}
		f := one(t, p.examine(context.Background()), "secrets")
		if f.verdict != test.want || !strings.Contains(f.what, test.what) || len(a.read) != test.values {
			t.Errorf("%s: %s %s, read %v", test.name, words[f.verdict], f.what, a.read)
		}
		if strings.Contains(f.what, "hunter2") {
			t.Errorf("%s: the secret is shown: %s", test.name, f.what)
		}
	}
}

func TestAllSecretsAreReportedAtOnce(t *testing.T) {
	a, p := ready()
	a.secrets, p.account = nil, "123456789012"
	f, err := p.secrets(context.Background())
	if err != nil || strings.Count(f.what, "there is no such secret") != 2 {
		t.Errorf("%s, %v", f.what, err)
	}
}

func TestSecretsElsewhereDoNotHideFailures(t *testing.T) {
	a, p := ready()
	a.secrets, p.account = nil, "123456789012"
	const prefix = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"
	p.config.Service.Secrets = map[string]string{
		"A": prefix + "a-AbCdEf", "B": strings.Replace(prefix, "123456789012", "999999999999", 1) + "b-AbCdEf",
	}
	f, err := p.secrets(context.Background())
	if err != nil || f.verdict != fail || !strings.Contains(f.what, "there is no such secret") || !strings.Contains(f.what, "account 999999999999") {
		t.Errorf("%s %s, %v", words[f.verdict], f.what, err)
	}
}
