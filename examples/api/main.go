// Command api is an example of what CloudStruct runs: a small JSON API that keeps
// notes in the stack's database. Copy this folder and change it.
package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// requestTimeout outlasts the 15 seconds or so that a paused database takes to
	// wake (database.minCapacity 0).
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
	requestTimeout = 20 * time.Second
	// lingering is how long new requests are still answered after SIGTERM. In a
	// deployment none come any more: ECS sends it when service.deregistrationDelay is
	// over. A task on Fargate Spot gets it at once, while the balancer still counts
	// on it.
	lingering = 5 * time.Second
	// finishing is how long requests under way then have: one that has just begun,
	// and a bit to answer. Both together stay below the 30 seconds after which ECS
	// kills.
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
	finishing = requestTimeout + 2*time.Second
	// keepAlive is longer than the balancer keeps an idle connection, 60 seconds: if
	// the task closed it first, a request on its way would end as a 502.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
	keepAlive = 75 * time.Second
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	if err := run(context.Background()); err != nil {
		slog.Error("api ended", "error", err)
		os.Exit(1)
	}
}

// run serves until ECS stops the task.
func run(ctx context.Context) (err error) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	s, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	db, err := openDatabase(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(s.port))
	if err != nil {
		return err
	}
	slog.Info("api serves", "address", listener.Addr().String(), "writer", s.host, "reader", s.readerHost)

	// Beside the server: it answers while the database still wakes, or can't be
	// reached. A migration under way when the task stops may use its last seconds.
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var migration sync.WaitGroup
	migration.Go(func() { db.migrateUntilDone(background) })
	defer migration.Wait()
	defer cancel()
	return serve(ctx, listener, newHandler(db))
}

// serve answers until the context ends, a little longer, and then finishes what is
// under way.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	var leaving atomic.Bool
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if leaving.Load() {
				// The balancer then sends nothing more over this connection.
				w.Header().Set("Connection", "close")
			}
			handler.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      requestTimeout + 5*time.Second,
		IdleTimeout:       keepAlive,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	slog.Info("api is asked to stop")
	leaving.Store(true)
	select {
	case err := <-ended:
		return err
	case <-time.After(lingering):
	}
	slog.Info("api finishes what is under way")
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishing)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return errors.Join(errors.New("not all requests could be finished"), err)
	}
	slog.Info("api stopped")
	return nil
}
