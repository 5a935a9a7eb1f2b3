package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// The workflow that releases an image does so as the role of the stack, and nothing else
// may take the role on.

// token is what GitHub gives a job, unsigned.
func token(repository, ref, subject string) string {
	claims, err := json.Marshal(map[string]string{
		"iss": "https://token.actions.githubusercontent.com", "aud": "sts.amazonaws.com", "repository": repository, "ref": ref, "sub": subject,
	})
	if err != nil {
		panic(err)
	}
	return "e30." + base64.RawURLEncoding.EncodeToString(claims) + "."
}

const githubRepository, githubRef = "owner/name", "refs/heads/main"

// workflowTokens are those of jobs, and which of them the role trusts.
// https://docs.github.com/en/actions/reference/security/oidc
var workflowTokens = []struct {
	name, repository, ref, subject string
	trusted                        bool
}{
	{"the branch", githubRepository, githubRef, "repo:owner/name:ref:refs/heads/main", true},
	{"the branch, numbered", githubRepository, githubRef, "repo:owner@123/name@456:ref:refs/heads/main", true},
	{"another branch", githubRepository, "refs/heads/other", "repo:owner/name:ref:refs/heads/other", false},
	{"another branch, numbered", githubRepository, "refs/heads/other", "repo:owner@123/name@456:ref:refs/heads/other", false},
	{"a tag of the branch's name, numbered", githubRepository, "refs/tags/main", "repo:owner@123/name@456:ref:refs/tags/main", false},
	{"a pull request", githubRepository, "refs/pull/1/merge", "repo:owner/name:pull_request", false},
	{"a pull request, numbered", githubRepository, "refs/pull/1/merge", "repo:owner@123/name@456:pull_request", false},
	{"an environment, numbered", githubRepository, githubRef, "repo:owner@123/name@456:environment:live", false},
	{"another repository", "owner/other", githubRef, "repo:owner/other:ref:refs/heads/main", false},
	{"another repository, numbered", "owner/other", githubRef, "repo:owner@123/other@789:ref:refs/heads/main", false},
	{"another owner, numbered", "somebody/name", githubRef, "repo:somebody@321/name@654:ref:refs/heads/main", false},
}

// assumeAsWorkflow takes on the role with each token, and gives the session of the first.
func (a testAccount) assumeAsWorkflow() clients {
	a.t.Helper()
	var session clients
	for i, w := range workflowTokens {
		answer, err := a.clients.sts.AssumeRoleWithWebIdentity(a.t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: aws.String(a.outputs["GithubRoleArn"]), RoleSessionName: aws.String("release"),
			WebIdentityToken: aws.String(token(w.repository, w.ref, w.subject)),
		})
		var code smithy.APIError
		refused := errors.As(err, &code) && code.ErrorCode() == "AccessDenied"
		switch {
		case w.trusted && err != nil:
			a.t.Errorf("%s is refused: %v", w.name, err)
		case !w.trusted && !refused:
			a.t.Errorf("%s is not refused: %v", w.name, err)
		case i == 0:
			c := answer.Credentials
			session = newClients(a.emulator.origin, credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken))
		}
	}
	return session
}

// releaseAsWorkflow does what release-image.yml does for a commit that fails.
func (a testAccount) releaseAsWorkflow(ctx context.Context) (string, error) {
	as := a.assumeAsWorkflow()
	if a.t.Failed() {
		a.t.FailNow()
	}
	before, err := a.running(ctx)
	if err != nil {
		return "", err
	}
	workflow := testAccount{&tour{config: a.config, outputs: a.outputs, clients: as}, a.t}
	image, err := newImage(map[string]string{"cloudstruct.emulator.fails": "panic: no table"})
	if err != nil {
		return "", err
	}
	digest, err := workflow.pushAs(ctx, "0123456789abcdef", image)
	if err != nil {
		return "", err
	}
	if err := workflow.giveTag(ctx, digest); err != nil {
		return "", err
	}
	if err := a.await(ctx, "the deploy tag to be restored", workflow.tagged(a.config.Image.Tag), before); err != nil {
		return "", err
	}
	return "", workflow.readVerdict(ctx)
}

// giveTag points the deploy tag at an image.
func (a testAccount) giveTag(ctx context.Context, digest string) error {
	found, err := a.clients.ecr.BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RepositoryName: &a.config.Image.Repository, ImageIds: []ecrtypes.ImageIdentifier{{ImageDigest: &digest}},
	})
	if err != nil {
		return err
	}
	_, err = a.clients.ecr.PutImage(ctx, &ecr.PutImageInput{
		RepositoryName: &a.config.Image.Repository, ImageTag: &a.config.Image.Tag, ImageDigest: &digest,
		ImageManifest: found.Images[0].ImageManifest, ImageManifestMediaType: found.Images[0].ImageManifestMediaType,
	})
	return err
}

// readVerdict reads what the workflow tells of a deployment that failed.
func (a testAccount) readVerdict(ctx context.Context) error {
	cluster, service := aws.String(a.outputs["ClusterName"]), aws.String(a.outputs["ServiceName"])
	list, err := a.clients.ecs.ListServiceDeployments(ctx, &ecs.ListServiceDeploymentsInput{Cluster: cluster, Service: service})
	if err != nil {
		return err
	}
	for _, d := range list.ServiceDeployments {
		if !strings.HasPrefix(string(d.Status), "ROLLBACK") {
			continue
		}
		if _, err := a.clients.ecs.DescribeServiceRevisions(ctx, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{*d.TargetServiceRevisionArn}}); err != nil {
			return err
		}
		if _, err := a.clients.ecs.DescribeServiceDeployments(ctx, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{*d.ServiceDeploymentArn}}); err != nil {
			return err
		}
	}
	tasks, err := a.clients.ecs.ListTasks(ctx, &ecs.ListTasksInput{Cluster: cluster, ServiceName: service, DesiredStatus: ecstypes.DesiredStatusStopped})
	if err != nil {
		return err
	}
	_, err = a.clients.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: cluster, Tasks: tasks.TaskArns})
	return err
}

// wantWorkflowPlayed wants the calls of a role to be those of the workflow that has it.
func wantWorkflowPlayed(t *testing.T, records []iamRecord, role string) {
	t.Helper()
	workflow, err := os.ReadFile(filepath.Join(".github", "workflows", "release-image.yml"))
	if err != nil {
		t.Fatal(err)
	}
	played := map[string]bool{}
	for _, record := range records {
		for _, call := range record.Calls {
			if strings.Contains(call.Principal, role) {
				played[strings.ToLower(call.Action)] = true
			}
		}
	}
	// get-login-password is the CLI's own, around GetAuthorizationToken.
	text := strings.ReplaceAll(string(workflow), "get-login-password", "get-authorization-token")
	for _, command := range regexp.MustCompile(`aws (ecr|ecs) ([a-z-]+)`).FindAllStringSubmatch(text, -1) {
		if action := command[1] + ":" + strings.ReplaceAll(command[2], "-", ""); !played[action] {
			t.Errorf("the workflow calls %s, which no run does as its role", action)
		}
	}
}
