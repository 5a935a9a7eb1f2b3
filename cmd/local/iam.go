package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// iamRecord is what the emulator evaluated as IAM does: emulator/iam/record.py writes it.
type iamRecord struct {
	Statements []iamStatement
	Policies   map[string]iamPolicy
	Calls      []iamCall
}

// iamStatement is a statement in a policy of a template.
type iamStatement struct {
	Stack, Owner string
	Key          string // its text, with logical ids for the names of the stack's resources
}

// iamPolicy is a policy that calls were evaluated against.
type iamPolicy struct {
	ID       string
	Kind     string      // identity, resource or trust
	Owners   [][2]string // stack and logical id, of each statement
	Keys     []string    // of each statement
	Document json.RawMessage
}

// iamCall is an evaluated call.
type iamCall struct {
	Principal string         `json:"principal"`
	Action    string         `json:"action"`
	Resource  string         `json:"resource"`
	Account   string         `json:"account"`
	Context   map[string]any `json:"context"`
	Policies  []string       `json:"policies"` // their ids
	Allowed   bool           `json:"allowed"`
}

func (c iamCall) String() string { return c.Principal + " " + c.Action + " " + c.Resource }

// iamRecordPath is where the emulator writes it.
func (t *tour) iamRecordPath() string { return filepath.Join(t.folder, "iam.jsonl") }

func readIAMRecord(path string) (iamRecord, error) {
	record := iamRecord{Policies: map[string]iamPolicy{}}
	content, err := os.ReadFile(path)
	if err != nil {
		return record, err
	}
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, len(content)+1)
	for lines.Scan() {
		var line struct {
			Statement *iamStatement
			Policy    *iamPolicy
			Call      *iamCall
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return record, fmt.Errorf("%s: %w", path, err)
		}
		switch {
		case line.Statement != nil:
			record.Statements = append(record.Statements, *line.Statement)
		case line.Policy != nil:
			record.Policies[line.Policy.ID] = *line.Policy
		case line.Call != nil:
			record.Calls = append(record.Calls, *line.Call)
		}
	}
	return record, lines.Err()
}

// checkPermissions reports calls that IAM refused, also those whose caller took the
// refusal in silence.
func (t *tour) checkPermissions(context.Context) (string, error) {
	record, err := readIAMRecord(t.iamRecordPath())
	if err != nil {
		return "", err
	}
	var refused []string
	for _, call := range record.Calls {
		// A workflow that may not take on its role is told so.
		if !call.Allowed && !record.isOutage(call) && call.Action != "sts:AssumeRoleWithWebIdentity" {
			refused = append(refused, call.String())
		}
	}
	if len(refused) > 0 {
		return "", fmt.Errorf("IAM refused calls:\n%s", strings.Join(refused, "\n"))
	}
	return fmt.Sprintf("%d calls of functions, tasks and services, none refused", len(record.Calls)), nil
}

// outage is the name of a policy by which a test takes a permission away for a time.
const outage = "Outage"

func (r iamRecord) isOutage(call iamCall) bool {
	return slices.ContainsFunc(call.Policies, func(id string) bool {
		return slices.ContainsFunc(r.Policies[id].Owners, func(owner [2]string) bool { return owner[1] == outage })
	})
}
