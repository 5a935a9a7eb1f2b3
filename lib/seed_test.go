package lib

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"cloudstruct/config"
)

func TestPlaceholderIsSeededBeforeTheServiceStarts(t *testing.T) {
	s := production(t, func(c *config.Config) { c.Service.Port, c.Service.Health.Path = 8080, "/healthz" })
	s.has("Custom::ImageSeed", object{"Tag": "jellybean", "Port": 8080, "HealthPath": "/healthz", "ServiceTimeout": "150", "Project": "CloudStruct", "Environment": "production"})
	if service := s.only("AWS::ECS::Service", "Service"); !contains(text(t, service.DependsOn), "ImageSeed") {
		t.Error("the service may start without an image")
	}
}

func TestPlaceholderNamesTheVariablesOfTheContainer(t *testing.T) {
	page, err := os.ReadFile("../functions/image-seed/page.html")
	if err != nil {
		t.Fatal(err)
	}
	var task struct {
		ContainerDefinitions []struct{ Environment, Secrets []struct{ Name string } }
	}
	definition := production(t).only("AWS::ECS::TaskDefinition", "Service")
	if err := json.Unmarshal([]byte(text(t, definition.Properties)), &task); err != nil {
		t.Fatal(err)
	}
	container := task.ContainerDefinitions[0]
	variables := slices.Concat(container.Environment, container.Secrets)
	if len(variables) < 7 {
		t.Fatalf("the container has only %v", variables)
	}
	for _, variable := range variables {
		if !strings.Contains(string(page), "<code>"+variable.Name+"</code>") {
			t.Errorf("the page lacks %s", variable.Name)
		}
	}
}
