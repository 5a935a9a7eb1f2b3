package config

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // so that time zones are checked the same on every machine

	"github.com/go-playground/validator/v10"
)

// rule is a check of a single value that the validation library has no word
// for: what is allowed, as the error message says it, and the check.
type rule struct {
	allows string
	ok     func(value reflect.Value) bool
}

func pattern(allows, expression string) rule {
	re := regexp.MustCompile(`^(?:` + expression + `)$`)
	return rule{allows, func(v reflect.Value) bool { return re.MatchString(v.String()) }}
}

// notStarting is the rule without the values that start like prefix, in upper
// or lower case.
func (r rule) notStarting(prefix string) rule {
	return rule{r.allows, func(v reflect.Value) bool {
		return r.ok(v) && !strings.HasPrefix(strings.ToLower(v.String()), prefix)
	}}
}

var rules = map[string]rule{
	"name": pattern("letters, digits and hyphens, first a letter",
		`[A-Za-z][A-Za-z0-9-]*`),
	"tagkey": pattern("1 to 128 characters, not starting with aws:",
		`.{1,128}`).notStarting("aws:"),
	"zoneid": pattern("a Route 53 hosted zone id such as Z0123456789EXAMPLE",
		`Z[A-Z0-9]{1,31}`),
	"record": pattern("a host name below the domain such as server, or @ for the domain itself",
		`@|[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*`),
	// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
	"repository": pattern("an ECR repository name: lower-case letters and digits, with . _ - / between them",
		`(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*`),
	"imagetag": pattern("an image tag: up to 128 letters, digits, and . _ - after the first",
		`[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`),
	"envname": pattern("the name of an environment variable: letters, digits and _, first no digit",
		`[A-Za-z_][A-Za-z0-9_]*`),
	// With its random suffix the ARN is complete, as ECS needs it to read one key.
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
	"secretarn": pattern("the whole ARN of a Secrets Manager secret, with its six-character suffix, and optionally :KEY",
		`arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}(?::[^:]+)?`),
	"urlpath": pattern("a path such as /api/health",
		`/(?:[!-$&-~]|%[0-9A-Fa-f]{2})*`),
	"httpcodes": pattern(`HTTP codes from 200 to 499, such as "200", "200,204" or "200-299"`,
		`[234]\d\d(?:-[234]\d\d)?(?:,[234]\d\d(?:-[234]\d\d)?)*`),
	"cookie": pattern("a cookie's name, not one of the balancer's own (AWSALB...)",
		`[A-Za-z0-9_.-]+`).notStarting("awsalb"),
	"cron6": pattern("six fields: minutes hours day-of-month month day-of-week year",
		`[0-9*,/-]+ [0-9*,/-]+ [0-9*?,/LW-]+ [0-9A-Za-z*,/-]+ [0-9A-Za-z*?,/#-]+ [0-9*,/-]+`),
	"dbname": pattern("a letter, then up to 63 letters, digits or _",
		`[A-Za-z][A-Za-z0-9_]{0,63}`),
	"dbuser": pattern("a letter, then up to 15 letters, digits or _, and not rdsadmin",
		`[A-Za-z][A-Za-z0-9_]{0,15}`).notStarting("rdsadmin"),
	"githubrepo": pattern("owner/name",
		`[A-Za-z0-9_-]+/[A-Za-z0-9._-]+`),
	"branch": pattern("a branch's name, without wildcards",
		`[A-Za-z0-9._/-]+`),
	"network": {"an IPv4 network of 16 to 23 bits, such as 10.0.0.0/16", func(v reflect.Value) bool {
		p, err := netip.ParsePrefix(v.String())
		return err == nil && p.Addr().Is4() && p == p.Masked() && p.Bits() >= 16 && p.Bits() <= 23
	}},
	"policyarn": pattern("the ARN of a managed policy, such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
		`arn:aws[a-z-]*:iam::(?:aws|\d{12}):policy/[A-Za-z0-9+=,.@_/-]+`),
	// Of one service: a wildcard there, or a bare *, would allow more than anybody reads.
	"action": pattern("an action such as s3:GetObject, or s3:Get*",
		`[a-z0-9-]+:[A-Za-z0-9]+[A-Za-z0-9*]*`),
	"resourcearn": pattern("an ARN such as arn:aws:s3:::bucket/*, not a bare *",
		`arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?:\d{12})?:[^\s]+`),
	// The load balancer has IPv4 addresses only.
	"peer": {"an IPv4 network such as 203.0.113.0/24, without host bits", func(v reflect.Value) bool {
		p, err := netip.ParsePrefix(v.String())
		return err == nil && p.Addr().Is4() && p == p.Masked() && p.Bits() > 0
	}},
	"zone": {"a time zone such as Pacific/Auckland", func(v reflect.Value) bool {
		_, err := time.LoadLocation(v.String())
		return err == nil && v.String() != "" && v.String() != "Local"
	}},
	"window": {"hh:mm-hh:mm in UTC, half an hour at least", func(v reflect.Value) bool {
		return windowLength(v.String()) >= 30*time.Minute
	}},
	"halves": {"a multiple of 0.5", func(v reflect.Value) bool {
		return v.Float()*2 == float64(int(v.Float()*2))
	}},
	"minutes": {"a whole number of minutes", func(v reflect.Value) bool {
		return time.Duration(v.Int())%time.Minute == 0
	}},
}

// windowLength is 0 for what is no window.
func windowLength(window string) time.Duration {
	if len(window) != len("02:00-03:00") {
		return 0
	}
	from, to, _ := strings.Cut(window, "-")
	start, err := time.Parse("15:04", from)
	if err != nil {
		return 0
	}
	end, err := time.Parse("15:04", to)
	if err != nil {
		return 0
	}
	if !end.After(start) {
		end = end.Add(24 * time.Hour) // over midnight
	}
	return end.Sub(start)
}

// mapKey is how the validation library writes the key of a map's entry; a
// list's number in brackets is ours too.
var mapKey = regexp.MustCompile(`\[([^\]0-9][^\]]*)\]`)

// ranges reports the values that no setting of their own may have.
func (r *reader) ranges(cfg *Config) {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return f.Tag.Get("yaml") })
	for tag, rule := range rules {
		err := v.RegisterValidation(tag, func(f validator.FieldLevel) bool { return rule.ok(f.Field()) })
		if err != nil {
			panic(err) // a rule's name is none that the library takes
		}
	}
	var invalid validator.ValidationErrors
	errors.As(v.Struct(cfg), &invalid)
	for _, field := range invalid {
		key := mapKey.ReplaceAllString(strings.TrimPrefix(field.Namespace(), "Config."), ".$1")
		if !r.bad[key] {
			r.fail(key, "%s", explain(field))
		}
	}
}

func explain(f validator.FieldError) string {
	tag, param := f.Tag(), f.Param()
	if rule, ok := rules[tag]; ok {
		return mustBe(rule.allows, f.Value())
	}
	if minimum, ok := strings.CutPrefix(tag, "eq=0s|min="); ok {
		return mustBe("0s or at least "+minimum, f.Value())
	}
	size := map[reflect.Kind]string{reflect.String: " characters", reflect.Map: " entries", reflect.Slice: " entries"}[f.Kind()]
	switch tag {
	case "required":
		return "is required"
	case "oneof":
		return mustBe("one of "+strings.ReplaceAll(param, " ", ", "), f.Value())
	case "min":
		return mustBe("at least "+param+size, f.Value())
	case "max":
		return mustBe("at most "+param+size, f.Value())
	case "unique":
		return "must not have an entry twice"
	case "fqdn":
		return mustBe("a domain name such as example.com", f.Value())
	case "email":
		return mustBe("an e-mail address", f.Value())
	}
	panic("config: no words for the rule " + tag)
}

// text is a duration without the zeros that Go adds: 24h, not 24h0m0s.
func text(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func mustBe(allowed string, got any) string {
	switch v := reflect.ValueOf(got); {
	case v.Kind() == reflect.String:
		return fmt.Sprintf("must be %s, got %q", allowed, got)
	case v.Kind() == reflect.Map, v.Kind() == reflect.Slice:
		return fmt.Sprintf("must be %s, got %d", allowed, v.Len())
	case v.Type() == reflect.TypeFor[time.Duration]():
		return fmt.Sprintf("must be %s, got %s", allowed, text(got.(time.Duration)))
	}
	return fmt.Sprintf("must be %s, got %v", allowed, got)
}
