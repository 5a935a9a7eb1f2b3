package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// secretARN is the ARN of a secret, with the key of a JSON secret or without, or as
// ECS writes it, with key, stage and version, each of which can be empty. A final
// colon shows that the ARN is complete. With its random suffix the ARN is
// complete, as ECS needs it to read one key.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
const secretARN = `arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]+-[A-Za-z0-9]{6}(?:(?::[^:]+)?:?|:[^:]*:[^:]*:[^:]*)`

// Regions are the regions of each partition. A test compares them with those of
// the CDK.
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
var Regions = map[string][]string{
	"aws": {
		"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
		"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
		"ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2",
		"eu-west-3", "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1",
		"us-west-2",
	},
	"aws-cn":     {"cn-north-1", "cn-northwest-1"},
	"aws-eusc":   {"eusc-de-east-1"},
	"aws-iso":    {"us-iso-east-1", "us-iso-west-1"},
	"aws-iso-b":  {"us-isob-east-1", "us-isob-west-1"},
	"aws-iso-e":  {"eu-isoe-west-1"},
	"aws-iso-f":  {"us-isof-east-1", "us-isof-south-1"},
	"aws-us-gov": {"us-gov-east-1", "us-gov-west-1"},
}

// uniform is a suffix of small letters alone or of digits alone. Of 185 random
// suffixes one is so: this is more likely the end of the secret's name.
var uniform = regexp.MustCompile(`^(?:[a-z]{6}|[0-9]{6})$`)

// secretHint returns what is wrong with an ARN beyond its form.
func secretHint(reference string) string {
	parts := strings.Split(reference, ":")
	if len(parts) < 7 {
		return "it is no ARN of a secret"
	}
	partition, region, name := parts[1], parts[3], parts[6]
	regions, known := Regions[partition]
	switch {
	case !known:
		return fmt.Sprintf("there is no partition %s, only %s", partition, strings.Join(slices.Sorted(maps.Keys(Regions)), ", "))
	case !slices.Contains(regions, region):
		return fmt.Sprintf("the partition %s has no region %s", partition, region)
	}
	secret := SplitSecret(reference)
	switch {
	case len(parts) == 9 && secret.Stage != "":
		return "a stage needs a version after it, which can be empty: :KEY:STAGE:"
	case secret.Stage != "" && secret.Version != "":
		return "ECS takes a stage or a version, not both"
	}
	suffix := name[strings.LastIndex(name, "-")+1:]
	if uniform.MatchString(suffix) && !strings.HasSuffix(reference, ":") && len(parts) < 10 {
		return fmt.Sprintf("-%s looks like the end of the name, not like the random suffix; if it is the suffix, end the value with a colon", suffix)
	}
	return ""
}

// Secret is a value of service.secrets.
type Secret struct {
	ARN string
	// Key is empty for a whole secret; Stage and Version for its current value.
	Key, Stage, Version string
}

// SplitSecret divides a value of service.secrets into its parts.
func SplitSecret(reference string) Secret {
	// The ARN itself has six colons; a seventh begins the key.
	parts := strings.SplitN(reference, ":", 10)
	s := Secret{ARN: strings.Join(parts[:min(len(parts), 7)], ":")}
	for i, into := range []*string{&s.Key, &s.Stage, &s.Version} {
		if len(parts) > 7+i {
			*into = parts[7+i]
		}
	}
	return s
}

// partitions reports ARNs that one stack can't use: its roles are of one partition.
func (r *reader) partitions(s Service) {
	first, firstKey := "", ""
	check := func(key, arn string) {
		if r.bad[key] {
			return
		}
		_, afterPrefix, _ := strings.Cut(arn, ":")
		partition, _, _ := strings.Cut(afterPrefix, ":")
		_, known := Regions[partition]
		r.refuse(!known, fmt.Sprintf("must be in one of the partitions %s, got %s", strings.Join(slices.Sorted(maps.Keys(Regions)), ", "), partition), key)
		if first == "" {
			first, firstKey = partition, key
		}
		r.refuse(known && partition != first, fmt.Sprintf("must be in the partition of %s (%s), got %s", firstKey, first, partition), key)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Secrets)) {
		check("service.secrets."+name, s.Secrets[name])
	}
	for i, p := range s.Permissions {
		for j, arn := range p.Resources {
			check(fmt.Sprintf("service.permissions[%d].resources[%d]", i, j), arn)
		}
	}
	for i, arn := range s.Policies {
		check(fmt.Sprintf("service.policies[%d]", i), arn)
	}
}
