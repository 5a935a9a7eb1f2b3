package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// settings are what the placeholder is told by its image's environment, and by
// the task definition, whose PORT may have changed since the image was made.
type settings struct {
	Port          int
	HealthPath    string
	RepositoryURI string
	Tag           string
	Architecture  string
}

const prefix = "PLACEHOLDER_"

func (s settings) environment() []string {
	return []string{
		prefix + "PORT=" + strconv.Itoa(s.Port),
		prefix + "HEALTH_PATH=" + s.HealthPath,
		prefix + "REPOSITORY_URI=" + s.RepositoryURI,
		prefix + "TAG=" + s.Tag,
		prefix + "ARCHITECTURE=" + s.Architecture,
	}
}

func settingsFromEnvironment() settings {
	port, _ := strconv.Atoi(cmp.Or(os.Getenv("PORT"), os.Getenv(prefix+"PORT")))
	return settings{
		Port:          port,
		HealthPath:    os.Getenv(prefix + "HEALTH_PATH"),
		RepositoryURI: os.Getenv(prefix + "REPOSITORY_URI"),
		Tag:           os.Getenv(prefix + "TAG"),
		Architecture:  os.Getenv(prefix + "ARCHITECTURE"),
	}
}

// serve answers until the context ends or ECS stops the task, which then has
// its requests finished.
func serve(ctx context.Context, s settings) error {
	if s.Port == 0 {
		return fmt.Errorf("%sPORT must be set to a port: this binary is a Lambda function, or the placeholder in its own image", prefix)
	}
	handler, err := s.handler()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(s.Port))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	slog.Info("placeholder serves", "address", listener.Addr().String(), "health", s.HealthPath)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	// ECS waits 30 seconds after SIGTERM before it kills.
	shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(shutdown), ignoreClosed(<-ended))
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// handler answers the health path in plain text, and everything else with the
// page.
func (s settings) handler() (http.Handler, error) {
	registry, _, _ := strings.Cut(s.RepositoryURI, "/")
	var page bytes.Buffer
	err := pageTemplate.Execute(&page, map[string]string{
		"Registry": registry, "Image": s.RepositoryURI + ":" + s.Tag, "Region": regionOf(registry), "Platform": "linux/" + s.Architecture,
	})
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if r.URL.Path == s.HealthPath {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			fmt.Fprintln(w, "ok")
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, _ = w.Write(page.Bytes())
	}), nil
}

// regionOf is the region in the name of an ECR registry, such as
// 123456789012.dkr.ecr.eu-west-1.amazonaws.com.
func regionOf(registry string) string {
	if parts := strings.Split(registry, "."); len(parts) > 3 && parts[1] == "dkr" {
		return parts[3]
	}
	return ""
}
