// Command local deploys the real stack to an AWS emulator on this machine and
// takes a release through it: what `make local` runs. It needs no AWS account
// and no Docker.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	environment := flag.String("environment", "", "the environment to deploy, a file in config/")
	keep := flag.Bool("keep", false, "leave the emulator running")
	folder := flag.String("folder", ".local", "where logs and the emulator's files go")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *environment, *folder, *keep)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run takes the tour, and ends the emulator whatever happens on the way.
func run(ctx context.Context, environment, folder string, keep bool) (err error) {
	folder, err = filepath.Abs(folder)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	log, err := openLog(filepath.Join(folder, "local.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	t := &tour{environment: environment, keep: keep, folder: folder, log: log, out: os.Stdout}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w\nThe full log is in %s", err, log.Name())
		}
	}()
	fmt.Fprintf(t.out, "CloudStruct on this machine, environment %s: no AWS account, no Docker\n\n", environment)
	defer func() {
		if endErr := t.end(keep && err == nil); err == nil {
			err = endErr
		}
	}()
	return t.steps(ctx)
}

// openLog starts a log anew, unless another run writes it: two runs would be in
// each other's way in their folder.
func openLog(path string) (*os.File, error) {
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(log.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("%s is used by another run, or by an emulator that one left running: end it first", filepath.Dir(path))
	}
	return log, log.Truncate(0)
}
