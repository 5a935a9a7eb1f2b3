package lib

import (
	"testing"

	"cloudstruct/config"
)

func TestPlaceholderIsSeededBeforeTheServiceStarts(t *testing.T) {
	s := production(t, func(c *config.Config) { c.Service.Port, c.Service.Health.Path = 8080, "/healthz" })
	s.has("Custom::ImageSeed", object{"Tag": "jellybean", "Port": 8080, "HealthPath": "/healthz", "ServiceTimeout": "150"})
	if service := s.only("AWS::ECS::Service", "Service"); !contains(text(t, service.DependsOn), "ImageSeed") {
		t.Error("the service may start without an image")
	}
}
