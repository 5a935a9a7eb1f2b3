package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"cloudstruct/cmd/internal/access"
)

// place is where the CDK would deploy to.
func (p *patient) place() string {
	if p.account == "" || p.region == "" {
		return "an unknown place"
	}
	return fmt.Sprintf("aws://%s/%s", p.account, p.region)
}

func (p *patient) regionSet(context.Context) (finding, error) {
	if p.region == "" {
		// The CDK CLI would take us-east-1 without a word.
		return bad("export AWS_REGION=ap-southeast-2, or another", "is not set")
	}
	if endpoint := os.Getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		return good("%s, at %s", p.region, endpoint)
	}
	return good("%s", p.region)
}

func (p *patient) credentials(ctx context.Context) (finding, error) {
	caller, err := p.clients.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if problem, ok := access.Explain(err); ok {
		return bad(problem.Fix, "%s", problem.What)
	}
	if err != nil {
		return bad("aws sts get-caller-identity", "AWS does not say who is signed in: %s", firstLine(err.Error()))
	}
	p.account = aws.ToString(caller.Account)
	if arn := aws.ToString(caller.Arn); strings.HasSuffix(arn, ":root") {
		return dubious("sign in as a role", "account %s, as its root user", p.account)
	}
	return good("account %s, as %s", p.account, aws.ToString(caller.Arn))
}

func (p *patient) bootstrap(ctx context.Context) (finding, error) {
	fix := "npx cdk bootstrap -c environment=" + p.config.Environment + " " + p.place()
	parameter, err := p.clients.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: &p.wanted.BootstrapParameter})
	if codeOf(err) == "ParameterNotFound" {
		return bad(fix, "the CDK is not bootstrapped here")
	}
	if err != nil {
		return finding{}, err
	}
	version, err := strconv.Atoi(aws.ToString(parameter.Parameter.Value))
	if err != nil {
		return finding{}, fmt.Errorf("%s: %w", p.wanted.BootstrapParameter, err)
	}
	if version < p.wanted.Bootstrap {
		return bad(fix, "version %d, the stack needs %d", version, p.wanted.Bootstrap)
	}
	return good("version %d, the stack needs %d", version, p.wanted.Bootstrap)
}
