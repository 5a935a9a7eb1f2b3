package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// runs are the accounts of the tests that ask for one, with what IAM was asked in each.
// The last test to end replays them all.
var runs struct {
	sync.Mutex
	ended   int
	failed  bool
	records []iamRecord
}

// allRuns is how many tests it takes to need every permission.
const allRuns = 3

// recorded notes the end of a test's run, and replays all of them after the last.
func (a testAccount) recorded() {
	a.t.Helper()
	runs.Lock()
	defer runs.Unlock()
	runs.ended++
	runs.failed = runs.failed || a.t.Failed()
	record, err := readIAMRecord(a.iamRecordPath())
	if err != nil {
		a.t.Error(err)
	}
	runs.records = append(runs.records, record)
	a.wantPoliciesRecorded(record)
	if _, err := a.checkPermissions(a.t.Context()); err != nil {
		a.t.Error(err)
	}
	if runs.ended == allRuns && !runs.failed {
		wantEveryPermissionNeeded(a.t, runs.records)
	}
}

// evaluator is the emulator's, asked anew with other policies.
type evaluator struct {
	t       *testing.T
	input   io.WriteCloser
	answers *bufio.Scanner
}

func newEvaluator(t *testing.T) evaluator {
	t.Helper()
	cmd := exec.Command(filepath.Join("node_modules", ".bin", "node"), filepath.Join("emulator", "iam", "evaluator.mjs"))
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close()
		if err := cmd.Wait(); err != nil {
			t.Error("evaluator:", err)
		}
	})
	return evaluator{t, input, bufio.NewScanner(output)}
}

// allows evaluates a call under policies.
func (e evaluator) allows(call iamCall, policies []iamPolicy) bool {
	e.t.Helper()
	request := map[string]any{
		"principal": call.Principal, "action": call.Action, "resource": call.Resource, "account": call.Account, "context": call.Context,
	}
	identity := []json.RawMessage{}
	for _, policy := range policies {
		switch {
		case len(policy.Document) == 0: // every statement was taken out
		case policy.Kind == "identity":
			identity = append(identity, policy.Document)
		default:
			request["resourcePolicy"] = policy.Document
		}
	}
	request["identity"] = identity
	if err := json.NewEncoder(e.input).Encode(request); err != nil {
		e.t.Fatal(err)
	}
	var answer struct{ Result, Error string }
	if !e.answers.Scan() {
		e.t.Fatal("the evaluator ended:", e.answers.Err())
	}
	if err := json.Unmarshal(e.answers.Bytes(), &answer); err != nil || answer.Error != "" {
		e.t.Fatal(answer.Error, err)
	}
	return answer.Result == "Allowed"
}
