package main

import (
	"context"
	"strings"
	"testing"

	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

func TestARecordThatIsTakenIsFound(t *testing.T) {
	record := func(name string, kind route53types.RRType) route53types.ResourceRecordSet {
		return route53types.ResourceRecordSet{Name: &name, Type: kind}
	}
	for _, test := range []struct {
		name    string
		records []route53types.ResourceRecordSet
		mine    bool
		want    verdict
		what    string
	}{
		{"nothing", nil, false, ok, "is not taken"},
		{"a record of the next name", []route53types.ResourceRecordSet{record("server.example.com.", "TXT"), record("shop.example.com.", "A")}, false, ok, "is not taken"},
		{"an A record", []route53types.ResourceRecordSet{record("server.example.com.", "A")}, false, fail, "taken by an A record"},
		{"a CNAME record", []route53types.ResourceRecordSet{record("server.example.com.", "CNAME")}, false, fail, "taken by a CNAME record"},
		{"an A record behind another page", []route53types.ResourceRecordSet{record("server.example.com.", "CAA"), record("server.example.com.", "A")}, false, fail, "taken by an A record"},
		{"an AAAA record", []route53types.ResourceRecordSet{record("server.example.com.", "AAAA")}, false, warn, "IPv6"},
		{"the stack's own A record", []route53types.ResourceRecordSet{record("server.example.com.", "A")}, true, ok, "is the stack's"},
		{"somebody's AAAA beside it", []route53types.ResourceRecordSet{record("server.example.com.", "A"), record("server.example.com.", "AAAA")}, true, warn, "IPv6"},
	} {
		a, p := ready()
		a.records = test.records
		if test.mine {
			a.status, a.resources = cfntypes.StackStatusCreateComplete, map[string]string{"server.example.com": "AWS::Route53::RecordSet"}
		}
		f, err := p.recordName(context.Background())
		if err != nil || f.verdict != test.want || !strings.Contains(f.what, test.what) {
			t.Errorf("%s: %s %s, %v, want %s %s", test.name, words[f.verdict], f.what, err, words[test.want], test.what)
		}
	}
}
