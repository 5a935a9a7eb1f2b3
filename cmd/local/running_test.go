package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// left is a folder in which a run has left a process running that has its log, as
// the emulator does, and a child of that process in the same group.
func left(t *testing.T) (folder string, process *exec.Cmd, endTour func()) {
	t.Helper()
	folder = t.TempDir()
	log, err := openLog(folder)
	if err != nil {
		t.Fatal(err)
	}
	record, err := register(folder)
	if err != nil {
		t.Fatal(err)
	}
	process = exec.Command("sh", "-c", "sleep 60 & wait")
	process.Stdout, process.Stderr = log, log
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-process.Process.Pid, syscall.SIGKILL)
		_ = process.Wait()
	})
	if err := record.started(process.Process.Pid); err != nil {
		t.Fatal(err)
	}
	return folder, process, func() {
		record.file.Close()
		log.Close()
	}
}

func TestSecondRunNamesTheFirst(t *testing.T) {
	folder, process, endTour := left(t)
	for _, want := range []string{
		fmt.Sprintf("%s is in use by another run of make local, process %d: end it with make local STOP=1", folder, os.Getpid()),
		fmt.Sprintf("%s is in use by the emulator that an earlier run left running, process %d: end it with make local STOP=1", folder, process.Process.Pid),
	} {
		if _, err := openLog(folder); err == nil || err.Error() != want {
			t.Errorf("a second run ends with %v, want %s", err, want)
		}
		endTour()
	}
}

func TestStopEndsWhatWasLeftRunning(t *testing.T) {
	folder, process, endTour := left(t)
	endTour()
	var out bytes.Buffer
	if err := stopRunning(folder, &out); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("Ended the emulator, process %d.\n", process.Process.Pid); out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
	if err := process.Wait(); err == nil || !strings.Contains(err.Error(), "signal: terminated") {
		t.Errorf("the process ended with %v", err)
	}
	out.Reset()
	if err := stopRunning(folder, &out); err != nil || !strings.HasPrefix(out.String(), "Nothing runs in ") {
		t.Errorf("a second stop: %q, %v", out.String(), err)
	}
}

// TestStopEndsARunByItself has a run of which only the record tells, in a process of
// its own: this test, which the variable makes one.
func TestStopEndsARunByItself(t *testing.T) {
	if folder := os.Getenv("TEST_RUN_IN"); folder != "" {
		if _, err := openLog(folder); err != nil {
			t.Fatal(err)
		}
		if _, err := register(folder); err != nil {
			t.Fatal(err)
		}
		fmt.Println("runs")
		select {}
	}
	folder := t.TempDir()
	run := exec.Command(os.Args[0], "-test.run=^TestStopEndsARunByItself$")
	run.Env = append(os.Environ(), "TEST_RUN_IN="+folder)
	stdout, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := stopRunning(folder, &out); err != nil {
		t.Error(err)
	}
	if want := fmt.Sprintf("Ended the run of make local, process %d.\n", run.Process.Pid); out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
	if err := run.Wait(); err == nil || !strings.Contains(err.Error(), "signal: terminated") {
		t.Errorf("the run ended with %v", err)
	}
}
