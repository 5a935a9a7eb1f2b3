package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// settings are what the placeholder is told by its image's environment, and by
// the task definition, whose PORT may have changed since the image was made.
type settings struct {
	Project      string
	Environment  string
	Port         int
	HealthPath   string
	Tag          string
	Architecture string
}

const prefix = "PLACEHOLDER_"

func (s settings) environment() []string {
	return []string{
		prefix + "PROJECT=" + s.Project,
		prefix + "ENVIRONMENT=" + s.Environment,
		prefix + "PORT=" + strconv.Itoa(s.Port),
		prefix + "HEALTH_PATH=" + s.HealthPath,
		prefix + "TAG=" + s.Tag,
		prefix + "ARCHITECTURE=" + s.Architecture,
	}
}

func settingsFromEnvironment() settings {
	port, _ := strconv.Atoi(cmp.Or(os.Getenv("PORT"), os.Getenv(prefix+"PORT")))
	return settings{
		Project:      os.Getenv(prefix + "PROJECT"),
		Environment:  os.Getenv(prefix + "ENVIRONMENT"),
		Port:         port,
		HealthPath:   os.Getenv(prefix + "HEALTH_PATH"),
		Tag:          os.Getenv(prefix + "TAG"),
		Architecture: os.Getenv(prefix + "ARCHITECTURE"),
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
// page: also the root, should that be the health path, and a health path that
// has changed since the image was made. All that matters there is the 200.
func (s settings) handler() (http.Handler, error) {
	health, err := url.ParseRequestURI(s.HealthPath)
	if err != nil {
		return nil, fmt.Errorf("%sHEALTH_PATH: %w", prefix, err)
	}
	page, err := s.page()
	if err != nil {
		return nil, err
	}
	policy := contentPolicy(page)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", policy)
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			http.Error(w, "the placeholder has nothing but a page", http.StatusMethodNotAllowed)
			return
		}
		if r.URL.Path == health.Path && health.Path != "/" {
			header.Set("Content-Type", "text/plain; charset=utf-8")
			fmt.Fprintln(w, "ok")
			return
		}
		header.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	}), nil
}

// page shows what is needed to push an image. Everyone on the internet can read it, so
// it has neither the account nor the region, which the URI of a repository contains: the
// commands read the URI from the stack's output, which takes the right to describe the
// stack. Of the container's variables it has the names, never a value.
func (s settings) page() ([]byte, error) {
	var page bytes.Buffer
	err := pageTemplate.Execute(&page, map[string]any{
		"Project": s.Project, "Environment": s.Environment, "Stack": s.Project + "-" + s.Environment,
		"Tag": s.Tag, "Platform": "linux/" + s.Architecture, "Port": s.Port, "HealthPath": s.HealthPath,
	})
	return page.Bytes(), err
}

// contentPolicy allows a page its own style and nothing more: no script, no
// request, no frame around it.
func contentPolicy(page []byte) string {
	_, style, _ := bytes.Cut(page, []byte("<style>"))
	style, _, _ = bytes.Cut(style, []byte("</style>"))
	hash := sha256.Sum256(style)
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
