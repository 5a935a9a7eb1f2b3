package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// running is the record in a folder of what runs there. Its file is locked by the
// tour alone. The log is locked by the emulator too, which inherits it.
type running struct {
	file     *os.File
	Tour     int `json:"tour"`
	Emulator int `json:"emulator,omitempty"`
}

func recordPath(folder string) string { return filepath.Join(folder, "running.json") }

// register records the tour that begins in a folder, whose log it has locked.
func register(folder string) (*running, error) {
	file, err := os.OpenFile(recordPath(folder), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := lock(file); err != nil {
		return nil, err
	}
	r := &running{file: file, Tour: os.Getpid()}
	return r, r.write()
}

func (r *running) write() error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := r.file.Truncate(0); err != nil {
		return err
	}
	_, err = r.file.WriteAt(append(data, '\n'), 0)
	return err
}

// started records the emulator, for the run that finds it in its way.
func (r *running) started(emulator int) error {
	r.Emulator = emulator
	return r.write()
}

// readRunning reads who runs in a folder: the tour is 0 when it has ended and left
// its emulator.
func readRunning(folder string) (running, error) {
	var r running
	file, err := os.Open(recordPath(folder))
	if err != nil {
		return r, err
	}
	defer file.Close()
	if err := json.NewDecoder(file).Decode(&r); err != nil {
		return r, fmt.Errorf("%s: %w", file.Name(), err)
	}
	if lock(file) == nil {
		r.Tour = 0
	}
	return r, nil
}

// lock takes a file for this process, and for those that inherit the file.
func lock(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// openLog empties the log of a folder for a new run, unless another run or the
// emulator that it left has it: two would be in each other's way in their folder.
func openLog(folder string) (*os.File, error) {
	log, err := os.OpenFile(filepath.Join(folder, "local.log"), os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	if err := lock(log); err != nil {
		log.Close()
		return nil, inUse(folder)
	}
	return log, log.Truncate(0)
}

func inUse(folder string) error {
	who := "another run"
	switch r, err := readRunning(folder); {
	case err != nil:
	case r.Tour != 0:
		who = fmt.Sprintf("another run of make local, process %d", r.Tour)
	case r.Emulator != 0:
		who = fmt.Sprintf("the emulator that an earlier run left running, process %d", r.Emulator)
	}
	return fmt.Errorf("%s is in use by %s: end it with make local STOP=1", folder, who)
}

// stopRunning ends what runs in a folder: the tour, which then ends its emulator, or
// else the emulator that it left.
func stopRunning(folder string, out io.Writer) error {
	if log, err := openLog(folder); err == nil {
		fmt.Fprintln(out, "Nothing runs in", folder)
		return log.Close()
	}
	r, err := readRunning(folder)
	if err != nil {
		return fmt.Errorf("something runs in %s, but its record can't be read: %w", folder, err)
	}
	name, target := "emulator, process", -r.Emulator // a group of its own, with its functions
	if r.Tour != 0 {
		name, target = "run of make local, process", r.Tour
	} else if r.Emulator == 0 {
		return fmt.Errorf("something runs in %s, and %s does not name it: it has %s open", folder, recordPath(folder), filepath.Join(folder, "local.log"))
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := syscall.Kill(target, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end the %s %d: %w", name, max(target, -target), err)
		}
		if signal == syscall.SIGKILL && r.Emulator != 0 {
			_ = syscall.Kill(-r.Emulator, signal) // which a killed tour no longer ends
		}
		if waitUnlocked(folder) {
			fmt.Fprintf(out, "Ended the %s %d.\n", name, max(target, -target))
			return os.RemoveAll(temporary(folder))
		}
	}
	return fmt.Errorf("the %s %d was killed, but something still has %s open", name, max(target, -target), filepath.Join(folder, "local.log"))
}

// waitUnlocked waits until nobody has the log, a little longer than a tour takes to
// end its emulator.
func waitUnlocked(folder string) bool {
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if log, err := openLog(folder); err == nil {
			log.Close()
			return true
		}
	}
	return false
}
