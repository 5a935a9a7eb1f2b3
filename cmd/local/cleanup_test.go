package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
)

// runs is a command of this project on the account, without a terminal, and what it
// prints.
func (a testAccount) runs(command string, arguments ...string) (string, error) {
	a.t.Helper()
	cmd := a.command(a.t.Context(), "go", append([]string{"run", "./cmd/" + command, "-config", a.file}, arguments...)...)
	output, err := cmd.CombinedOutput()
	fmt.Fprintf(a.log, "$ %s %v\n%s", command, arguments, output)
	return string(output), err
}

// pushAsSoonAsPossible pushes an image of somebody's own, under a tag of its own, when
// the repository exists.
func (a testAccount) pushAsSoonAsPossible(ctx context.Context, tag string) error {
	for {
		_, err := a.clients.ecr.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{a.config.Image.Repository}})
		if err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the repository was never there: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	own := *a.tour
	own.config.Image.Tag = tag
	_, err := own.push(ctx, nil)
	return err
}

// TestFirstDeployWhoseRollbackFailedIsRemovedAndDeployedAgain has an image in the
// repository that nobody but a person may delete.
func TestFirstDeployWhoseRollbackFailedIsRemovedAndDeployedAgain(t *testing.T) {
	a := newAccount(t, production+"service: {environment: {EMULATOR_FAILS: no database}}\n")
	before := a.inventory()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	pushed := make(chan error, 1)
	go func() { pushed <- a.pushAsSoonAsPossible(ctx, "mine") }()
	if err := a.tryDeploy(); err == nil {
		t.Fatal("the deployment succeeded")
	}
	if err := <-pushed; err != nil {
		t.Fatal(err)
	}
	a.wantStatus(cfntypes.StackStatusRollbackFailed, "cannot be deleted because it still contains images")

	text, err := a.runs("cleanup")
	for _, want := range []string{"delete ECR repository my-api with its", "mine", "switch off the termination protection", "CLEANUP=yes"} {
		if err == nil || !strings.Contains(text, want) {
			t.Errorf("without a terminal: %v, lacks %q:\n%s", err, want, text)
		}
	}
	a.wantStatus(cfntypes.StackStatusRollbackFailed, "")
	if digest, err := a.tagged("mine")(t.Context()); err != nil || digest == "" {
		t.Errorf("the image is gone without consent: %q, %v", digest, err)
	}

	if text, err := a.runs("cleanup", "-yes"); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	for _, left := range added(a.inventory(), before) {
		// The final snapshots of the database, which has DeletionPolicy Snapshot.
		if !strings.HasPrefix(left, "rds:describe_db_cluster_snapshots ") {
			t.Errorf("left over: %s", left)
		}
	}
	a.configure(production)
	if err := a.tryDeploy(); err != nil {
		t.Fatal(err)
	}
	a.wantStatus(cfntypes.StackStatusCreateComplete, "")
	a.refusesWhatWasComplete()
}

// refusesWhatWasComplete lets the deletion of a complete stack fail, which then looks
// like a failed first deploy, and wants nothing of it to be touched.
func (a testAccount) refusesWhatWasComplete() {
	a.t.Helper()
	text, err := a.runs("protected")
	for _, key := range []string{"terminationProtection", "loadBalancer.deletionProtection", "database.deletionProtection"} {
		if err == nil || !strings.Contains(text, key) {
			a.t.Errorf("destroy does not name %s: %v\n%s", key, err, text)
		}
	}
	name := aws.String(a.config.StackName())
	if _, err := a.clients.cloudformation.UpdateTerminationProtection(a.t.Context(), &cloudformation.UpdateTerminationProtectionInput{
		StackName: name, EnableTerminationProtection: aws.Bool(false),
	}); err != nil {
		a.t.Fatal(err)
	}
	if _, err := a.clients.cloudformation.DeleteStack(a.t.Context(), &cloudformation.DeleteStackInput{StackName: name}); err != nil {
		a.t.Fatal(err)
	}
	waiter := cloudformation.NewStackDeleteCompleteWaiter(a.clients.cloudformation, func(o *cloudformation.StackDeleteCompleteWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Second, time.Second
	})
	if err := waiter.Wait(a.t.Context(), &cloudformation.DescribeStacksInput{StackName: name}, time.Minute); err == nil {
		a.t.Fatal("a protected database and load balancer were deleted")
	}
	a.wantStatus(cfntypes.StackStatusDeleteFailed, "deletion protection")
	before := a.inventory()
	if text, err := a.runs("cleanup", "-yes"); err == nil || !strings.Contains(text, "it may hold data: it was CREATE_COMPLETE") {
		a.t.Errorf("%v:\n%s", err, text)
	}
	a.wantSameInventory(before)
}
