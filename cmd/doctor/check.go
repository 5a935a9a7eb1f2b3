package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/smithy-go"

	"cloudstruct/cmd/internal/access"
	"cloudstruct/config"
)

// patience is how long one check may take: an answer of AWS takes a second at
// most, its retries some more.
const patience = 15 * time.Second

// verdict is what a check comes to.
type verdict int

const (
	ok   verdict = iota
	warn         // works now but may not later, or could not be checked
	fail         // a deploy would fail
)

// finding is what a check has found, and the command that fixes it.
type finding struct {
	name    string
	verdict verdict
	what    string
	fix     string
}

// patient is all that checks look at.
type patient struct {
	config  config.Config
	wanted  assembly
	region  string
	clients clients
	// tool gives the version of a program of this machine.
	tool func(ctx context.Context, name string, arguments ...string) (string, error)
	// nameServers are those that the internet asks about a domain.
	nameServers func(ctx context.Context, domain string) ([]string, error)
	// readSecrets allows to read secrets, to see whether they have the wanted keys.
	readSecrets bool

	account string
}

type check struct {
	name string
	run  func(ctx context.Context) (finding, error)
}

// examine runs all checks. Those that ask AWS are left out when it can't be asked:
// all would say the same.
func (p *patient) examine(ctx context.Context) []finding {
	findings := together(ctx, []check{
		{"Node", p.node}, {"Go", p.golang}, {"AWS CLI", p.awsCLI}, {"region", p.regionSet}, {"credentials", p.credentials},
	})
	for _, f := range findings {
		if (f.name == "region" || f.name == "credentials") && f.verdict == fail {
			return append(findings, finding{"the account", warn, "not checked", ""})
		}
	}
	checks := []check{
		{"bootstrap", p.bootstrap}, {"stack", p.stackState}, {"repository", p.repository}, {"addresses", p.addresses},
		{"vCPUs on demand", p.onDemandQuota}, {"vCPUs on Spot", p.spotQuota}, {"database engine", p.engine}, {"service-linked roles", p.roles},
	}
	checks = append(checks, check{"strategy", p.strategyChange}, check{"replacement", p.replacement}, check{"extended support", p.extendedSupport})
	if p.config.Domain != nil {
		checks = append(checks, check{"hosted zone", p.hostedZone}, check{"record", p.recordName})
	}
	if len(p.config.Service.Secrets) > 0 {
		checks = append(checks, check{"secrets", p.secrets})
	}
	if p.config.GitHub.Repository != "" {
		checks = append(checks, check{"GitHub", p.identityProvider})
	}
	return append(findings, together(ctx, checks)...)
}

// together does checks at the same time, and keeps their order.
func together(ctx context.Context, checks []check) []finding {
	findings := make([]finding, len(checks))
	var wait sync.WaitGroup
	for i, c := range checks {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			f, err := c.run(ctx)
			if err != nil {
				f = unseen(err)
			}
			f.name = c.name
			findings[i] = f
		})
	}
	wait.Wait()
	return findings
}

// unseen is the finding of a check that got no answer.
func unseen(err error) finding {
	var operation *smithy.OperationError
	var api smithy.APIError
	problem, noAccess := access.Explain(err)
	switch {
	case noAccess:
		return finding{verdict: warn, what: "not checked: " + problem.What, fix: problem.Fix}
	case errors.Is(err, context.DeadlineExceeded):
		return finding{verdict: warn, what: fmt.Sprintf("not checked: no answer in %s", patience)}
	case errors.As(err, &api) && errors.As(err, &operation):
		f := finding{verdict: warn, what: fmt.Sprintf("not checked: %s says %s", operation.Operation(), api.ErrorCode())}
		if strings.HasPrefix(api.ErrorCode(), "AccessDenied") || strings.HasPrefix(api.ErrorCode(), "Unauthorized") {
			service := strings.ToLower(strings.ReplaceAll(operation.Service(), " ", ""))
			f.fix = fmt.Sprintf("allow yourself %s:%s", service, operation.Operation())
		}
		return f
	default:
		return finding{verdict: warn, what: "not checked: " + firstLine(err.Error())}
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func good(format string, args ...any) (finding, error) {
	return finding{verdict: ok, what: fmt.Sprintf(format, args...)}, nil
}

func bad(fix, format string, args ...any) (finding, error) {
	return finding{verdict: fail, what: fmt.Sprintf(format, args...), fix: fix}, nil
}

func dubious(fix, format string, args ...any) (finding, error) {
	return finding{verdict: warn, what: fmt.Sprintf(format, args...), fix: fix}, nil
}

// codeOf is the code of an AWS error.
func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}
