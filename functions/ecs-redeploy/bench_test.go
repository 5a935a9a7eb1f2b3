package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudstruct/functions/internal/lambdatest"
)

// The benchmarks run the function and the Python one that it replaces in turn,
// with a Lambda and an AWS on this machine, so that what else the machine does
// slows both. The Python one makes a single call; this one makes all that rule 6
// of the release loop needs. `make bench` installs what Python needs.

// contestants are the two, as commands.
func contestants(b *testing.B) (ours, theirs []string) {
	b.Helper()
	python, err := filepath.Abs(filepath.Join("..", "..", ".tools", "venv", "bin", "python"))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		b.Skipf("no Python with boto3: %v", err)
	}
	return []string{build(b)}, []string{python, filepath.Join("testdata", "original.py")}
}

// session is a function that runs, and how long its first answer took.
type session struct {
	cmd    *exec.Cmd
	lambda *lambdatest.RuntimeAPI
	cold   time.Duration
}

var benchEvent = pushEvent("jellybean", "B", time.Now())

func newSession(b *testing.B, command []string, aws *stub) *session {
	b.Helper()
	s := &session{lambda: newLambda(b), cmd: exec.Command(command[0], command[1:]...)}
	s.cmd.Env = environment("AWS_ENDPOINT_URL="+aws.URL, "AWS_DEFAULT_REGION=eu-west-1", s.lambda.Variable())
	begun := time.Now()
	if err := s.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	s.lambda.Invoke(benchEvent)
	s.cold = time.Since(begun)
	return s
}

func (s *session) warm() time.Duration {
	begun := time.Now()
	s.lambda.Invoke(benchEvent)
	return time.Since(begun)
}

// end stops the function and gives its peak memory in MiB.
func (s *session) end(b *testing.B) float64 {
	b.Helper()
	// Not the kernel's account of the ended process: that starts with the memory of
	// the process that forked it.
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib float64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}

func BenchmarkFunction(b *testing.B) {
	ours, theirs := contestants(b)
	aws := newStub(b)
	var cold, warm [2][]float64 // in milliseconds
	var memory [2]float64
	for b.Loop() {
		for i, command := range [][]string{ours, theirs} {
			s := newSession(b, command, aws)
			cold[i] = append(cold[i], s.cold.Seconds()*1000)
			for range 50 {
				warm[i] = append(warm[i], s.warm().Seconds()*1000)
			}
			memory[i] = max(memory[i], s.end(b))
		}
	}
	b.ReportMetric(0, "ns/op") // all of it together says nothing
	compare := func(name string, ours, theirs []float64) {
		b.ReportMetric(median(ours), name+"-ms")
		b.ReportMetric(median(theirs), name+"-python-ms")
		b.ReportMetric(median(theirs)/median(ours), name+"-ratio")
	}
	compare("cold", cold[0], cold[1])
	compare("warm", warm[0], warm[1])
	b.ReportMetric(memory[0], "peak-MiB")
	b.ReportMetric(memory[1], "peak-python-MiB")
	b.ReportMetric(zipped(b, ours[0]), "zip-MiB")
}

// median is the figure to quote of a noisy machine.
func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// zipped is the size of the function's package.
func zipped(b *testing.B, binary string) float64 {
	b.Helper()
	content, err := os.ReadFile(binary)
	if err != nil {
		b.Fatal(err)
	}
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	file, err := w.Create("bootstrap")
	if err != nil {
		b.Fatal(err)
	}
	if _, err := file.Write(content); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return float64(archive.Len()) / (1 << 20)
}
