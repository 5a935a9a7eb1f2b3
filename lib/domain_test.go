package lib

import (
	"testing"

	"cloudstruct/config"
)

func TestDomainBringsTLS(t *testing.T) {
	s := production(t, withDomain)
	s.has("AWS::ElasticLoadBalancingV2::Listener", object{
		"Port": 443, "Protocol": "HTTPS", "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
		"DefaultActions": list(object{"Type": "forward"}),
	})
	s.has("AWS::ElasticLoadBalancingV2::Listener", object{
		"Port": 80, "DefaultActions": list(object{"Type": "redirect", "RedirectConfig": object{"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}),
	})
	s.has("AWS::Route53::RecordSet", object{
		"Name": "server.artisantiling.co.nz.", "Type": "A", "HostedZoneId": "Z0123456789EXAMPLE",
		"AliasTarget": object{"EvaluateTargetHealth": true},
	})
}

func TestWithoutADomainThereIsOnlyHTTP(t *testing.T) {
	s := production(t)
	s.count("AWS::CertificateManager::Certificate", 0)
	s.count("AWS::Route53::RecordSet", 0)
	s.count("AWS::ElasticLoadBalancingV2::Listener", 1)
	s.has("AWS::ElasticLoadBalancingV2::Listener", object{"Port": 80, "Protocol": "HTTP", "DefaultActions": list(object{"Type": "forward"})})
}

func TestCertificateCoversTheHost(t *testing.T) {
	for _, test := range []struct {
		name     string
		record   string
		wildcard bool
		want     any
	}{
		{"a wildcard covers one label", "server", true, list("*.example.com")},
		{"a wildcard does not cover two labels", "api.eu", true, list("*.example.com", "api.eu.example.com")},
		{"without a wildcard the host is named", "server", false, list("server.example.com")},
		{"the domain itself needs no other name", "@", false, absent()},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := production(t, func(c *config.Config) {
				c.Domain = &config.Domain{Name: "example.com", HostedZoneID: "Z1", Record: test.record, Wildcard: test.wildcard}
			})
			s.has("AWS::CertificateManager::Certificate", object{
				"DomainName": "example.com", "SubjectAlternativeNames": test.want, "ValidationMethod": "DNS",
			})
		})
	}
}
