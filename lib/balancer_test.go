package lib

import (
	"testing"

	"cloudstruct/config"
)

func attribute(key, value string) object { return object{"Key": key, "Value": value} }

func TestBalancerFacesTheWorld(t *testing.T) {
	production(t).has("AWS::ElasticLoadBalancingV2::LoadBalancer", object{
		"Scheme": "internet-facing", "Type": "application",
		"LoadBalancerAttributes": including(
			attribute("deletion_protection.enabled", "true"),
			attribute("routing.http.drop_invalid_header_fields.enabled", "true"),
			attribute("access_logs.s3.enabled", "true"),
		),
	})
	development(t).has("AWS::ElasticLoadBalancingV2::LoadBalancer", object{
		"LoadBalancerAttributes": including(attribute("deletion_protection.enabled", "false")),
	})
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
		object{"Effect": "Allow", "Action": "s3:PutObject", "Principal": object{"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}},
	)}})
	if balancer := s.only("AWS::ElasticLoadBalancingV2::LoadBalancer", "Balancer"); !contains(text(t, balancer.DependsOn), "BalancerAccessLogsPolicy") {
		t.Error("the balancer may try the bucket before it may write there")
	}
	development(t).count("AWS::S3::Bucket", 0)
}

func TestAccessLogsGoWithAStackThatKeepsNothing(t *testing.T) {
	s := production(t, func(c *config.Config) { c.Retain = false })
	s.hasResource("AWS::S3::Bucket", object{"DeletionPolicy": "Delete"})
	s.count("Custom::S3AutoDeleteObjects", 1)
}
