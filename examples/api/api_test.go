package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// asAPI has this test binary be the API: a process that a signal can stop.
const asAPI = "TEST_AS_API"

func TestMain(m *testing.M) {
	if os.Getenv(asAPI) != "" {
		main()
		return
	}
	code := m.Run()
	stopMariaDB()
	os.Exit(code)
}

func TestHealthNeedsNoDatabase(t *testing.T) {
	api := start(t, nothing(t))
	api.want(t, "GET", healthPath, "", http.StatusOK, `{"status":"ok"}`)
	api.want(t, "GET", "/api/notes", "", http.StatusServiceUnavailable, `{"error":"the database does not answer"}`)
	api.waitFor(t, "schema not up to date, trying again")
}

func TestNotesWorkAsSoonAsTheDatabaseAnswers(t *testing.T) {
	t.Parallel() // it waits
	database, name := newDatabase(t)
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	api := start(t, at("127.0.0.1", "127.0.0.1", port, name))
	api.waitFor(t, "schema not up to date, trying again")
	forward(t, "127.0.0.1:"+strconv.Itoa(port), database.port)
	api.waitFor(t, "schema is up to date")
	api.want(t, "POST", "/api/notes", `{"text": "here"}`, http.StatusCreated, `"text":"here"`)
}

func TestNotesComeBackAsTheyWereWritten(t *testing.T) {
	api := startWithDatabase(t)
	texts := []string{"first", `'; drop table notes; -- "`, "naïve 日本 🚀", strings.Repeat("🚀", maxText)}
	for _, text := range texts {
		body, err := json.Marshal(map[string]string{"text": "  " + text + "\n"})
		if err != nil {
			t.Fatal(err)
		}
		api.want(t, "POST", "/api/notes", string(body), http.StatusCreated, `"createdAt":"20`)
	}
	var got []string
	for _, n := range api.list(t, "") {
		got = append(got, n.Text)
		if age := time.Since(n.CreatedAt); age < 0 || age > time.Minute {
			t.Errorf("a note is from %s", n.CreatedAt)
		}
	}
	slices.Reverse(got)
	if !slices.Equal(got, texts) {
		t.Errorf("got %q, want %q", got, texts)
	}
}

func TestNotesAreListedInPages(t *testing.T) {
	api := startWithDatabase(t)
	for i := range pageSize + 2 {
		api.want(t, "POST", "/api/notes", fmt.Sprintf(`{"text": "note %d"}`, i), http.StatusCreated, "")
	}
	first := api.list(t, "")
	if len(first) != pageSize {
		t.Fatalf("the first page has %d notes, want %d", len(first), pageSize)
	}
	second := api.list(t, fmt.Sprintf("?before=%d", first[pageSize-1].ID))
	if len(second) != 2 || second[0].Text != "note 1" || second[1].Text != "note 0" {
		t.Errorf("the second page is %v, want the two oldest", second)
	}
}

func TestReadsGoToTheReaderAndWritesToTheWriter(t *testing.T) {
	database, name := newDatabase(t)
	reader := forward(t, "127.0.0.2:"+strconv.Itoa(database.port), database.port)
	api := start(t, at("127.0.0.1", "127.0.0.2", database.port, name))
	api.waitFor(t, "schema is up to date")
	api.want(t, "POST", "/api/notes", `{"text": "written"}`, http.StatusCreated, "")
	if n := reader.Load(); n != 0 {
		t.Errorf("a write made %d connections to the reader", n)
	}
	if notes := api.list(t, ""); len(notes) != 1 || reader.Load() != 1 {
		t.Errorf("a read gave %v by %d connections to the reader, want one of each", notes, reader.Load())
	}
}

func TestTasksThatStartAtOnceMigrateOnce(t *testing.T) {
	database, name := newDatabase(t)
	var tasks []*process
	for range 4 {
		tasks = append(tasks, start(t, at("127.0.0.1", "127.0.0.1", database.port, name)))
	}
	for _, task := range tasks {
		task.waitFor(t, "schema is up to date")
		task.want(t, "POST", "/api/notes", `{"text": "mine"}`, http.StatusCreated, "")
		if strings.Contains(task.logs.String(), "ERROR") {
			t.Error("a task that others had overtaken failed")
		}
	}
	if notes := tasks[0].list(t, ""); len(notes) != len(tasks) {
		t.Errorf("%d tasks wrote %d notes", len(tasks), len(notes))
	}
}

func TestStopAnswersAndFinishesWhatIsUnderWay(t *testing.T) {
	t.Parallel() // it waits
	api := startWithDatabase(t)
	body, send := io.Pipe()
	uploaded := make(chan error, 1)
	go func() {
		request, err := http.NewRequest(http.MethodPost, api.url+"/api/notes", body)
		if err != nil {
			uploaded <- err
			return
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			defer response.Body.Close()
			if response.StatusCode != http.StatusCreated {
				err = errors.New(response.Status)
			}
		}
		uploaded <- err
	}()
	if _, err := send.Write([]byte(`{"text": `)); err != nil {
		t.Fatal(err)
	}
	if err := api.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	api.waitFor(t, "api is asked to stop")
	if got := api.send(t, "GET", "/api/notes", ""); got.status != http.StatusOK || !got.closes {
		t.Errorf("while it lingers it answers %d, and closes the connection: %t", got.status, got.closes)
	}
	api.waitFor(t, "api finishes what is under way")
	if _, err := send.Write([]byte(`"last"}`)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(send.Close(), <-uploaded); err != nil {
		t.Errorf("the request under way ended with %v", err)
	}
	if err := api.wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
}

func TestBadInputIsRefused(t *testing.T) {
	api := start(t, nothing(t))
	long, err := json.Marshal(map[string]string{"text": strings.Repeat("x", maxText+1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"no JSON", "POST", "/api/notes", `text`, 400, `the body must be JSON such as`},
		{"an empty body", "POST", "/api/notes", ``, 400, `the body must be JSON such as`},
		{"another type", "POST", "/api/notes", `{"text": 1}`, 400, `the body must be JSON such as`},
		{"an unknown key", "POST", "/api/notes", `{"text": "x", "id": 1}`, 400, `unknown field`},
		{"two objects", "POST", "/api/notes", `{"text": "x"} {"text": "y"}`, 400, `one JSON object`},
		{"no text", "POST", "/api/notes", `{}`, 400, `text: must have 1 to 2000 characters, got 0`},
		{"only spaces", "POST", "/api/notes", `{"text": " \n"}`, 400, `got 0`},
		{"a long text", "POST", "/api/notes", string(long), 400, `got 2001`},
		{"a large body", "POST", "/api/notes", `{"text": "` + strings.Repeat("x", maxBody) + `"}`, 413, `at most 25024 bytes`},
		{"no number before", "GET", "/api/notes?before=x'", ``, 400, `before: must be the id of a note, got \"x'\"`},
		{"another method", "DELETE", "/api/notes", ``, 405, ``},
		{"another path", "GET", "/api/notes/1", ``, 404, ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			api.want(t, test.method, test.path, test.body, test.status, test.says)
		})
	}
	response, err := http.Post(api.url+"/api/notes", "text/plain", strings.NewReader(`{"text": "x"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("what a form can send gives %s", response.Status)
	}
}

func TestWrongPasswordIsLoggedAndDoesNotEndTheTask(t *testing.T) {
	database, name := newDatabase(t)
	settings := at("127.0.0.1", "127.0.0.1", database.port, name)
	settings["DB_PASSWORD"] = "another"
	api := start(t, settings)
	api.want(t, "POST", "/api/notes", `{"text": "x"}`, http.StatusServiceUnavailable, "the database does not answer")
	api.waitFor(t, "Access denied for user 'dbadmin'")
	api.want(t, "GET", healthPath, "", http.StatusOK, "ok")
}

func TestConnectionIsEncryptedAndTheDatabaseVerified(t *testing.T) {
	database, name := newDatabase(t)
	encrypted := at("127.0.0.1", "127.0.0.1", database.port, name)
	encrypted["DB_USERNAME"] = "encrypted"

	api := start(t, encrypted)
	api.waitFor(t, "Access denied for user 'encrypted'")

	encrypted["DB_CA_FILE"] = database.caFile
	api = start(t, encrypted)
	api.waitFor(t, "schema is up to date")
	api.want(t, "POST", "/api/notes", `{"text": "x"}`, http.StatusCreated, "")

	stranger, _, _, err := writeCertificates(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	encrypted["DB_CA_FILE"] = stranger
	api = start(t, encrypted)
	api.waitFor(t, "certificate signed by unknown authority")

	// The certificate is for 127.0.0.1.
	forward(t, "127.0.0.3:"+strconv.Itoa(database.port), database.port)
	encrypted["DB_CA_FILE"], encrypted["DB_HOST"] = database.caFile, "127.0.0.3"
	api = start(t, encrypted)
	api.waitFor(t, "certificate is valid for 127.0.0.1, not 127.0.0.3")
}

func TestSettingsAreRefusedAllAtOnce(t *testing.T) {
	variables := map[string]string{"PORT": "70000", "DB_HOST": "writer.example", "DB_READER_HOST": "localhost", "DB_PORT": "x", "DB_NAME": "appdb"}
	_, err := readSettings(func(name string) string { return variables[name] })
	want := strings.Join([]string{
		`PORT: must be a port from 1 to 65535, got "70000"`,
		`DB_PORT: must be a port from 1 to 65535, got "x"`,
		`DB_USERNAME: is required`,
		`DB_PASSWORD: is required`,
		`DB_CA_FILE: is required unless DB_HOST is this machine, got "writer.example"`,
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// process is a running API.
type process struct {
	command *exec.Cmd
	url     string
	logs    *buffer
	wait    func() error
}

// at are the settings of a task, as the stack gives them.
func at(host, reader string, port int, name string) map[string]string {
	return map[string]string{
		"DB_HOST": host, "DB_READER_HOST": reader, "DB_PORT": strconv.Itoa(port), "DB_NAME": name,
		"DB_USERNAME": username, "DB_PASSWORD": password,
	}
}

// nothing are the settings of a task whose database can't be reached.
func nothing(t *testing.T) map[string]string {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return at("127.0.0.1", "127.0.0.1", port, "none")
}

func startWithDatabase(t *testing.T) *process {
	t.Helper()
	database, name := newDatabase(t)
	api := start(t, at("127.0.0.1", "127.0.0.1", database.port, name))
	api.waitFor(t, "schema is up to date")
	return api
}

// start runs the API until the test ends, and looks at what it logged.
func start(t *testing.T, settings map[string]string) *process {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	api := &process{command: exec.Command(os.Args[0]), url: fmt.Sprintf("http://127.0.0.1:%d", port), logs: &buffer{}}
	api.command.Stdout, api.command.Stderr = api.logs, api.logs
	api.command.Env = []string{asAPI + "=1", "PORT=" + strconv.Itoa(port)}
	for name, value := range settings {
		api.command.Env = append(api.command.Env, name+"="+value)
	}
	if err := api.command.Start(); err != nil {
		t.Fatal(err)
	}
	api.wait = sync.OnceValue(api.command.Wait)
	secret := settings["DB_PASSWORD"]
	t.Cleanup(func() {
		_ = api.command.Process.Kill()
		_ = api.wait()
		for line := range strings.Lines(api.logs.String()) {
			if !json.Valid([]byte(line)) || strings.Contains(line, secret) {
				t.Errorf("logged what is no JSON, or secret: %s", line)
			}
		}
		if t.Failed() {
			t.Logf("%s", api.logs)
		}
	})
	api.waitFor(t, "api serves")
	return api
}

// waitFor waits until the log has a text.
func (p *process) waitFor(t *testing.T, text string) {
	t.Helper()
	for began := time.Now(); !strings.Contains(p.logs.String(), text); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 15*time.Second {
			t.Fatalf("not logged: %s", text)
		}
	}
}

// answered is a response that was read to its end.
type answered struct {
	status int
	body   string
	closes bool // the connection
}

func (p *process) send(t *testing.T, method, path, body string) answered {
	t.Helper()
	request, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{response.StatusCode, string(content), response.Close}
}

func (p *process) want(t *testing.T, method, path, body string, status int, says string) {
	t.Helper()
	if got := p.send(t, method, path, body); got.status != status || !strings.Contains(got.body, says) {
		t.Errorf("%s %s: got %d %s, want %d %s", method, path, got.status, got.body, status, says)
	}
}

func (p *process) list(t *testing.T, query string) []note {
	t.Helper()
	got := p.send(t, "GET", "/api/notes"+query, "")
	var page struct{ Notes []note }
	if err := json.Unmarshal([]byte(got.body), &page); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	return page.Notes
}

// forward passes connections on to a local port, and counts them.
func forward(t *testing.T, address string, port int) *atomic.Int32 {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	var count atomic.Int32
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			to, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				_ = from.Close()
				return
			}
			go func() {
				defer to.Close()
				_, _ = io.Copy(to, from)
			}()
			go func() {
				defer from.Close()
				_, _ = io.Copy(from, to)
			}()
		}
	}()
	return &count
}

// buffer is written by one goroutine and read by others.
type buffer struct {
	mutex   sync.Mutex
	content bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.content.Write(p)
}

func (b *buffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.content.String()
}
