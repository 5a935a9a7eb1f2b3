package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
)

// quota is one of Service Quotas.
// https://docs.aws.amazon.com/servicequotas/latest/userguide/intro.html
type quota struct{ service, code string }

var (
	addressQuota  = quota{"ec2", "L-0263D0A3"}
	onDemandVCPUs = quota{"fargate", "L-3032A538"}
	spotVCPUs     = quota{"fargate", "L-36FBB829"}
)

// of is the account's own value, or else AWS's default.
func (p *patient) quota(ctx context.Context, q quota) (float64, error) {
	own, err := p.clients.quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: &q.service, QuotaCode: &q.code})
	if codeOf(err) == "NoSuchResourceException" {
		standard, err := p.clients.quotas.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: &q.service, QuotaCode: &q.code})
		if err != nil {
			return 0, err
		}
		return aws.ToFloat64(standard.Quota.Value), nil
	}
	if err != nil {
		return 0, err
	}
	if own.Quota == nil {
		return 0, errors.New("no answer about a quota")
	}
	return aws.ToFloat64(own.Quota.Value), nil
}

func (q quota) ask(value float64) string {
	return fmt.Sprintf("aws service-quotas request-service-quota-increase --service-code %s --quota-code %s --desired-value %g", q.service, q.code, value)
}

// addresses are needed by NAT gateways, one each.
func (p *patient) addresses(ctx context.Context) (finding, error) {
	owned, err := p.owned(ctx, "AWS::EC2::EIP")
	if err != nil {
		return finding{}, err
	}
	missing := max(p.wanted.Addresses-len(owned), 0)
	if missing == 0 {
		return good("no more are needed")
	}
	used, err := p.clients.ec2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
	if err != nil {
		return finding{}, err
	}
	allowed, err := p.quota(ctx, addressQuota)
	if err != nil {
		return finding{}, err
	}
	needed := len(used.Addresses) + missing
	if float64(needed) > allowed {
		return bad(addressQuota.ask(float64(needed)), "%d are needed beside the %d in use, %g are allowed", missing, len(used.Addresses), allowed)
	}
	return good("%d are needed beside the %d in use, %g are allowed", missing, len(used.Addresses), allowed)
}

func (p *patient) onDemandQuota(ctx context.Context) (finding, error) {
	return p.vcpus(ctx, onDemandVCPUs, p.onDemandTasks)
}

func (p *patient) spotQuota(ctx context.Context) (finding, error) {
	return p.vcpus(ctx, spotVCPUs, func(tasks int) int { return tasks - p.onDemandTasks(tasks) })
}

// vcpus compares a quota with what the service's part of it takes. Other
// services of the account take theirs too, and a rollout twice as much for a
// while.
func (p *patient) vcpus(ctx context.Context, q quota, part func(tasks int) int) (finding, error) {
	of := func(tasks int) float64 { return float64(part(tasks)*p.config.Service.CPU) / 1024 }
	least, most := of(p.config.Scaling.Min), of(p.mostTasks())
	if most == 0 {
		return good("none are needed")
	}
	allowed, err := p.quota(ctx, q)
	switch {
	case err != nil:
		return finding{}, err
	case allowed < least:
		return bad(q.ask(math.Ceil(2*most)), "%g are needed at least, %g are allowed", least, allowed)
	case allowed < 2*most:
		return dubious(q.ask(math.Ceil(2*most)), "%g are needed at most, twice that in a rollout, %g are allowed", most, allowed)
	default:
		return good("%g are needed at most, twice that in a rollout, %g are allowed", most, allowed)
	}
}

func (p *patient) mostTasks() int {
	most := p.config.Scaling.Max
	for _, at := range p.config.Scaling.Schedule {
		most = max(most, *at.Max)
	}
	return most
}

// onDemandTasks are so many of a number of tasks, by the service's strategy: the
// base, then a share of the others, rounded up.
func (p *patient) onDemandTasks(tasks int) int {
	s := p.config.Service
	base := min(s.OnDemandBase, tasks)
	weights := s.OnDemandWeight + s.SpotWeight
	if weights == 0 {
		return tasks
	}
	return base + ((tasks-base)*s.OnDemandWeight+weights-1)/weights
}
