package main

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// recordName reports a name that is taken. CloudFormation creates records, and does
// not take over existing ones: a deploy fails at its very end, with "Tried to create
// resource record set ... but it already exists".
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
func (p *patient) recordName(ctx context.Context) (finding, error) {
	host := p.wanted.Host
	owned, err := p.owned(ctx, "AWS::Route53::RecordSet")
	if err != nil {
		return finding{}, err
	}
	mine := slices.ContainsFunc(owned, func(name string) bool { return strings.TrimSuffix(name, ".") == host })
	taken, err := p.recordTypes(ctx, host)
	if err != nil {
		return finding{}, err
	}
	const fix = "delete the record, or set another domain.record"
	switch {
	case slices.Contains(taken, types.RRTypeCname):
		return bad(fix, "%s is taken by a CNAME record", host)
	case slices.Contains(taken, types.RRTypeA) && !mine:
		return bad(fix, "%s is taken by an A record, which is not this stack's", host)
	case slices.Contains(taken, types.RRTypeAaaa):
		// The stack's record is for IPv4.
		return dubious("delete the AAAA record", "%s has an AAAA record: clients with IPv6 reach what it names, and not this service", host)
	case mine:
		return good("%s is the stack's", host)
	default:
		return good("%s is not taken", host)
	}
}

// recordTypes are those of all records with exactly this name. The list begins
// there, and its order puts other types and names after them.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html
func (p *patient) recordTypes(ctx context.Context, host string) ([]types.RRType, error) {
	var found []types.RRType
	pages := route53.NewListResourceRecordSetsPaginator(p.clients.route53, &route53.ListResourceRecordSetsInput{
		HostedZoneId: &p.config.Domain.HostedZoneID, StartRecordName: &host,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, record := range page.ResourceRecordSets {
			if !strings.EqualFold(strings.TrimSuffix(aws.ToString(record.Name), "."), host) {
				return found, nil
			}
			found = append(found, record.Type)
		}
	}
	return found, nil
}
