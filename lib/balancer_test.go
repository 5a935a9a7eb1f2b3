package lib

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cloudstruct/config"
)

func attribute(key, value string) object { return object{"Key": key, "Value": value} }

func TestBalancerFacesTheWorld(t *testing.T) {
	production(t).has("AWS::ElasticLoadBalancingV2::LoadBalancer", object{
		"Scheme": "internet-facing", "Type": "application",
		"LoadBalancerAttributes": including(
			attribute("idle_timeout.timeout_seconds", "60"),
			attribute("routing.http.drop_invalid_header_fields.enabled", "true"),
		),
	})
	production(t, func(c *config.Config) { c.LoadBalancer.IdleTimeout = 4000 * time.Second }).has("AWS::ElasticLoadBalancingV2::LoadBalancer", object{
		"LoadBalancerAttributes": including(attribute("idle_timeout.timeout_seconds", "4000")),
	})
}

// TestClientsAreEveryoneOrTheConfiguredNetworks also wants the ports to be those that are
// served.
func TestClientsAreEveryoneOrTheConfiguredNetworks(t *testing.T) {
	ingress := func(changes ...func(*config.Config)) string {
		var all []string
		group := production(t, changes...).only("AWS::EC2::SecurityGroup", "BalancerSecurityGroup").Properties
		for _, rule := range group["SecurityGroupIngress"].([]any) {
			r := rule.(object)
			from, _ := r["CidrIp"].(string)
			if from == "" {
				from = r["CidrIpv6"].(string)
			}
			all = append(all, fmt.Sprintf("%s:%v-%v", from, r["FromPort"], r["ToPort"]))
		}
		return strings.Join(all, " ")
	}
	allow := func(c *config.Config) { c.LoadBalancer.Allow = []string{"203.0.113.0/24", "198.51.100.7/32"} }
	for name, test := range map[string]struct{ got, want string }{
		"everyone":                  {ingress(), "0.0.0.0/0:80-80 ::/0:80-80"},
		"everyone, with a domain":   {ingress(withDomain), "0.0.0.0/0:80-80 ::/0:80-80 0.0.0.0/0:443-443 ::/0:443-443"},
		"two networks":              {ingress(allow), "203.0.113.0/24:80-80 198.51.100.7/32:80-80"},
		"two networks and a domain": {ingress(allow, withDomain), "203.0.113.0/24:80-80 198.51.100.7/32:80-80 203.0.113.0/24:443-443 198.51.100.7/32:443-443"},
	} {
		if test.got != test.want {
			t.Errorf("%s: open to %s, want %s", name, test.got, test.want)
		}
	}
}

func TestAccessLogsAreASwitch(t *testing.T) {
	s := production(t)
	s.hasResource("AWS::S3::Bucket", object{
		"DeletionPolicy": "RetainExceptOnCreate",
		"Properties": object{
			"BucketEncryption":               object{"ServerSideEncryptionConfiguration": list(object{"ServerSideEncryptionByDefault": object{"SSEAlgorithm": "AES256"}})},
			"PublicAccessBlockConfiguration": object{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true},
			"LifecycleConfiguration":         object{"Rules": list(object{"ExpirationInDays": 30, "Status": "Enabled"})},
		},
	})
	s.has("AWS::S3::BucketPolicy", object{"PolicyDocument": object{"Statement": including(
		object{"Effect": "Deny", "Condition": object{"Bool": object{"aws:SecureTransport": "false"}}},
		object{"Effect": "Allow", "Action": "s3:PutObject", "Principal": object{"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
			"Condition": object{"StringEqualsIfExists": object{"aws:SourceAccount": object{"Ref": "AWS::AccountId"}}}},
	)}})
	if balancer := s.only("AWS::ElasticLoadBalancingV2::LoadBalancer", "Balancer"); !contains(text(t, balancer.DependsOn), "BalancerAccessLogsPolicy") {
		t.Error("the load balancer may still write when the bucket is deleted")
	}
	development(t).count("AWS::S3::Bucket", 0)
}

func TestAccessLogsGoWithAStackThatKeepsNothing(t *testing.T) {
	s := production(t, func(c *config.Config) { c.Retain = false })
	s.hasResource("AWS::S3::Bucket", object{"DeletionPolicy": "Delete"})
	s.count("Custom::S3AutoDeleteObjects", 1)
}
