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
	stop := flag.Bool("stop", false, "end what an earlier run left running, and nothing else")
	folder := flag.String("folder", ".local", "where logs and the emulator's files go")
	flag.Parse()

	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *environment, *folder, *keep, *stop)
	release()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, environment, folder string, keep, stop bool) error {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if stop {
		return stopRunning(folder, os.Stdout)
	}
	return travel(ctx, environment, folder, keep)
}

// travel takes the tour, and ends the emulator whatever happens on the way.
func travel(ctx context.Context, environment, folder string, keep bool) (err error) {
	log, err := openLog(folder)
	if err != nil {
		return err
	}
	defer log.Close()
	record, err := register(folder)
	if err != nil {
		return err
	}
	t := &tour{environment: environment, keep: keep, folder: folder, log: log, out: os.Stdout, record: record}
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
