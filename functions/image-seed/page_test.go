package main

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// newPlaceholder starts the placeholder, on another port than its image was made
// for, and with what ECS adds to the environment.
func newPlaceholder(t *testing.T, healthPath string, environment ...string) (url string) {
	t.Helper()
	port := freePort(t)
	made := settings{Project: "CloudStruct", Environment: "production", Port: 80, HealthPath: healthPath, Tag: "jellybean", Architecture: runtime.GOARCH}
	start(t, built, slices.Concat(made.environment(), environment, []string{"PORT=" + strconv.Itoa(port)}), port)
	return fmt.Sprintf("http://127.0.0.1:%d", port)
}

func TestPlaceholderAnswersTheBalancerInPlainTextAndPeopleWithThePage(t *testing.T) {
	const plain, page = "text/plain; charset=utf-8", "text/html; charset=utf-8"
	urls := map[string]string{}
	for _, health := range []string{"/api/health", "/", "/health?deep=1", "/caf%C3%A9"} {
		urls[health] = newPlaceholder(t, health)
	}
	for _, test := range []struct {
		health, method, path string
		status               int
		kind                 string
	}{
		{"/api/health", http.MethodGet, "/api/health", 200, plain},
		{"/api/health", http.MethodGet, "/api/health?from=balancer", 200, plain},
		{"/api/health", http.MethodHead, "/api/health", 200, plain},
		{"/api/health", http.MethodPost, "/api/health", 405, plain},
		{"/api/health", http.MethodGet, "/", 200, page},
		{"/api/health", http.MethodHead, "/", 200, page},
		{"/api/health", http.MethodDelete, "/", 405, plain},
		{"/api/health", http.MethodGet, "/the/next/health/path", 200, page},
		{"/", http.MethodGet, "/", 200, page},
		{"/health?deep=1", http.MethodGet, "/health?deep=1", 200, plain},
		{"/caf%C3%A9", http.MethodGet, "/caf%C3%A9", 200, plain},
	} {
		t.Run(test.method+" "+test.path+" with health path "+test.health, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), test.method, urls[test.health]+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if kind := answer.Header.Get("Content-Type"); answer.StatusCode != test.status || kind != test.kind {
				t.Errorf("answered %d %s, want %d %s", answer.StatusCode, kind, test.status, test.kind)
			}
			if allow := answer.Header.Get("Allow"); (allow == "GET, HEAD") != (test.status == 405) {
				t.Errorf("Allow is %q", allow)
			}
			policy := answer.Header.Get("Content-Security-Policy")
			if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || !strings.HasSuffix(policy, "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'") ||
				strings.Contains(policy, "unsafe") {
				t.Errorf("Content-Security-Policy is %q", policy)
			}
			for header, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
				if got := answer.Header.Get(header); got != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
		})
	}
}

func TestPlaceholderTellsNothingOfItsEnvironment(t *testing.T) {
	environment := map[string]string{
		"DB_HOST": "cluster.internal.example", "DB_NAME": "its-database", "DB_USERNAME": "its-user", "DB_PASSWORD": "its-password",
		"ConnectionStrings__DefaultConnection":   "Server=its-server",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/its-id", "AWS_SECRET_ACCESS_KEY": "its-key", "AWS_SESSION_TOKEN": "its-token",
		"ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/its-task",
	}
	var set, secret []string
	for name, value := range environment {
		set = append(set, name+"="+value)
		secret = append(secret, value)
		if !strings.HasPrefix(name, "DB_") { // names that every container has, and the README lists
			secret = append(secret, name)
		}
	}
	url := newPlaceholder(t, "/api/health", set...)
	for _, path := range []string{"/", "/api/health", "/?name=DB_PASSWORD", "/.env", "/debug/vars"} {
		answer, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		var told bytes.Buffer
		if err := answer.Write(&told); err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		for _, text := range append(secret, "AWS_", "PLACEHOLDER_", "123456789012", "eu-west-1", "amazonaws") {
			if strings.Contains(told.String(), text) {
				t.Errorf("%s tells %s", path, text)
			}
		}
	}
}

func TestPlaceholderRefusesAHealthPathThatNoRequestCanHave(t *testing.T) {
	_, err := settings{Port: 80, HealthPath: "/%zz", Tag: "jellybean"}.handler()
	if err == nil || !strings.Contains(err.Error(), `PLACEHOLDER_HEALTH_PATH: parse "/%zz"`) {
		t.Errorf("error is %v", err)
	}
}

// commandBox is a command of the page, as a browser would copy it.
var commandBox = regexp.MustCompile(`(?s)<pre><code>(.*?)</code></pre>`)

func TestCommandsOfThePageFindTheRepositoryThatThePageDoesNotName(t *testing.T) {
	page, err := settings{Project: "CloudStruct", Environment: "production", Tag: "jellybean", Architecture: "arm64"}.page()
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, box := range commandBox.FindAllStringSubmatch(string(page), -1) {
		script.WriteString(html.UnescapeString(strings.NewReplacer("<span>", "", "</span>", "").Replace(box[1])) + "\n")
	}
	bin := t.TempDir()
	for program, text := range map[string]string{
		"aws": `case "$*" in
"cloudformation describe-stacks --stack-name CloudStruct-production --query Stacks[0].Outputs[?OutputKey=='RepositoryUrl'].OutputValue --output text") echo "$URI" ;;
"ecr get-login-password") echo a-password ;;
*) exit 1 ;;
esac`,
		"docker": `echo "$*"; if [ "$1" = login ]; then cat; fi`,
	} {
		if err := os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("sh", "-euc", script.String())
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "URI="+repositoryURI)
	output, err := cmd.CombinedOutput()
	want := "login --username AWS --password-stdin 123456789012.dkr.ecr.eu-west-1.amazonaws.com\na-password\n" +
		"build --platform linux/arm64 --tag " + repositoryURI + ":jellybean .\npush " + repositoryURI + ":jellybean\n"
	if err != nil || string(output) != want {
		t.Errorf("%v, called docker with\n%s\nwant\n%s\nfrom\n%s", err, output, want, script.String())
	}
}
