package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"cloudstruct/cmd/internal/firstdeploy"
)

// account has a plan, or an error, and remembers whether it was carried out.
type account struct {
	plan    *firstdeploy.Plan
	err     error
	removed bool
}

func (a *account) Plan(context.Context, string) (*firstdeploy.Plan, error) { return a.plan, a.err }

func (a *account) Remove(context.Context, *firstdeploy.Plan, io.Writer) error {
	a.removed = true
	return nil
}

func TestNothingIsRemovedWithoutConsent(t *testing.T) {
	failed := &firstdeploy.Plan{Name: "S", Status: types.StackStatusRollbackFailed}
	for _, test := range []struct {
		name    string
		has     account
		typed   string
		no      bool // terminal
		yes     bool
		removed bool
		err     string // a part of it; "" lets the deploy go on
	}{
		{"yes", account{plan: failed}, "y\n", false, false, true, ""},
		{"yes in full", account{plan: failed}, "Yes\n", false, false, true, ""},
		{"no", account{plan: failed}, "n\n", false, false, false, "nothing was changed"},
		{"the default", account{plan: failed}, "\n", false, false, false, "nothing was changed"},
		{"the end of the input", account{plan: failed}, "", false, false, false, "nothing was changed"},
		{"something else", account{plan: failed}, "yesterday\n", false, false, false, "nothing was changed"},
		{"no terminal", account{plan: failed}, "y\n", true, false, false, "CLEANUP=yes"},
		{"no terminal, but the flag", account{plan: failed}, "", true, true, true, ""},
		{"an empty record", account{plan: &firstdeploy.Plan{Name: "S", Status: types.StackStatusRollbackComplete}}, "", true, false, true, ""},
		{"a stack that was complete", account{plan: &firstdeploy.Plan{Name: "S", Status: types.StackStatusDeleteFailed, Refused: "it was CREATE_COMPLETE"}}, "y\n", false, true, false, "it was CREATE_COMPLETE"},
		{"nothing to remove", account{}, "", false, false, false, ""},
		{"no permission", account{err: &smithy.GenericAPIError{Code: "AccessDenied"}}, "", false, false, false, ""},
		{"an expired session", account{err: &smithy.GenericAPIError{Code: "ExpiredToken"}}, "", false, false, false, "the AWS session has expired"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := test.has
			var out bytes.Buffer
			err := clean(t.Context(), &a, "S", asker{in: strings.NewReader(test.typed), out: &out, terminal: !test.no, yes: test.yes})
			if a.removed != test.removed {
				t.Errorf("removed is %t", a.removed)
			}
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("%v, want %q", err, test.err)
			}
			if a.removed && !strings.Contains(out.String(), "first deploy of S failed") {
				t.Errorf("the plan was not shown: %q", out.String())
			}
		})
	}
}

func TestCtrlCIsNoConsent(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	typing, _ := io.Pipe() // nobody types
	time.AfterFunc(10*time.Millisecond, interrupt)
	a := &account{plan: &firstdeploy.Plan{Name: "S", Status: types.StackStatusRollbackFailed}}
	if err := clean(ctx, a, "S", asker{in: typing, out: io.Discard, terminal: true}); err == nil || a.removed {
		t.Errorf("%v, removed is %t", err, a.removed)
	}
}

func TestWhoMayNotLookIsTold(t *testing.T) {
	var out bytes.Buffer
	a := &account{err: errors.New("AccessDenied: cloudformation:DescribeStacks")}
	if err := clean(t.Context(), a, "S", asker{out: &out}); err != nil || !strings.Contains(out.String(), "cloudformation:DescribeStacks") {
		t.Errorf("%v, %q", err, out.String())
	}
}
