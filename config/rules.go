package config

import (
	"math"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"time"
)

// rule is a check of a single value that the validation library has no word
// for.
type rule struct {
	// allows is what is allowed, as error messages and documentation say it.
	allows string
	// expression is what of it a regular expression can say; an editor checks it as
	// well. It must mean the same in Go and in JavaScript with the flag u.
	expression string
	// ok is what an expression can't say.
	ok func(value reflect.Value) bool
	// hint is a more exact reason why a value is refused, if there is one.
	hint func(value string) string
}

// holds reports whether a value keeps the rule.
func (r rule) holds(v reflect.Value) bool {
	if r.expression != "" && !compiled[r.expression].MatchString(v.String()) {
		return false
	}
	return r.ok == nil || r.ok(v)
}

// anchored matches the whole value.
func anchored(expression string) string { return `^(?:` + expression + `)$` }

// compiled are the expressions of all rules.
var compiled = func() map[string]*regexp.Regexp {
	all := map[string]*regexp.Regexp{}
	for _, rule := range rules {
		if rule.expression != "" {
			all[rule.expression] = regexp.MustCompile(anchored(rule.expression))
		}
	}
	return all
}()

// notStarting refuses the values that start like prefix, in upper or lower case.
func notStarting(prefix string) func(reflect.Value) bool {
	return func(v reflect.Value) bool { return !strings.HasPrefix(strings.ToLower(v.String()), prefix) }
}

// without refuses the values that check has something to say about.
func without(check func(string) string) func(reflect.Value) bool {
	return func(v reflect.Value) bool { return check(v.String()) == "" }
}

const (
	// What all services of AWS take in a tag. IAM documents this expression.
	// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html
	tagCharacters = `[\p{L}\p{Z}\p{N}_.:/=+@-]`
	// A part of a host name.
	label = `[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	// A part of the name of a file or branch, that begins and ends with no dot.
	undotted = `[A-Za-z0-9_#@+,=-]+(?:\.[A-Za-z0-9_#@+,=-]+)*`
	// A time of day.
	clock = `(?:[01][0-9]|2[0-3]):[0-5][0-9]`
)

var rules = map[string]rule{
	// The name of the database cluster begins with it, and has no two hyphens in a
	// row.
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
	"name": {allows: "letters, digits and single hyphens between them, first a letter",
		expression: `[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*`},
	// A repository of ECR takes 127, and 255 of the value.
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecr-repository-tag.html
	"tagkey": {allows: "1 to 127 letters, digits, spaces and _ . : / = + - @, not starting with aws:",
		expression: tagCharacters + `{1,127}`, ok: notStarting("aws:")},
	"tagvalue": {allows: "1 to 255 letters, digits, spaces and _ . : / = + - @, not starting with aws:",
		expression: tagCharacters + `{1,255}`, ok: notStarting("aws:")},
	"domain": {allows: "a domain name such as example.com, without a final dot",
		expression: `(?:` + label + `\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])`},
	"zoneid": {allows: "a Route 53 hosted zone id such as Z0123456789EXAMPLE",
		expression: `Z[A-Z0-9]{1,31}`},
	"record": {allows: "a host name below the domain such as server, or @ for the domain itself",
		expression: `@|[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*`},
	"network": {allows: "an IPv4 network of 16 to 23 bits, such as 10.0.0.0/16",
		expression: `[0-9]+(?:\.[0-9]+){3}/(?:1[6-9]|2[0-3])`, ok: without(networkHint), hint: networkHint},
	// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
	"repository": {allows: "an ECR repository name: lower-case letters and digits, with . _ - / between them",
		expression: `(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*`},
	"imagetag": {allows: "an image tag: up to 128 letters, digits, and . _ - after the first",
		expression: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`},
	// ECS takes any name that Docker does. Java and .NET applications read names with
	// dots and hyphens, which a shell can't; other characters are most likely mistakes.
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KeyValuePair.html
	"envname": {allows: "the name of an environment variable: letters, digits and _ . -, beginning with a letter or _",
		expression: `[A-Za-z_][A-Za-z0-9_.-]*`},
	"secretarn": {allows: "the whole ARN of a Secrets Manager secret, with its six-character suffix, and optionally :KEY or :KEY:STAGE:VERSION",
		expression: secretARN, ok: without(secretHint), hint: secretHint},
	// https://datatracker.ietf.org/doc/html/rfc3986#section-3.3
	"urlpath": {allows: "a path such as /api/health",
		expression: `/(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*`},
	"httpcodes": {allows: `HTTP codes from 200 to 499, such as "200", "200,204" or "200-299"`,
		expression: `[234][0-9]{2}(?:-[234][0-9]{2})?(?:,[234][0-9]{2}(?:-[234][0-9]{2})?)*`, ok: without(codesHint), hint: codesHint},
	"cookie": {allows: "a cookie's name, not one of the balancer's own (AWSALB...)",
		expression: `[A-Za-z0-9_.-]+`, ok: notStarting("awsalb")},
	"cron6": {allows: "six fields: minutes hours day-of-month month day-of-week year",
		expression: cronExpression(), ok: without(cronHint), hint: cronHint},
	"dbname": {allows: "a letter, then up to 63 letters, digits or _, and no word that MySQL reserves",
		expression: `[A-Za-z][A-Za-z0-9_]{0,63}`, ok: without(reservedName), hint: reservedName},
	"dbuser": {allows: "a letter, then up to 15 letters, digits or _, and no word that MySQL or RDS reserves",
		expression: `[A-Za-z][A-Za-z0-9_]{0,15}`, ok: without(reservedUser), hint: reservedUser},
	"githubrepo": {allows: "owner/name, without .git",
		expression: `[A-Za-z0-9][A-Za-z0-9_-]{0,38}/[A-Za-z0-9._-]{1,100}`, ok: func(v reflect.Value) bool {
			name := v.String()[strings.Index(v.String(), "/")+1:]
			return strings.Trim(name, ".") != "" && !strings.HasSuffix(strings.ToLower(name), ".git")
		}},
	// https://git-scm.com/docs/git-check-ref-format
	"branch": {allows: "a branch's name without refs/heads/ and without wildcards, such as main or release/2",
		expression: undotted + `(?:/` + undotted + `)*`, ok: func(v reflect.Value) bool {
			name := v.String()
			return name != "@" && !strings.HasPrefix(name, "refs/") && !strings.HasPrefix(name, "-") && !strings.Contains(name+"/", ".lock/")
		}},
	"policyarn": {allows: "the ARN of a managed policy, such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
		expression: `arn:aws[a-z-]*:iam::(?:aws|[0-9]{12}):policy/(?:[A-Za-z0-9+=,.@_-]+/)*[A-Za-z0-9+=,.@_-]+`},
	// Of one service, and not all of it: that would allow more than anybody reads. The
	// CDK takes no ? in an action.
	"action": {allows: "an action such as s3:GetObject, s3:Get* or s3:*Object, and not all actions of a service",
		expression: `[A-Za-z0-9-]+:\**[A-Za-z0-9][A-Za-z0-9*]*`},
	"resourcearn": {allows: "an ARN such as arn:aws:s3:::bucket/*, where region and account may be *, and not a bare *",
		expression: `arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9*-]*:(?:[0-9]{12}|aws|\*)?:[^\s]+`, ok: without(resourceHint), hint: resourceHint},
	// The load balancer has IPv4 addresses only.
	"peer": {allows: "an IPv4 network such as 203.0.113.0/24, without host bits", ok: func(v reflect.Value) bool {
		p, err := netip.ParsePrefix(v.String())
		return err == nil && p.Addr().Is4() && p == p.Masked() && p.Bits() > 0
	}, hint: peerHint},
	"zone": {allows: "a time zone such as Pacific/Auckland", ok: func(v reflect.Value) bool {
		return zones()[v.String()]
	}},
	"window": {allows: "hh:mm-hh:mm in UTC, from half an hour to 23 hours and a half",
		expression: clock + `-` + clock, ok: func(v reflect.Value) bool {
			length := daily(v.String()).length
			return length >= minWindow && length <= 24*time.Hour-minWindow
		}},
	"weekly": {allows: "ddd:hh:mm-ddd:hh:mm in UTC such as Sun:04:00-Sun:05:00, from half an hour to a day",
		expression: weekday + `:` + clock + `-` + weekday + `:` + clock, ok: func(v reflect.Value) bool {
			length := weekly(v.String()).length
			return length >= minWindow && length <= 24*time.Hour
		}},
	"halves": {allows: "a multiple of 0.5", ok: func(v reflect.Value) bool { return math.Mod(v.Float(), 0.5) == 0 }},
	"minutes": {allows: "a whole number of minutes", ok: func(v reflect.Value) bool {
		return time.Duration(v.Int())%time.Minute == 0
	}},
	"hours": {allows: "a whole number of hours", ok: func(v reflect.Value) bool {
		return time.Duration(v.Int())%time.Hour == 0
	}},
}

// peerHint returns what is wrong with a network that may connect.
func peerHint(cidr string) string {
	if p, err := netip.ParsePrefix(cidr); err == nil && p.Bits() == 0 {
		return "leave the key out for everyone"
	}
	return networkHint(cidr)
}

// networkHint returns what is wrong with a network beyond its form.
func networkHint(cidr string) string {
	p, err := netip.ParsePrefix(cidr)
	if err != nil || !p.Addr().Is4() {
		return "it is no IPv4 network"
	}
	if p != p.Masked() {
		return "bits after the prefix are set; the network is " + p.Masked().String()
	}
	return ""
}
