package access

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

const profiles = `
[profile sso]
region = eu-central-1
sso_session = s
sso_account_id = 123456789012
sso_role_name = Admin
[sso-session s]
sso_region = eu-central-1
sso_start_url = https://example.awsapps.com/start
[profile login]
region = eu-central-1
login_session = arn:aws:iam::123456789012:user/me
`

// TestEachProblemHasOneSentence lets the real SDK fail in each way.
func TestEachProblemHasOneSentence(t *testing.T) {
	closed := closedAddress(t)
	for _, test := range []struct {
		name string
		env  map[string]string
		code string // that AWS answers
		want string // "" is no problem of access
	}{
		{"no credentials", map[string]string{"AWS_EC2_METADATA_DISABLED": "true"}, "", "no AWS credentials are set"},
		{"no credentials, and no metadata service", map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": closed}, "", "no AWS credentials are set"},
		{"no region", map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "", "AWS_ENDPOINT_URL": ""}, "", "no AWS region is set"},
		{"no network", map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": closed}, "", closed[len("http://"):] + " cannot be reached: connection refused"},
		{"no single sign-on yet", map[string]string{"AWS_PROFILE": "sso"}, "", "no AWS credentials are usable: no such file or directory"},
		{"no login yet", map[string]string{"AWS_PROFILE": "login"}, "", "no AWS credentials are usable: please reauthenticate"},
		{"an expired session", map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, "ExpiredToken", "the AWS session has expired"},
		{"an expired session, by another code", map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, "ExpiredTokenException", "the AWS session has expired"},
		{"deleted keys", map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, "InvalidClientTokenId", "AWS does not accept the credentials: InvalidClientTokenId"},
		{"a missing permission", map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, "AccessDenied", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			isolate(t, answering(t, test.code), test.env)
			err := call(t)
			if err == nil {
				t.Fatal("the call succeeded")
			}
			problem, ok := Explain(err)
			if problem.What != test.want || ok != (test.want != "") {
				t.Errorf("%q, want %q, of %v", problem.What, test.want, err)
			}
			if ok && (problem.Fix == "" || Clear(err).Error() != problem.What+" -> "+problem.Fix) {
				t.Errorf("no way out in %q", Clear(err))
			}
			if !ok && !errors.Is(Clear(err), err) {
				t.Errorf("another error is replaced by %v", Clear(err))
			}
		})
	}
}

func TestAnExpiredSingleSignOnIsAnExpiredSession(t *testing.T) {
	isolate(t, "", map[string]string{"AWS_PROFILE": "sso"})
	cache := filepath.Join(os.Getenv("HOME"), ".aws", "sso", "cache")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	// The file is named by the SHA-1 of the session's name, "s".
	token := filepath.Join(cache, "a0f1490a20d0211c997b44bc357e1972deab8ae3.json")
	if err := os.WriteFile(token, []byte(`{"accessToken": "x", "expiresAt": "2020-01-01T00:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if problem, _ := Explain(call(t)); problem.What != "the AWS session has expired" {
		t.Errorf("%q", problem.What)
	}
}

func TestAnUnknownProfileIsNamed(t *testing.T) {
	isolate(t, "", map[string]string{"AWS_PROFILE": "nope"})
	_, err := awsconfig.LoadDefaultConfig(t.Context())
	if problem, ok := Explain(err); !ok || problem.What != "failed to get shared config profile, nope" {
		t.Errorf("%q of %v", problem.What, err)
	}
}

func TestNoErrorIsNoProblem(t *testing.T) {
	if _, ok := Explain(nil); ok || Clear(nil) != nil {
		t.Error("a problem without an error")
	}
}

// isolate gives the SDK a home, a region and an address, and nothing of this machine.
func isolate(t *testing.T, endpoint string, env map[string]string) {
	t.Helper()
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".aws", "config"), []byte(profiles), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_REGION",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home) // where the cache of single sign-on is
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(home, ".aws", "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(home, ".aws", "credentials"))
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ENDPOINT_URL", endpoint)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	for name, value := range env {
		t.Setenv(name, value)
	}
}

func call(t *testing.T) error {
	t.Helper()
	cfg, err := awsconfig.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = cloudformation.NewFromConfig(cfg).DescribeStacks(context.WithoutCancel(t.Context()), &cloudformation.DescribeStacksInput{StackName: aws.String("S")})
	return err
}

// answering is the address of an AWS that answers every request with an error.
func answering(t *testing.T, code string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `<ErrorResponse><Error><Code>%s</Code><Message>no</Message></Error></ErrorResponse>`, code)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// closedAddress is one where nobody listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return "http://" + listener.Addr().String()
}
