package main

import (
	"strings"
	"testing"
)

func TestAChangeOfExtendedSupportIsFound(t *testing.T) {
	const (
		from1_0 = `{"Resources": {"Database": {"Type": "AWS::RDS::DBCluster", "Properties": {"DatabaseName": "appdb"}}}}`
		without = `{"Resources": {"Database": {"Type": "AWS::RDS::DBCluster", "Properties": {"DatabaseName": "appdb", "EngineLifecycleSupport": "open-source-rds-extended-support-disabled"}}}}`
		nothing = `{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}`
	)
	for _, test := range []struct {
		name          string
		before, after string
		want          verdict
		fix           string
	}{
		{"a first deploy", "", without, ok, ""},
		{"an upgrade from 1.0.0 with the default", from1_0, without, fail, "set database.extendedSupport to true"},
		{"an upgrade from 1.0.0 with the key", from1_0, from1_0, ok, ""},
		{"the key on a cluster without", without, from1_0, fail, "set database.extendedSupport to false"},
		{"no change", without, without, ok, ""},
		{"a stack without a cluster yet", nothing, without, ok, ""},
	} {
		f := ofUpdate(t, "extended support", test.before, test.after)
		if f.verdict != test.want || !strings.HasPrefix(f.fix, test.fix) {
			t.Errorf("%s: %s %s -> %s", test.name, words[f.verdict], f.what, f.fix)
		}
	}
}
