package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestNoProxyIsAskedForTheEmulator goes through what dials the emulator: the CDK
// CLI, Python's botocore, the functions, and this program's own clients.
func TestNoProxyIsAskedForTheEmulator(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The CDK CLI may ask for its notices, and for an account before there is one.
		if host := r.URL.Hostname(); host == "localhost" || net.ParseIP(host).IsLoopback() {
			t.Errorf("the proxy was asked for %s", r.URL)
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(proxy.Close)
	var variables []string
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		variables = append(variables, name+"="+proxy.URL, strings.ToLower(name)+"="+proxy.URL)
	}
	a := newAccount(t, fmt.Sprintf(development, "", "jellybean"), append(variables, "NO_PROXY=intranet.example", "no_proxy=")...)
	a.must(a.deploy) // its custom resource is a function that pushes an image
	a.must(a.release)
	a.must(a.retry)
	a.inventory()

	t.Run("nor by the settings that are printed", func(t *testing.T) {
		// What a shell may have that would lead a CLI elsewhere.
		hostile := append(slices.Clone(variables), "AWS_PROFILE=nobody", "AWS_SESSION_TOKEN=old", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
			"AWS_DEFAULT_REGION=eu-west-1", "AWS_ENDPOINT_URL=http://127.0.0.1:9", "NO_PROXY=", "no_proxy=")
		settings := strings.Join(regexp.MustCompile(`(?m)^    (?:export|unset) .*$`).FindAllString(a.usage(), -1), "\n")
		// botocore reads what AWS CLI 1 does, which is made of it.
		script := settings + "\n" + `.tools/venv/bin/python cmd/local/testdata/call.py cloudformation describe_stacks "{\"StackName\": \"$1\"}"`
		cmd := exec.Command("bash", "-euc", script, "bash", a.config.StackName())
		cmd.Env = append(os.Environ(), hostile...)
		if output, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(output), a.outputs["ClusterName"]) {
			t.Errorf("%v\n%s\n%s", err, settings, output)
		}
		for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
			if !strings.Contains(settings, " "+name+"="+region) {
				t.Errorf("no %s in\n%s", name, settings)
			}
		}
	})
}

func TestLoopbackIsAddedToWhatNoProxyIsAskedFor(t *testing.T) {
	const loopback = "127.0.0.1,localhost,::1"
	for _, test := range []struct {
		name             string
		inherited        []string
		upper, lower     string
		npm              string
		proxied, npmIsIt bool
	}{
		{name: "nothing", upper: loopback, lower: loopback},
		{name: "one spelling", inherited: []string{"http_proxy=http://proxy:3128", "NO_PROXY=intranet, 10.0.0.1"},
			upper: "intranet,10.0.0.1," + loopback, lower: "intranet,10.0.0.1," + loopback, proxied: true},
		{name: "both spellings", inherited: []string{"NO_PROXY=a", "no_proxy=b,localhost"}, upper: "a," + loopback, lower: "b,localhost,127.0.0.1,::1"},
		{name: "everything", inherited: []string{"NO_PROXY=*"}, upper: "*", lower: "*"},
		{name: "npm's own", inherited: []string{"ALL_PROXY=socks5://proxy", "npm_config_no_proxy=c"}, upper: loopback, lower: loopback, npm: "c," + loopback, npmIsIt: true, proxied: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			tour := &tour{inherited: append([]string{"AWS_PROFILE=mine"}, test.inherited...)}
			got := tour.environ()
			if upper, lower := valueOf(got, "NO_PROXY"), valueOf(got, "no_proxy"); upper != test.upper || lower != test.lower {
				t.Errorf("NO_PROXY is %q and no_proxy %q, want %q and %q", upper, lower, test.upper, test.lower)
			}
			if value, isSet := lookup(got, "npm_config_no_proxy"); value != test.npm || isSet != test.npmIsIt {
				t.Errorf("npm_config_no_proxy is %q, want %q", value, test.npm)
			}
			if tour.proxied() != test.proxied {
				t.Errorf("proxied is %t", !test.proxied)
			}
			if slices.ContainsFunc(got, func(variable string) bool { return strings.HasPrefix(variable, "AWS_") }) {
				t.Errorf("the user's account of AWS is inherited: %s", got)
			}
		})
	}
}

// TestFunctionsAreNotKeptAfterTheRun leaves what an earlier run may have unpacked.
func TestFunctionsAreNotKeptAfterTheRun(t *testing.T) {
	skipUnlessInstalled(t)
	folder := t.TempDir()
	log, err := openLog(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	left := filepath.Join(temporary(folder), "ministack-provided-code-1", "bootstrap")
	if err := os.MkdirAll(left, 0o755); err != nil {
		t.Fatal(err)
	}
	tour := &tour{folder: folder, log: log, out: log}
	if _, err := tour.startEmulator(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("the new run kept %s: %v", left, err)
	}
	if err := tour.end(false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(temporary(folder)); !os.IsNotExist(err) {
		t.Errorf("the run left %s: %v", temporary(folder), err)
	}
}
