package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	account = "000000000000"
	region  = "ap-southeast-2"
)

// emulator is the running MiniStack.
type emulator struct {
	origin string
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process has ended, with this error
	err    error
}

func (t *tour) startEmulator(ctx context.Context) (string, error) {
	port, err := freePort()
	if err != nil {
		return "", err
	}
	origin := "http://127.0.0.1:" + strconv.Itoa(port)
	if err := emptyTemporary(t.folder); err != nil {
		return "", err
	}
	if err := os.RemoveAll(t.iamRecordPath()); err != nil {
		return "", err
	}
	cmd := exec.Command(filepath.Join(".tools", "venv", "bin", "python"), "-m", "emulator")
	if !t.keep {
		// Should this program be killed, the pipe closes, and the emulator ends too.
		cmd.Args = append(cmd.Args, "--end-with-parent")
		if _, err := cmd.StdinPipe(); err != nil {
			return "", err
		}
	}
	cmd.Env = append(t.environ(),
		"GATEWAY_PORT="+strconv.Itoa(port), "BIND_HOST=127.0.0.1",
		"MINISTACK_REGION="+region, "MINISTACK_ACCOUNT_ID="+account, "LOG_LEVEL=INFO", "TMPDIR="+temporary(t.folder),
		"AWS_ENDPOINT_URL="+origin, // inherited by the functions, which dial AWS without it
		"EMULATOR_IAM_RECORD="+t.iamRecordPath(),
		// On AWS a failed function is invoked again after one minute, and after two more.
		"LAMBDA_ASYNC_RETRY_BASE_SECONDS=0.2",
	)
	if d := t.config.Domain; d != nil {
		cmd.Env = append(cmd.Env, "HOSTED_ZONE_ID="+d.HostedZoneID, "HOSTED_ZONE_NAME="+d.Name)
	}
	cmd.Env = append(cmd.Env, t.variables...)
	cmd.Stdout, cmd.Stderr = t.log, t.log
	// A group of its own: Ctrl-C is for this program, which then ends the emulator
	// and the functions that it started.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	t.emulator = &emulator{origin: origin, cmd: cmd, ended: make(chan struct{})}
	go func() {
		t.emulator.err = cmd.Wait()
		close(t.emulator.ended)
	}()
	if t.record != nil {
		if err := t.record.started(t.emulator.pid()); err != nil {
			return "", err
		}
	}
	if err := t.emulator.waitHealthy(ctx); err != nil {
		return "", err
	}
	t.clients = newClients(origin, administrator)
	return fmt.Sprintf("process %d, port %d", t.emulator.pid(), port), nil
}

// temporary is where MiniStack unpacks the functions, 14 MB, in a folder named for
// the port: it never removes them.
func temporary(folder string) string { return filepath.Join(folder, "tmp") }

func emptyTemporary(folder string) error {
	if err := os.RemoveAll(temporary(folder)); err != nil {
		return err
	}
	return os.MkdirAll(temporary(folder), 0o755)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (e *emulator) pid() int { return e.cmd.Process.Pid }

func (e *emulator) waitHealthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.origin+"/_ministack/health", nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-e.ended:
			return fmt.Errorf("it ended at its start: %w", e.err)
		case <-ctx.Done():
			return errors.New("it did not answer in time")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends the process and waits for it, then ends what it may have left.
func (e *emulator) stop() error {
	_ = e.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-e.ended:
	case <-time.After(5 * time.Second):
		if err := e.cmd.Process.Kill(); err != nil {
			return err
		}
		<-e.ended
	}
	if err := syscall.Kill(-e.pid(), syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// usage tells how to use the emulator that is left running. Both regions are set
// since AWS CLI 1 reads the second one only, and the variables are unset that would
// make a CLI read the user's own configuration.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
func (t *tour) usage() string {
	proxy := ""
	if t.proxied() {
		list := valueOf(t.environ(), "no_proxy")
		proxy = fmt.Sprintf("\n    export NO_PROXY='%s' no_proxy='%[1]s'", list)
	}
	return fmt.Sprintf(`The emulator is left running. To look around in it with the AWS CLI:

    unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
    export AWS_ENDPOINT_URL=%s AWS_REGION=%s AWS_DEFAULT_REGION=%[2]s
    export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test%s
    aws cloudformation describe-stacks

This takes AWS CLI 1.29, 2.13 or newer; an older one needs --endpoint-url %[1]s
in each command. docs/operations.md needs 2.18.18 or newer.

To end it: make local STOP=1
`, t.emulator.origin, region, proxy)
}

// clients speak to the emulator as they would to AWS.
type clients struct {
	cloudformation *cloudformation.Client
	ecr            *ecr.Client
	ecs            *ecs.Client
	lambda         *lambda.Client
	rds            *rds.Client
	balancers      *elasticloadbalancingv2.Client
	sns            *sns.Client
	sqs            *sqs.Client
	sts            *sts.Client
}

// administrator has the account's own key, whose calls are not evaluated.
var administrator = credentials.NewStaticCredentialsProvider("test", "test", "")

func newClients(origin string, as aws.CredentialsProvider) clients {
	cfg := aws.Config{Region: region, BaseEndpoint: &origin, Credentials: as}
	return clients{
		cloudformation: cloudformation.NewFromConfig(cfg),
		ecr:            ecr.NewFromConfig(cfg),
		ecs:            ecs.NewFromConfig(cfg),
		lambda:         lambda.NewFromConfig(cfg),
		rds:            rds.NewFromConfig(cfg),
		balancers:      elasticloadbalancingv2.NewFromConfig(cfg),
		sns:            sns.NewFromConfig(cfg),
		sqs:            sqs.NewFromConfig(cfg),
		sts:            sts.NewFromConfig(cfg),
	}
}
