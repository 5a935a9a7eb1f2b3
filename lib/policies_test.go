package lib

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"cloudstruct/config"
)

// variants are the shipped environments, and changes to production that make
// other resources, or set what a rule looks at otherwise.
var variants = map[string]func(*config.Config){
	"production": func(*config.Config) {},
	"development": func(c *config.Config) {
		shipped, err := config.LoadEnvironment(filepath.Join("..", "config"), "development")
		if err != nil {
			panic(err)
		}
		*c = shipped
	},
	"all that guards": func(c *config.Config) {
		withDomain(c)
		c.LoadBalancer.WAF = config.FirewallBlock
		c.Database.Rotation = 720 * time.Hour
		c.Service.ReadOnly = true
		c.Alarms.Email, c.Alarms.Latency = "ops@example.com", time.Second
		c.LoadBalancer.Allow = []string{"203.0.113.0/24"}
		c.Service.Command, c.Service.Restart = []string{"/api"}, true
		c.Service.Permissions = []config.Permission{{Actions: []string{"s3:GetObject"}, Resources: []string{"arn:aws:s3:::bucket/key"}}}
		c.Service.Policies = []string{"arn:aws:iam::123456789012:policy/api"}
	},
	"nothing that guards": func(c *config.Config) {
		c.Network.NAT, c.Network.FlowLogs = config.NATNone, false
		c.LoadBalancer.AccessLogs, c.LoadBalancer.DeletionProtection = false, false
		c.Database.DeletionProtection = false
		c.Image.AutoDeploy = false
		c.Retain = false
	},
	"the choices between": func(c *config.Config) {
		c.Network.NAT = config.NATSingle
		c.LoadBalancer.WAF = config.FirewallCount
		withConnectionString(c)
		c.Service.Exec = true
		c.Service.Deployment.Strategy, c.Service.Stickiness.Duration = config.BlueGreen, 0
		c.Database.ExtendedSupport = true
	},
}

func TestPoliciesFindNothingThatIsNotExcused(t *testing.T) {
	for name, change := range variants {
		t.Run(name, func(t *testing.T) {
			app, _ := variant(t, change)
			for _, found := range underPolicies(t, app, nil) {
				// What the stack itself says of a configuration without a domain.
				if found.rule != "Annotation::cloudstruct:noDomain" {
					t.Errorf("%s: %s", found.path, found.text)
				}
			}
		})
	}
}

// TestPoliciesFindWhatIsWrong wants the test above to be able to fail, by the
// rules of cdk-nag and by those of the CDK.
func TestPoliciesFindWhatIsWrong(t *testing.T) {
	app, stack := variant(t, variants["production"])
	bucket := awss3.NewBucket(stack, jsii.String("Careless"), nil)
	bucket.Node().DefaultChild().(awscdk.CfnResource).AddPropertyOverride(jsii.String("AccessControl"), "Nobody")
	found := fmt.Sprint(underPolicies(t, app, nil))
	for _, want := range []string{"AwsSolutions-S1", "AwsSolutions-S10", "AccessControl: 'Nobody' is not one of"} {
		if !contains(found, want) {
			t.Errorf("%q is not found in a careless bucket, only %s", want, found)
		}
	}
}

func TestEveryExcuseIsForSomethingThatIsFound(t *testing.T) {
	for name, change := range variants {
		t.Run(name, func(t *testing.T) {
			app, stack := variant(t, change)
			found := underPolicies(t, app, cdknag.NewSuppressionIgnoreAlways(jsii.String("to see what is excused")))
			for path, rules := range excuses(t, *app.Outdir(), *stack.StackName()) {
				for _, rule := range rules {
					if !slices.ContainsFunc(found, func(f finding) bool { return f.path == path && contains(f.text, rule) }) {
						t.Errorf("%s: %s is excused and would not be found", path, rule)
					}
				}
			}
		})
	}
}

// TestTemplatesPassCfnLint wants no property that CloudFormation does not know,
// and none missing: of L1 constructs the CDK checks neither.
func TestTemplatesPassCfnLint(t *testing.T) {
	cfnLint := filepath.Join("..", ".tools", "venv", "bin", "cfn-lint")
	if _, err := os.Stat(cfnLint); err != nil {
		t.Skip("make test installs cfn-lint")
	}
	dir := t.TempDir()
	// The CDK names what a resource depends on, also what it refers to anyway.
	arguments := []string{"--ignore-checks", "W3005", "--"}
	for name, change := range variants {
		cfg := config.Default()
		cfg.Environment = "production"
		change(&cfg)
		path := filepath.Join(dir, name+".json")
		if err := os.WriteFile(path, []byte(text(t, synthesize(t, cfg).template.ToJSON())), 0o644); err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, path)
	}
	if output, err := exec.Command(cfnLint, arguments...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

func variant(t *testing.T, change func(*config.Config)) (awscdk.App, awscdk.Stack) {
	t.Helper()
	cfg := config.Default()
	cfg.Environment = "production"
	change(&cfg)
	context := testContext(t)
	(*context)["aws:cdk:enable-path-metadata"] = true // as the CLI does
	app := awscdk.NewApp(&awscdk.AppProps{Context: context, Outdir: jsii.String(t.TempDir())})
	return app, NewStack(app, StackProps{Config: cfg, ProjectRoot: ".."})
}

type finding struct{ path, rule, text string }

// underPolicies synthesizes an app, and reads what cdk-nag's rules and the CDK's
// own have found.
func underPolicies(t *testing.T, app awscdk.App, ignore cdknag.INagSuppressionIgnore) []finding {
	t.Helper()
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{
		Reports: jsii.Bool(false), SuppressionIgnoreCondition: ignore,
	}), nil)
	failure := func() (failure any) {
		defer func() { failure = recover() }()
		app.Synth(nil)
		return nil
	}()
	var report struct {
		PluginReports []struct {
			Violations []struct {
				RuleName, Description string
				ViolatingConstructs   []struct{ ConstructPath string }
			}
		}
	}
	data, err := os.ReadFile(filepath.Join(*app.Outdir(), "validation-report.json"))
	if !errors.Is(err, fs.ErrNotExist) {
		decode(t, data, err, &report)
	}
	var all []finding
	for _, plugin := range report.PluginReports {
		for _, violation := range plugin.Violations {
			for _, construct := range violation.ViolatingConstructs {
				all = append(all, finding{construct.ConstructPath, violation.RuleName, violation.Description})
			}
		}
	}
	if failure != nil && all == nil {
		t.Fatalf("synth failed: %v", failure)
	}
	return all
}

// excuses are the rules that are excused in a template, by the path of the
// resource.
func excuses(t *testing.T, dir, stackName string) map[string][]string {
	t.Helper()
	var template struct {
		Resources map[string]struct {
			Metadata struct {
				Path string `json:"aws:cdk:path"`
				Nag  struct {
					Rules []struct{ ID, Reason string } `json:"rules_to_suppress"`
				} `json:"cdk_nag"`
			}
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, stackName+".template.json"))
	decode(t, data, err, &template)
	all := map[string][]string{}
	for _, resource := range template.Resources {
		for _, rule := range resource.Metadata.Nag.Rules {
			all[resource.Metadata.Path] = append(all[resource.Metadata.Path], rule.ID)
		}
	}
	if len(all) == 0 {
		t.Fatalf("no excuse in %s", stackName)
	}
	return all
}

func decode(t *testing.T, data []byte, err error, into any) {
	t.Helper()
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}
