package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	healthPath = "/api/health"
	// maxText is what the table's column holds, in characters.
	maxText = 2000
	// maxBody is such a text with every character escaped, and the JSON around it.
	maxBody = 12*maxText + 1024
)

// newHandler is the API. It keeps nothing between two requests, so that it sets no
// cookie: without service.stickiness.cookie the balancer sends a client's next
// request to any task.
func newHandler(db database) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+healthPath, health)
	mux.HandleFunc("GET /api/notes", db.getNotes)
	mux.HandleFunc("POST /api/notes", db.postNote)
	return logged(limited(mux))
}

// health says that this task can answer. It leaves the database out: tasks would be
// killed for a database that wakes or fails over, which no new task could help, and
// the balancer's questions would never let it pause.
func health(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (d database) getNotes(w http.ResponseWriter, r *http.Request) {
	before, err := strconv.ParseInt(cmp.Or(r.URL.Query().Get("before"), strconv.Itoa(math.MaxInt64)), 10, 64)
	if err != nil {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("before: must be the id of a note, got %q", r.URL.Query().Get("before")))
		return
	}
	notes, err := d.list(r.Context(), before)
	if err != nil {
		unavailable(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string][]note{"notes": notes})
}

func (d database) postNote(w http.ResponseWriter, r *http.Request) {
	// What a form on somebody else's page sends is never application/json.
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "Content-Type: must be application/json")
		return
	}
	text, err := readText(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body must be at most %d bytes", tooLarge.Limit))
		return
	case err != nil:
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	added, err := d.add(r.Context(), text)
	if err != nil {
		unavailable(w, r, err)
		return
	}
	answer(w, http.StatusCreated, added)
}

func readText(body io.Reader) (string, error) {
	var input struct {
		Text string `json:"text"`
	}
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&input); err != nil {
		return "", fmt.Errorf(`the body must be JSON such as {"text": "..."}: %w`, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return "", errors.New("the body must be one JSON object and nothing after it")
	}
	text := strings.TrimSpace(input.Text)
	if n := utf8.RuneCountInString(text); n < 1 || n > maxText {
		return "", fmt.Errorf("text: must have 1 to %d characters, got %d", maxText, n)
	}
	return text, nil
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// It fails when the client has gone.
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"error": message})
}

// unavailable tells the log why, and the client that it may try again.
func unavailable(w http.ResponseWriter, r *http.Request, err error) {
	slog.ErrorContext(r.Context(), "database does not answer", "error", err, "trace", trace(r))
	w.Header().Set("Retry-After", "5")
	refuse(w, http.StatusServiceUnavailable, "the database does not answer")
}

// limited ends what takes too long.
func limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// logged writes a line for each request, but for the balancer's questions, which
// come from each of its nodes every 15 seconds.
func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		recorder := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		if r.URL.Path == healthPath && recorder.status == http.StatusOK {
			return
		}
		slog.InfoContext(r.Context(), "request", "method", r.Method, "path", r.URL.Path, "status", recorder.status,
			"milliseconds", time.Since(began).Milliseconds(), "trace", trace(r))
	})
}

// trace is the name that the balancer gives a request; it is in its access log too.
func trace(r *http.Request) string { return r.Header.Get("X-Amzn-Trace-Id") }

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
