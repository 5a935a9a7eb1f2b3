package lib

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
	"cloudstruct/internal/appcontext"
)

func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// stack is a synthesized stack under test. CDK assertions panic when they fail,
// which would end all other tests: its methods turn that into an error.
type stack struct {
	t        *testing.T
	template assertions.Template
}

// production is the stack of a configuration that sets nothing but the
// environment, and what change sets.
func production(t *testing.T, changes ...func(*config.Config)) stack {
	t.Helper()
	cfg := config.Default()
	cfg.Environment = "production"
	for _, change := range changes {
		change(&cfg)
	}
	return synthesize(t, cfg)
}

// development is the stack of config/development.yaml.
func development(t *testing.T) stack {
	t.Helper()
	cfg, err := config.LoadEnvironment(filepath.Join("..", "config"), "development")
	if err != nil {
		t.Fatal(err)
	}
	return synthesize(t, cfg)
}

func withDomain(c *config.Config) {
	c.Domain = &config.Domain{Name: "artisantiling.co.nz", HostedZoneID: "Z0123456789EXAMPLE", Record: "server", Wildcard: true}
}

// synthesized keeps the template of each configuration: making one takes a second.
var synthesized = map[string]assertions.Template{}

func synthesize(t *testing.T, cfg config.Config) stack {
	t.Helper()
	key, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := synthesized[string(key)]; !ok {
		app := awscdk.NewApp(&awscdk.AppProps{Context: testContext(t)})
		synthesized[string(key)] = assertions.Template_FromStack(NewStack(app, StackProps{Config: cfg, ProjectRoot: ".."}), nil)
	}
	return stack{t, synthesized[string(key)]}
}

// testContext is that of cdk.json. Functions are not built.
func testContext(t *testing.T) *map[string]any {
	t.Helper()
	context, err := appcontext.WithoutFunctions("..")
	if err != nil {
		t.Fatal(err)
	}
	return &context
}

type object = map[string]any

func (s stack) check(assert func()) {
	s.t.Helper()
	defer func() {
		s.t.Helper()
		if failure := recover(); failure != nil {
			s.t.Error(failure)
		}
	}()
	assert()
}

// has wants a resource with these properties, whatever others it has.
func (s stack) has(resourceType string, properties object) {
	s.t.Helper()
	s.check(func() { s.template.HasResourceProperties(&resourceType, properties) })
}

// hasResource wants a resource with these attributes, such as DeletionPolicy.
func (s stack) hasResource(resourceType string, attributes object) {
	s.t.Helper()
	s.check(func() { s.template.HasResource(&resourceType, attributes) })
}

// count wants so many resources of a type.
func (s stack) count(resourceType string, n int) {
	s.t.Helper()
	s.check(func() { s.template.ResourceCountIs(&resourceType, jsii.Number(n)) })
}

// resource is a resource of the template, as JSON has it.
type resource struct {
	Type           string
	Properties     object
	DependsOn      []string
	DeletionPolicy string
}

// resources are those of a type, by logical id; of every type when it is empty.
func (s stack) resources(resourceType string) map[string]resource {
	s.t.Helper()
	data, err := json.Marshal(s.template.ToJSON())
	if err != nil {
		s.t.Fatal(err)
	}
	var template struct{ Resources map[string]resource }
	if err := json.Unmarshal(data, &template); err != nil {
		s.t.Fatal(err)
	}
	for id, r := range template.Resources {
		if resourceType != "" && r.Type != resourceType {
			delete(template.Resources, id)
		}
	}
	return template.Resources
}

// only is the single resource of a type whose logical id starts with a prefix.
func (s stack) only(resourceType, prefix string) resource {
	s.t.Helper()
	var found []resource
	for id, r := range s.resources(resourceType) {
		if strings.HasPrefix(id, prefix) {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		s.t.Fatalf("%d resources of type %s with an id %s..., want 1", len(found), resourceType, prefix)
	}
	return found[0]
}

func contains(s, part string) bool { return strings.Contains(s, part) }

func ptr[T any](v T) *T { return &v }

func list(items ...any) []any { return items }

// including matches an array that has these items among others, in this order;
// objects may have more keys.
func including(items ...any) assertions.Matcher {
	for i, item := range items {
		if o, ok := item.(object); ok {
			items[i] = assertions.Match_ObjectLike(&o)
		}
	}
	return assertions.Match_ArrayWith(&items)
}

func absent() assertions.Matcher { return assertions.Match_Absent() }

// text is a value of the template as JSON, for a look at what it mentions.
func text(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
