package config

import (
	"fmt"
	"slices"
	"strings"
)

// globalServices have no region in their ARNs.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
var globalServices = []string{"iam", "sts", "organizations", "cloudfront", "route53"}

// resourceHint reports what is wrong with the ARN of a resource beyond its form.
func resourceHint(arn string) string {
	if arn == "*" {
		return "use service.policies for actions that AWS offers no resource for"
	}
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	partition, service, region := parts[1], parts[2], parts[3]
	regions, known := Regions[partition]
	switch {
	case region == "" || region == "*":
		return ""
	case slices.Contains(globalServices, service):
		return fmt.Sprintf("ARNs of %s have no region", service)
	case known && !strings.Contains(region, "*") && !slices.Contains(regions, region):
		return fmt.Sprintf("the partition %s has no region %s", partition, region)
	}
	return ""
}
