// Command cleanup makes way for the next try of a first deploy that failed: what
// `make deploy` runs before it deploys.
//
// After a rollback to nothing it switches off the termination protection of the
// empty stack, which the CDK then deletes. After a rollback that failed too it
// lists what this stack made and what keeps it from being deleted, asks, and
// removes it. A stack whose deploy was ever complete is never touched.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"golang.org/x/term"

	"cloudstruct/cmd/internal/access"
	"cloudstruct/cmd/internal/firstdeploy"
	"cloudstruct/config"
)

func main() {
	environment := flag.String("environment", "", "the environment, a file in config/")
	path := flag.String("config", "", "another configuration file")
	yes := flag.Bool("yes", false, "remove what a failed first deploy left without asking")
	flag.Parse()
	cfg, err := config.Choose("config", *environment, *path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ask := asker{in: os.Stdin, out: os.Stdout, terminal: term.IsTerminal(int(os.Stdin.Fd())), yes: *yes}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err = run(ctx, cfg.StackName(), ask)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run ends without an error when a deploy can go on.
func run(ctx context.Context, name string, ask asker) error {
	aws, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return access.Clear(err)
	}
	return clean(ctx, firstdeploy.New(aws), name, ask)
}

// cleaner is a firstdeploy.Cleaner. Replaced in tests.
type cleaner interface {
	Plan(ctx context.Context, name string) (*firstdeploy.Plan, error)
	Remove(ctx context.Context, p *firstdeploy.Plan, w io.Writer) error
}

func clean(ctx context.Context, c cleaner, name string, ask asker) error {
	plan, err := c.Plan(ctx, name)
	if problem, ok := access.Explain(err); ok {
		return problem
	}
	if err != nil {
		// The roles of the CDK's bootstrap may deploy where the user may not read: the
		// deployment itself will fail then, and say why.
		fmt.Fprintln(ask.out, "Could not look for a failed first deploy:", err)
		return nil
	}
	if plan == nil {
		return nil
	}
	if plan.Refused != "" {
		return fmt.Errorf("stack %s is %s and can only be deleted, but it may hold data: %s\n"+
			"It is not touched. docs/operations.md says how to delete it manually", plan.Name, plan.Status, plan.Refused)
	}
	plan.Print(ask.out)
	if err := ask.consent(ctx, plan); err != nil {
		return err
	}
	return c.Remove(ctx, plan, ask.out)
}

// asker asks a person, if there is one.
type asker struct {
	in       io.Reader
	out      io.Writer
	terminal bool
	yes      bool // the answer, given before
}

func (a asker) consent(ctx context.Context, p *firstdeploy.Plan) error {
	if a.yes || p.Harmless() {
		return nil
	}
	if !a.terminal {
		return errors.New("\nNothing was changed: there is no terminal to ask at. To do all of the above, add CLEANUP=yes to make deploy, or -yes to cmd/cleanup")
	}
	fmt.Fprint(a.out, "\nDo all of this? [y/N] ")
	switch answer := a.line(ctx); strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was changed")
}

// line is what was typed, or nothing after Ctrl-C, which does not end a read.
func (a asker) line(ctx context.Context) string {
	typed := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(a.in).ReadString('\n') // an error is no consent
		typed <- text
	}()
	select {
	case text := <-typed:
		return text
	case <-ctx.Done():
		return ""
	}
}
