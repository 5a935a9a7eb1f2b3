package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cloudstruct/config"
)

// tour is one run: the emulator, the stack in it, and what was seen.
type tour struct {
	environment string // a file in config/, unless file names another
	file        string
	variables   []string // for the emulator, beside its own
	inherited   []string // by all that the tour starts; this program's variables when nil
	keep        bool     // leave the emulator running
	folder      string
	log         *os.File
	out         io.Writer
	record      *running // nil where nobody else looks into the folder

	config   config.Config
	emulator *emulator
	clients  clients
	outputs  map[string]string
	started  time.Time
	number   int
	details  []string // of the step under way
	summary  []string
}

// steps are the tour in its order.
func (t *tour) steps(ctx context.Context) error {
	t.started = time.Now()
	steps := []step{
		{"read the configuration", t.readConfiguration},
		{"start the emulator", t.startEmulator},
		{"bootstrap the account", t.bootstrap},
		{"synthesize the stack", t.synthesize},
		{"deploy the stack", t.deploy},
		{"push a release", t.release},
		{"push a release that fails", t.failingRelease},
		{"ask for a deployment by hand", t.retry},
		{"compare the stack with its template", t.diff},
	}
	if !t.keep {
		steps = append(steps, step{"destroy the stack", t.destroy})
	}
	steps = append(steps, step{"check what IAM was asked", t.checkPermissions})
	for _, s := range steps {
		if err := t.take(ctx, s); err != nil {
			return err
		}
	}
	fmt.Fprintf(t.out, "\nAll of it in %.0f s.\n", time.Since(t.started).Seconds())
	t.indent(t.summary)
	return nil
}

type step struct {
	name string
	do   func(context.Context) (string, error)
}

// take does a step and prints one line about it.
func (t *tour) take(ctx context.Context, s step) error {
	t.number++
	fmt.Fprintf(t.log, "\n==== %d. %s\n", t.number, s.name)
	begun := time.Now()
	note, err := s.do(ctx)
	if ctx.Err() != nil {
		err = fmt.Errorf("interrupted")
	}
	took := time.Since(begun).Seconds()
	if err != nil {
		fmt.Fprintf(t.out, "%2d  %-36s failed after %.1f s\n", t.number, s.name, took)
		return fmt.Errorf("%s: %w", s.name, err)
	}
	fmt.Fprintf(t.out, "%2d  %-36s %5.1f s  %s\n", t.number, s.name, took, note)
	t.indent(t.details)
	t.details = nil
	return nil
}

// detail adds a line to show below the step under way.
func (t *tour) detail(format string, args ...any) {
	t.details = append(t.details, fmt.Sprintf(format, args...))
}

// remember adds a line to the summary.
func (t *tour) remember(format string, args ...any) {
	t.summary = append(t.summary, fmt.Sprintf(format, args...))
}

func (t *tour) indent(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(t.out, strings.TrimRight("      "+line, " "))
	}
}

func (t *tour) readConfiguration(context.Context) (string, error) {
	var err error
	t.config, err = config.Choose("config", t.environment, t.file)
	if err != nil {
		return "", err
	}
	read := cmp.Or(t.file, filepath.Join("config", t.environment+".yaml"))
	return read, t.suitMachine(read)
}

// end stops the emulator, or says how to use it.
func (t *tour) end(keep bool) error {
	if t.emulator == nil {
		return nil
	}
	if keep {
		fmt.Fprint(t.out, "\n"+t.usage())
		return nil
	}
	begun := time.Now()
	if err := t.emulator.stop(); err != nil {
		return fmt.Errorf("stop the emulator, process %d: %w", t.emulator.pid(), err)
	}
	if err := os.RemoveAll(temporary(t.folder)); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Emulator stopped in %.1f s.\n", time.Since(begun).Seconds())
	return nil
}
