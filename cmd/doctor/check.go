package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/smithy-go"

	"cloudstruct/config"
)

// patience is how long one check may take: an answer of AWS takes a second at
// most, its retries some more.
const patience = 15 * time.Second

// verdict is what a check comes to.
type verdict int

const (
	ok   verdict = iota
	warn         // works now but may not later, or could not be looked at
	fail         // a deploy would fail
)

// finding is what a check has found, and the command that mends it.
type finding struct {
	name    string
	verdict verdict
	what    string
	mend    string
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

	account string
}

type check struct {
	name string
	look func(ctx context.Context) (finding, error)
}

// examine does all checks. Those that ask AWS are left out when nobody is signed
// in: all would say the same.
func (p *patient) examine(ctx context.Context) []finding {
	findings := together(ctx, []check{
		{"Node", p.node}, {"Go", p.golang}, {"region", p.regionSet}, {"credentials", p.credentials},
	})
	for _, f := range findings {
		if (f.name == "region" || f.name == "credentials") && f.verdict == fail {
			return append(findings, finding{"the account", warn, "not looked at", ""})
		}
	}
	checks := []check{
		{"bootstrap", p.bootstrap}, {"stack", p.stackState}, {"repository", p.repository}, {"addresses", p.addresses},
		{"vCPUs on demand", p.onDemandQuota}, {"vCPUs on Spot", p.spotQuota}, {"database engine", p.engine}, {"service-linked roles", p.roles},
	}
	if p.config.Domain != nil {
		checks = append(checks, check{"hosted zone", p.hostedZone})
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
			f, err := c.look(ctx)
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

// unseen is the finding of a check that could not look.
func unseen(err error) finding {
	var operation *smithy.OperationError
	var api smithy.APIError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return finding{verdict: warn, what: fmt.Sprintf("could not look: no answer in %s", patience)}
	case errors.As(err, &api) && errors.As(err, &operation):
		f := finding{verdict: warn, what: fmt.Sprintf("could not look: %s says %s", operation.Operation(), api.ErrorCode())}
		if strings.HasPrefix(api.ErrorCode(), "AccessDenied") || strings.HasPrefix(api.ErrorCode(), "Unauthorized") {
			service := strings.ToLower(strings.ReplaceAll(operation.Service(), " ", ""))
			f.mend = fmt.Sprintf("allow yourself %s:%s", service, operation.Operation())
		}
		return f
	default:
		return finding{verdict: warn, what: "could not look: " + firstLine(err.Error())}
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func good(format string, args ...any) (finding, error) {
	return finding{verdict: ok, what: fmt.Sprintf(format, args...)}, nil
}

func bad(mend, format string, args ...any) (finding, error) {
	return finding{verdict: fail, what: fmt.Sprintf(format, args...), mend: mend}, nil
}

func dubious(mend, format string, args ...any) (finding, error) {
	return finding{verdict: warn, what: fmt.Sprintf(format, args...), mend: mend}, nil
}

// codeOf is the code of an AWS error.
func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}
