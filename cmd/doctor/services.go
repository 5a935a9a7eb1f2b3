package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
)

// engine tells whether the region has this version of Aurora, and as serverless
// with this minimum.
func (p *patient) engine(ctx context.Context) (finding, error) {
	const fix = "aws rds describe-db-engine-versions --engine aurora-mysql --query DBEngineVersions[].EngineVersion, then another region"
	versions, err := p.clients.rds.DescribeDBEngineVersions(ctx, &rds.DescribeDBEngineVersionsInput{
		Engine: aws.String("aurora-mysql"), EngineVersion: &p.wanted.EngineVersion,
	})
	if err != nil {
		return finding{}, err
	}
	if len(versions.DBEngineVersions) == 0 {
		return bad(fix, "%s is not offered in %s", p.wanted.EngineVersion, p.region)
	}
	serverless := versions.DBEngineVersions[0].ServerlessV2FeaturesSupport
	if least := p.config.Database.MinCapacity; serverless != nil && aws.ToFloat64(serverless.MinCapacity) > least {
		return bad("set database.minCapacity", "%s has a minimum of %g, database.minCapacity is %g", p.wanted.EngineVersion, *serverless.MinCapacity, least)
	}
	return good("%s is offered", p.wanted.EngineVersion)
}

// roles are those that services act by. AWS makes each when it is first needed,
// and most are ready then. That of ECS often is not: the first cluster of an
// account fails with "Unable to assume the service linked role".
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html
func (p *patient) roles(ctx context.Context) (finding, error) {
	var missing []string
	for _, name := range []string{"AWSServiceRoleForECS", "AWSServiceRoleForRDS", "AWSServiceRoleForElasticLoadBalancing", "AWSServiceRoleForApplicationAutoScaling_ECSService"} {
		_, err := p.clients.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		switch codeOf(err) {
		case "NoSuchEntity":
			missing = append(missing, name)
		default:
			if err != nil {
				return finding{}, err
			}
		}
	}
	switch {
	case slices.Contains(missing, "AWSServiceRoleForECS"):
		return bad("aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com", "no AWSServiceRoleForECS: the first cluster of an account often fails without")
	case len(missing) > 0:
		return good("AWS makes %s when it is needed", strings.Join(missing, ", "))
	default:
		return good("all are there")
	}
}

// hostedZone is where the certificate is validated, and the record goes.
func (p *patient) hostedZone(ctx context.Context) (finding, error) {
	domain := p.config.Domain
	const fix = "aws route53 list-hosted-zones, then set domain"
	zone, err := p.clients.route53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &domain.HostedZoneID})
	if codeOf(err) == "NoSuchHostedZone" {
		return bad(fix, "there is no zone %s in this account", domain.HostedZoneID)
	}
	if err != nil {
		return finding{}, err
	}
	name := strings.TrimSuffix(aws.ToString(zone.HostedZone.Name), ".")
	switch {
	case !strings.EqualFold(name, domain.Name):
		return bad(fix, "%s is the zone of %s, not of %s", domain.HostedZoneID, name, domain.Name)
	case zone.HostedZone.Config != nil && zone.HostedZone.Config.PrivateZone:
		return bad(fix, "%s is private: a certificate can't be validated in it", domain.HostedZoneID)
	case zone.DelegationSet == nil:
		return good("%s is the zone of %s", domain.HostedZoneID, name)
	}
	return p.delegation(ctx, zone.DelegationSet.NameServers)
}

// delegation tells whether the internet asks the zone's servers: a certificate
// waits for that, and a deploy with it, for hours.
func (p *patient) delegation(ctx context.Context, servers []string) (finding, error) {
	domain := p.config.Domain
	asked, err := p.nameServers(ctx, domain.Name)
	if err != nil {
		return dubious("", "%s is the zone of %s; its delegation is not checked: %s", domain.HostedZoneID, domain.Name, firstLine(err.Error()))
	}
	for _, server := range servers {
		if slices.ContainsFunc(asked, func(other string) bool {
			return strings.EqualFold(strings.TrimSuffix(other, "."), strings.TrimSuffix(server, "."))
		}) {
			return good("%s is the zone of %s", domain.HostedZoneID, domain.Name)
		}
	}
	return bad("at the registrar set the name servers "+strings.Join(servers, " "), "the internet asks others about %s: %s", domain.Name, strings.Join(asked, " "))
}

func nameServers(ctx context.Context, domain string) ([]string, error) {
	records, err := net.DefaultResolver.LookupNS(ctx, domain)
	var names []string
	for _, record := range records {
		names = append(names, record.Host)
	}
	return names, err
}

const githubHost = "token.actions.githubusercontent.com"

// identityProvider is how the account knows GitHub's workflows.
func (p *patient) identityProvider(ctx context.Context) (finding, error) {
	providers, err := p.clients.iam.ListOpenIDConnectProviders(ctx, &iam.ListOpenIDConnectProvidersInput{})
	if err != nil {
		return finding{}, err
	}
	for _, provider := range providers.OpenIDConnectProviderList {
		if strings.HasSuffix(aws.ToString(provider.Arn), "/"+githubHost) {
			return good("the account knows %s", githubHost)
		}
	}
	return bad(fmt.Sprintf("aws iam create-open-id-connect-provider --url https://%s --client-id-list sts.amazonaws.com", githubHost), "the account does not know %s", githubHost)
}
