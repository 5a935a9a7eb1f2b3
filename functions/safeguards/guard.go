package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go"
)

const (
	// answerTime is kept of the function's time to report to CloudFormation why it failed.
	answerTime = 10 * time.Second
	// undoTime is kept to take back what was switched on before the failure.
	undoTime = 40 * time.Second
)

type balancerAPI interface {
	ModifyLoadBalancerAttributes(context.Context, *elb.ModifyLoadBalancerAttributesInput, ...func(*elb.Options)) (*elb.ModifyLoadBalancerAttributesOutput, error)
}

type databaseAPI interface {
	ModifyDBCluster(context.Context, *rds.ModifyDBClusterInput, ...func(*rds.Options)) (*rds.ModifyDBClusterOutput, error)
}

type guard struct {
	balancers balancerAPI
	databases databaseAPI
	pause     time.Duration // between two tries
}

// handle answers one request of CloudFormation. Each may be repeated.
//
// A delete changes nothing: protection is there to make the deletion of a stack fail,
// and is lifted by the configuration or by a person. Should the answer to a create be lost
// on its way, the rollback fails with everything switched on, and `make deploy` cleans up.
func (g *guard) handle(ctx context.Context, event cfn.Event) (string, map[string]any, error) {
	id := event.PhysicalResourceID
	if event.RequestType == cfn.RequestDelete {
		return id, nil, nil
	}
	p, err := parseProperties(event.ResourceProperties)
	if err != nil {
		return id, nil, err
	}
	before, _ := event.OldResourceProperties["DatabaseClusterIdentifier"].(string)
	if event.RequestType == cfn.RequestCreate {
		id = "safeguards"
	}
	return id, nil, g.switchOn(ctx, p, before != p.Database)
}

// switchOn leaves a cluster that is new to this resource unprotected when it fails: the
// rollback that follows has to delete it, with the load balancer and the bucket. Where the
// template protected the cluster before, the rollback protects it again.
func (g *guard) switchOn(ctx context.Context, p properties, isNew bool) error {
	applying := ctx
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		applying, cancel = context.WithDeadline(ctx, deadline.Add(-answerTime-undoTime))
		defer cancel()
	}
	if err := g.protectDatabase(applying, p.Database, p.ProtectDatabase); err != nil {
		return err
	}
	// This call comes last, and changes everything or nothing.
	err := g.guardBalancer(applying, p)
	if err == nil || !isNew || !p.ProtectDatabase {
		return err
	}
	undoing, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	if undo := g.protectDatabase(undoing, p.Database, false); undo != nil {
		return errors.Join(err, fmt.Errorf("and could not undo it: %w", undo))
	}
	return err
}

// protectDatabase waits for a cluster that is being changed.
func (g *guard) protectDatabase(ctx context.Context, cluster string, on bool) error {
	err := g.retry(ctx, func() error {
		_, err := g.databases.ModifyDBCluster(ctx, &rds.ModifyDBClusterInput{
			DBClusterIdentifier: &cluster, DeletionProtection: &on, ApplyImmediately: aws.Bool(true),
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("set deletion protection of database cluster %s to %t: %w", cluster, on, err)
	}
	slog.Info("deletion protection set", "cluster", cluster, "on", on)
	return nil
}

// guardBalancer sets all attributes with one call, which fails as a whole when the load
// balancer may not write to the bucket.
func (g *guard) guardBalancer(ctx context.Context, p properties) error {
	attributes := map[string]string{
		"deletion_protection.enabled": strconv.FormatBool(p.ProtectBalancer),
		"access_logs.s3.enabled":      strconv.FormatBool(p.Bucket != ""),
	}
	if p.Bucket != "" {
		attributes["access_logs.s3.bucket"] = p.Bucket
	}
	input := &elb.ModifyLoadBalancerAttributesInput{LoadBalancerArn: &p.Balancer}
	for key, value := range attributes {
		input.Attributes = append(input.Attributes, elbtypes.LoadBalancerAttribute{Key: &key, Value: &value})
	}
	err := g.retry(ctx, func() error {
		_, err := g.balancers.ModifyLoadBalancerAttributes(ctx, input)
		return err
	})
	if err != nil {
		return fmt.Errorf("set deletion protection and access logs of load balancer %s: %w", p.Balancer, err)
	}
	slog.Info("load balancer attributes set", "attributes", attributes)
	return nil
}

// retry repeats what AWS refuses for a short time only: a policy that was made a moment
// ago is not known everywhere yet, and a cluster that is being changed takes no other
// change.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
func (g *guard) retry(ctx context.Context, call func() error) error {
	var refusal error // says more than the end of the time
	for {
		err := call()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil && refusal != nil:
			return refusal
		case !isPassing(err):
			return err
		}
		refusal = err
		slog.Info("call is repeated", "error", err)
		select {
		case <-ctx.Done():
			return refusal
		case <-time.After(g.pause):
		}
	}
}

func isPassing(err error) bool {
	var state *rdstypes.InvalidDBClusterStateFault
	var refused smithy.APIError
	switch {
	case errors.As(err, &state):
		return true
	case errors.As(err, &refused):
		return refused.ErrorCode() == "AccessDenied" || refused.ErrorCode() == "AccessDeniedException"
	}
	return false
}

// properties are those of the custom resource. CloudFormation sends all values as text.
type properties struct {
	Balancer        string // ARN
	ProtectBalancer bool
	Bucket          string // of access logs; empty for none
	Database        string // cluster identifier
	ProtectDatabase bool
}

func parseProperties(raw map[string]any) (properties, error) {
	var problems []string
	text := func(key string) string {
		value, _ := raw[key].(string)
		if value == "" {
			problems = append(problems, key+" is missing")
		}
		return value
	}
	flag := func(key string) bool {
		on, err := strconv.ParseBool(text(key))
		if raw[key] != nil && err != nil {
			problems = append(problems, fmt.Sprintf("%s must be true or false, got %q", key, raw[key]))
		}
		return on
	}
	p := properties{
		Balancer: text("LoadBalancerArn"), ProtectBalancer: flag("LoadBalancerDeletionProtection"),
		Database: text("DatabaseClusterIdentifier"), ProtectDatabase: flag("DatabaseDeletionProtection"),
	}
	p.Bucket, _ = raw["AccessLogsBucket"].(string)
	if len(problems) > 0 {
		return p, fmt.Errorf("resource properties: %s", strings.Join(problems, "; "))
	}
	return p, nil
}
