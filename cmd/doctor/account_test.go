package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	quotatypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"cloudstruct/config"
)

const mailSecret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:mail-AbCdEf"

// account is an AWS account in memory, with only what can be read of it. What
// is in denied is refused, by the name of the operation, with a code.
type account struct {
	arn          string
	bootstrap    int // its version; 0 is none
	status       cfntypes.StackStatus
	protected    bool
	resources    map[string]string // physical id to type
	repositories []string
	addresses    int
	quotas       map[string]float64 // the account's own, by code
	standard     map[string]float64
	engines      map[string]float64 // version to its least capacity
	roles        []string
	providers    []string
	zones        map[string]route53types.HostedZone
	servers      []string // of every zone
	records      []route53types.ResourceRecordSet
	template     string // of the deployed stack
	secrets      map[string]secret
	read         []string // secrets whose values were read
	denied, code string
	stuck        bool
}

// secret is one in Secrets Manager; without a value there is none to read.
type secret struct {
	value   string
	deleted bool
}

func (a *account) answer(ctx context.Context, service, operation string) error {
	if a.stuck {
		<-ctx.Done()
		return ctx.Err()
	}
	if a.denied == operation {
		return failure(service, operation, cmp.Or(a.code, "AccessDeniedException"), "")
	}
	return nil
}

// failure is an error as the SDK gives it.
func failure(service, operation, code, message string) error {
	return &smithy.OperationError{ServiceID: service, OperationName: operation, Err: &smithy.GenericAPIError{Code: code, Message: message}}
}

func (a *account) GetCallerIdentity(ctx context.Context, _ *sts.GetCallerIdentityInput, _ ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error) {
	if a.arn == "" {
		return nil, errors.New("operation error STS: GetCallerIdentity, get identity: failed to refresh cached credentials, no EC2 IMDS role found")
	}
	return &sts.GetCallerIdentityOutput{Account: aws.String("123456789012"), Arn: &a.arn}, a.answer(ctx, "STS", "GetCallerIdentity")
}

func (a *account) GetParameter(ctx context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	if err := a.answer(ctx, "SSM", "GetParameter"); err != nil {
		return nil, err
	}
	if a.bootstrap == 0 || *in.Name != "/cdk-bootstrap/hnb659fds/version" {
		return nil, &ssmtypes.ParameterNotFound{}
	}
	return &ssm.GetParameterOutput{Parameter: &ssmtypes.Parameter{Value: aws.String(strconv.Itoa(a.bootstrap))}}, nil
}

func (a *account) DescribeStacks(ctx context.Context, in *cloudformation.DescribeStacksInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	if err := a.answer(ctx, "CloudFormation", "DescribeStacks"); err != nil {
		return nil, err
	}
	if a.status == "" {
		return nil, failure("CloudFormation", "DescribeStacks", "ValidationError", "Stack with id "+*in.StackName+" does not exist")
	}
	return &cloudformation.DescribeStacksOutput{Stacks: []cfntypes.Stack{{StackStatus: a.status, EnableTerminationProtection: &a.protected}}}, nil
}

// ListStackResources gives a page for each resource.
func (a *account) ListStackResources(ctx context.Context, in *cloudformation.ListStackResourcesInput, _ ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error) {
	if err := a.answer(ctx, "CloudFormation", "ListStackResources"); err != nil {
		return nil, err
	}
	if a.status == "" {
		return nil, failure("CloudFormation", "ListStackResources", "ValidationError", "Stack with id "+*in.StackName+" does not exist")
	}
	var ids []string
	for id := range a.resources {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	page, _ := strconv.Atoi(aws.ToString(in.NextToken))
	out := &cloudformation.ListStackResourcesOutput{}
	if page < len(ids) {
		out.StackResourceSummaries = []cfntypes.StackResourceSummary{{PhysicalResourceId: &ids[page], ResourceType: aws.String(a.resources[ids[page]])}}
	}
	if page+1 < len(ids) {
		out.NextToken = aws.String(strconv.Itoa(page + 1))
	}
	return out, nil
}

func (a *account) DescribeRepositories(ctx context.Context, in *ecr.DescribeRepositoriesInput, _ ...func(*ecr.Options)) (*ecr.DescribeRepositoriesOutput, error) {
	if err := a.answer(ctx, "ECR", "DescribeRepositories"); err != nil {
		return nil, err
	}
	if !slices.Contains(a.repositories, in.RepositoryNames[0]) {
		return nil, failure("ECR", "DescribeRepositories", "RepositoryNotFoundException", "")
	}
	return &ecr.DescribeRepositoriesOutput{}, nil
}

func (a *account) DescribeAddresses(ctx context.Context, _ *ec2.DescribeAddressesInput, _ ...func(*ec2.Options)) (*ec2.DescribeAddressesOutput, error) {
	return &ec2.DescribeAddressesOutput{Addresses: make([]ec2types.Address, a.addresses)}, a.answer(ctx, "EC2", "DescribeAddresses")
}

func (a *account) GetServiceQuota(ctx context.Context, in *servicequotas.GetServiceQuotaInput, _ ...func(*servicequotas.Options)) (*servicequotas.GetServiceQuotaOutput, error) {
	if err := a.answer(ctx, "Service Quotas", "GetServiceQuota"); err != nil {
		return nil, err
	}
	value, own := a.quotas[*in.ServiceCode+" "+*in.QuotaCode]
	if !own {
		return nil, &quotatypes.NoSuchResourceException{}
	}
	return &servicequotas.GetServiceQuotaOutput{Quota: &quotatypes.ServiceQuota{Value: &value}}, nil
}

func (a *account) GetAWSDefaultServiceQuota(ctx context.Context, in *servicequotas.GetAWSDefaultServiceQuotaInput, _ ...func(*servicequotas.Options)) (*servicequotas.GetAWSDefaultServiceQuotaOutput, error) {
	value := a.standard[*in.ServiceCode+" "+*in.QuotaCode]
	return &servicequotas.GetAWSDefaultServiceQuotaOutput{Quota: &quotatypes.ServiceQuota{Value: &value}}, a.answer(ctx, "Service Quotas", "GetAWSDefaultServiceQuota")
}

func (a *account) DescribeDBEngineVersions(ctx context.Context, in *rds.DescribeDBEngineVersionsInput, _ ...func(*rds.Options)) (*rds.DescribeDBEngineVersionsOutput, error) {
	out := &rds.DescribeDBEngineVersionsOutput{}
	if least, offered := a.engines[*in.EngineVersion]; offered {
		out.DBEngineVersions = []rdstypes.DBEngineVersion{{ServerlessV2FeaturesSupport: &rdstypes.ServerlessV2FeaturesSupport{MinCapacity: &least}}}
	}
	return out, a.answer(ctx, "RDS", "DescribeDBEngineVersions")
}

func (a *account) GetRole(ctx context.Context, in *iam.GetRoleInput, _ ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	if err := a.answer(ctx, "IAM", "GetRole"); err != nil {
		return nil, err
	}
	if !slices.Contains(a.roles, *in.RoleName) {
		return nil, &iamtypes.NoSuchEntityException{}
	}
	return &iam.GetRoleOutput{}, nil
}

func (a *account) ListOpenIDConnectProviders(ctx context.Context, _ *iam.ListOpenIDConnectProvidersInput, _ ...func(*iam.Options)) (*iam.ListOpenIDConnectProvidersOutput, error) {
	out := &iam.ListOpenIDConnectProvidersOutput{}
	for _, provider := range a.providers {
		out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList, iamtypes.OpenIDConnectProviderListEntry{Arn: aws.String("arn:aws:iam::123456789012:oidc-provider/" + provider)})
	}
	return out, a.answer(ctx, "IAM", "ListOpenIDConnectProviders")
}

func (a *account) GetHostedZone(ctx context.Context, in *route53.GetHostedZoneInput, _ ...func(*route53.Options)) (*route53.GetHostedZoneOutput, error) {
	if err := a.answer(ctx, "Route 53", "GetHostedZone"); err != nil {
		return nil, err
	}
	zone, there := a.zones[*in.Id]
	if !there {
		return nil, &route53types.NoSuchHostedZone{}
	}
	return &route53.GetHostedZoneOutput{HostedZone: &zone, DelegationSet: &route53types.DelegationSet{NameServers: a.servers}}, nil
}

// ListResourceRecordSets gives a page for each record, from a name on.
func (a *account) ListResourceRecordSets(ctx context.Context, in *route53.ListResourceRecordSetsInput, _ ...func(*route53.Options)) (*route53.ListResourceRecordSetsOutput, error) {
	if err := a.answer(ctx, "Route 53", "ListResourceRecordSets"); err != nil {
		return nil, err
	}
	out := &route53.ListResourceRecordSetsOutput{}
	for i, record := range a.records {
		if strings.TrimSuffix(*record.Name, ".") == strings.TrimSuffix(*in.StartRecordName, ".") && (in.StartRecordType == "" || in.StartRecordType == record.Type) {
			out.ResourceRecordSets = a.records[i : i+1]
			if i+1 < len(a.records) {
				out.IsTruncated, out.NextRecordName, out.NextRecordType = true, a.records[i+1].Name, a.records[i+1].Type
			}
			break
		}
	}
	return out, nil
}

func (a *account) GetTemplate(ctx context.Context, in *cloudformation.GetTemplateInput, _ ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error) {
	if err := a.answer(ctx, "CloudFormation", "GetTemplate"); err != nil {
		return nil, err
	}
	if a.status == "" {
		return nil, failure("CloudFormation", "GetTemplate", "ValidationError", "Stack with id "+*in.StackName+" does not exist")
	}
	return &cloudformation.GetTemplateOutput{TemplateBody: &a.template}, nil
}

func (a *account) DescribeSecret(ctx context.Context, in *secretsmanager.DescribeSecretInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	if err := a.answer(ctx, "Secrets Manager", "DescribeSecret"); err != nil {
		return nil, err
	}
	s, there := a.secrets[*in.SecretId]
	if !there {
		return nil, failure("Secrets Manager", "DescribeSecret", "ResourceNotFoundException", "")
	}
	out := &secretsmanager.DescribeSecretOutput{}
	if s.deleted {
		out.DeletedDate = &time.Time{}
	}
	if s.value != "" {
		out.VersionIdsToStages = map[string][]string{"1": {"AWSCURRENT"}}
	}
	return out, nil
}

func (a *account) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	a.read = append(a.read, *in.SecretId)
	value := a.secrets[*in.SecretId].value
	return &secretsmanager.GetSecretValueOutput{SecretString: &value}, a.answer(ctx, "Secrets Manager", "GetSecretValue")
}

// ready is an account, and a machine, that a first deploy of production works in.
func ready() (*account, *patient) {
	a := &account{
		arn: "arn:aws:sts::123456789012:assumed-role/Admin/me", bootstrap: 30, addresses: 1,
		standard: map[string]float64{"ec2 L-0263D0A3": 5, "fargate L-3032A538": 4000, "fargate L-36FBB829": 4000},
		engines:  map[string]float64{"8.0.mysql_aurora.3.10.3": 0},
		roles:    []string{"AWSServiceRoleForECS", "AWSServiceRoleForRDS", "AWSServiceRoleForElasticLoadBalancing", "AWSServiceRoleForApplicationAutoScaling_ECSService"},
		zones:    map[string]route53types.HostedZone{"Z1": {Name: aws.String("example.com.")}},
		servers:  []string{"ns-1.awsdns-01.org"},
	}
	a.providers = []string{githubHost}
	cfg := config.Default()
	cfg.Environment = "production"
	cfg.Domain = &config.Domain{Name: "example.com", HostedZoneID: "Z1", Record: "server"}
	cfg.GitHub.Repository = "owner/name"
	cfg.Service.Secrets = map[string]string{"MAIL": mailSecret, "MAIL_KEY": mailSecret + ":key"}
	a.secrets = map[string]secret{mailSecret: {value: `{"key": "x"}`}}
	return a, &patient{
		config: cfg, region: "eu-central-1",
		wanted:  assembly{Bootstrap: 6, BootstrapParameter: "/cdk-bootstrap/hnb659fds/version", Addresses: 2, EngineVersion: "8.0.mysql_aurora.3.10.3", Host: "server.example.com"},
		clients: clients{sts: a, ssm: a, cloudformation: a, ecr: a, ec2: a, quotas: a, rds: a, iam: a, route53: a, secrets: a},
		tool: func(_ context.Context, name string, _ ...string) (string, error) {
			return map[string]string{"node": "v99.0.0", "go": "go99.0.0", "aws": "aws-cli/2.30.1 Python/3.13.7"}[name], nil
		},
		nameServers: func(context.Context, string) ([]string, error) { return []string{"NS-1.awsdns-01.org."}, nil },
	}
}

// one looks for a finding by its name.
func one(t *testing.T, findings []finding, name string) finding {
	t.Helper()
	i := slices.IndexFunc(findings, func(f finding) bool { return f.name == name })
	if i < 0 {
		t.Fatalf("no finding about %s in %v", name, findings)
	}
	return findings[i]
}
