package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// runs are those of the tests that have an account, with what IAM was asked in each. The
// last test to end replays them all, unless only some tests were to run.
var runs struct {
	sync.Mutex
	begun, ended int
	failed       bool
	records      []iamRecord
}

// record keeps what IAM is asked until the test ends. It is called before the tests go on
// side by side, so that all are counted before one ends.
func (a testAccount) record() {
	runs.Lock()
	runs.begun++
	runs.Unlock()
	a.t.Cleanup(func() {
		record := a.recorded()
		runs.Lock()
		defer runs.Unlock()
		runs.ended++
		runs.failed = runs.failed || a.t.Failed()
		runs.records = append(runs.records, record)
		switch {
		case runs.ended < runs.begun:
		case flag.Lookup("test.run").Value.String() != "" || runs.failed:
			a.t.Log("the calls are not replayed: that takes every test, without a failure")
		default:
			wantEveryPermissionNeeded(a.t, runs.records)
			wantWorkflowPlayed(a.t, runs.records, "GitHubRole")
		}
	})
}

// recorded reads what IAM was asked, and wants it to be all that the template allows.
func (a testAccount) recorded() iamRecord {
	a.t.Helper()
	record, err := readIAMRecord(a.iamRecordPath())
	if err != nil {
		a.t.Error(err)
	}
	a.wantPoliciesRecorded(record)
	if _, err := a.checkPermissions(a.t.Context()); err != nil {
		a.t.Error(err)
	}
	return record
}

// evaluator is the emulator's, asked again with other policies.
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
