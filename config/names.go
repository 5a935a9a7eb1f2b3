package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	// maxImage is how long ECS takes a container's image.
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
	maxImage = 255
	// longestRegistry is the longest host name of an account's registry, with the
	// slash.
	longestRegistry = "123456789012.dkr.ecr.cn-northwest-1.amazonaws.com.cn/"
	// maxHost is how long a host name can be.
	// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
	maxHost = 253
)

// reservedPrefixes begin names that AWS refuses. CloudFormation makes the names of
// the balancer and of the bucket from the stack's.
var reservedPrefixes = []struct{ prefix, of string }{
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
	{"internal-", "load balancers"},
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	{"sthree-", "buckets"},
	{"amzn-s3-demo-", "buckets"},
}

// names reports what would make a generated name too long, or one that AWS
// refuses.
func (r *reader) names(c *Config) {
	for _, reserved := range reservedPrefixes {
		r.refuse(strings.HasPrefix(strings.ToLower(c.StackName()), reserved.prefix),
			fmt.Sprintf("must not make the stack's name begin with %s, which AWS refuses in the names of %s, got %q", reserved.prefix, reserved.of, c.Project),
			"project", "environment")
	}
	image := longestRegistry + c.Image.Repository + ":" + c.Image.Tag
	r.refuse(len(image) > maxImage,
		fmt.Sprintf("must be at most %d characters together with tag (ECS takes an image of %d with the registry's name), got %d",
			maxImage-len(longestRegistry)-len(":"), maxImage, len(c.Image.Repository)+len(c.Image.Tag)),
		"image.repository", "image.tag")
	if c.Domain == nil {
		return
	}
	name, record := strings.ToLower(c.Domain.Name), c.Domain.Record
	r.refuse(name != "" && (record == name || strings.HasSuffix(record, "."+name)),
		fmt.Sprintf("must be the part before .%s, or @ for the domain itself, got %q", name, record), "domain.record")
	r.refuse(len(record)+len(".")+len(name) > maxHost,
		fmt.Sprintf("must be at most %d characters with the domain's name, got %d", maxHost, len(record)+len(".")+len(name)), "domain.record")
}

// tags reports keys that IAM takes for the same one: it does not tell upper case
// from lower case, and refuses a role that has both.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules
func (r *reader) tags(tags map[string]string) {
	seen := map[string]string{}
	for _, name := range StackTags {
		seen[strings.ToLower(name)] = name
	}
	names := slices.SortedFunc(maps.Keys(tags), func(a, b string) int { return r.order["tags."+a] - r.order["tags."+b] })
	for _, name := range names {
		other, taken := seen[strings.ToLower(name)]
		switch {
		case taken && slices.Contains(StackTags, name):
			r.refuse(true, "is set by the stack itself", "tags."+name)
		case taken:
			r.refuse(true, fmt.Sprintf("must differ from %s in more than upper and lower case", other), "tags."+name)
		}
		seen[strings.ToLower(name)] = name
	}
}
