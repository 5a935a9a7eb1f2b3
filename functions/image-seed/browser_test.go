package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

var windows = []struct {
	name          string
	width, height int64
	options       []chromedp.EmulateViewportOption
}{
	{"phone", 360, 740, []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait, chromedp.EmulateScale(2)}},
	{"desktop", 1280, 800, nil},
}

func TestPageReadsWellInEveryWindow(t *testing.T) {
	folder, screenshots := fromRoot(t, ".tools", "browser"), fromRoot(t, ".local", "screenshots")
	browser := newBrowser(t, folder)
	if err := os.MkdirAll(screenshots, 0o755); err != nil {
		t.Fatal(err)
	}
	axe, err := os.ReadFile(filepath.Join(folder, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	address := newPlaceholder(t, "/api/health") + "/"
	backgrounds, inks := map[string]string{}, map[string]string{}
	for _, window := range windows {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(window.name+" "+scheme, func(t *testing.T) {
				tab, closeTab := chromedp.NewContext(browser)
				defer closeTab()
				p := &page{t: t, tab: tab}
				p.watch()
				ask(p, chromedp.EmulateViewport(window.width, window.height, window.options...))
				p.show("screen", scheme)
				ask(p, chromedp.Navigate(address))
				backgrounds[scheme] = ask(p, chromedp.Evaluate[string]("getComputedStyle(document.body).backgroundColor"))
				p.screenshot(filepath.Join(screenshots, "placeholder-"+window.name+"-"+scheme+".png"))
				p.tellsHowToPush(address)
				p.fits(window.width)
				p.isAccessible(string(axe))
				p.show("print", scheme)
				inks[scheme] = ask(p, chromedp.Evaluate[string]("getComputedStyle(document.body).color"))
				p.askedFor(address)
			})
		}
	}
	if backgrounds["light"] == backgrounds["dark"] {
		t.Errorf("light and dark have the same background %s", backgrounds["light"])
	}
	// Browsers print no background.
	if inks["light"] != inks["dark"] {
		t.Errorf("on paper light is written in %s, but dark in %s", inks["light"], inks["dark"])
	}
}

func fromRoot(t *testing.T, path ...string) string {
	t.Helper()
	absolute, err := filepath.Abs(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return absolute
}

// newBrowser starts the Chromium that `make test` installs, or the one that the
// variable CHROMIUM names, which must then be there.
func newBrowser(t *testing.T, folder string) context.Context {
	t.Helper()
	ours := filepath.Join(folder, "chromium")
	executable := cmp.Or(os.Getenv("CHROMIUM"), ours)
	if _, err := os.Stat(executable); errors.Is(err, fs.ErrNotExist) && os.Getenv("CHROMIUM") == "" {
		t.Skip("make test installs Chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(executable),
		// Root has no sandbox, nor has a user to whom the kernel gives no namespace.
		// The page is all that is opened.
		chromedp.NoSandbox)
	if executable == ours {
		options = append(options, chromedp.Env(
			"LD_LIBRARY_PATH="+filepath.Join(folder, "al2023", "lib"), "FONTCONFIG_FILE="+filepath.Join(folder, "fonts.conf")))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, closeBrowser := chromedp.NewContext(ctx)
	t.Cleanup(closeBrowser)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s does not start, and the variable CHROMIUM may name another browser: %v", executable, err)
	}
	return ctx
}

// page is a tab, and what the browser asked for and said because of it.
type page struct {
	t        *testing.T
	tab      context.Context
	mu       sync.Mutex
	requests []string
	messages []string
}

func ask[T any](p *page, action chromedp.Action[T]) T {
	p.t.Helper()
	answer, err := chromedp.Run(p.tab, action)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer
}

func (p *page) watch() {
	p.t.Helper()
	err := chromedp.Listen(p.tab, func(event any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch event := event.(type) {
		case *network.EventRequestWillBeSent:
			p.requests = append(p.requests, event.Request.URL)
		case *browserlog.EventEntryAdded:
			p.messages = append(p.messages, event.Entry.Text)
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *page) show(medium, scheme string) {
	p.t.Helper()
	_, err := chromedp.Call(p.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *page) screenshot(path string) {
	p.t.Helper()
	if err := os.WriteFile(path, ask(p, chromedp.FullScreenshot(100)), 0o644); err != nil {
		p.t.Fatal(err)
	}
	p.t.Log("screenshot:", path)
}

// tellsHowToPush clicks on each command, as somebody does who wants to copy it.
func (p *page) tellsHowToPush(address string) {
	p.t.Helper()
	platform := "linux/" + runtime.GOARCH
	var commands []string
	for _, box := range ask(p, chromedp.Nodes(chromedp.CSSAll("pre code"))) {
		ask(p, chromedp.MouseClickNode(box))
		commands = append(commands, ask(p, chromedp.Evaluate[string]("getSelection().toString()")))
	}
	if !slices.Equal(commands, []string{
		`REPOSITORY=$(aws cloudformation describe-stacks --stack-name CloudStruct-production --query "Stacks[0].Outputs[?OutputKey=='RepositoryUrl'].OutputValue" --output text)`,
		`aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"`,
		"docker build --platform " + platform + ` --tag "$REPOSITORY:jellybean" .`,
		`docker push "$REPOSITORY:jellybean"`,
	}) {
		p.t.Errorf("a click on each command selects %q", commands)
	}
	port := address[strings.LastIndex(address, ":")+1 : len(address)-1]
	text := ask(p, chromedp.Evaluate[string]("document.body.innerText"))
	for _, want := range []string{"Build for " + platform, "PORT, now " + port + ",", "CloudStruct\nproduction", "Answer GET /api/health with 200"} {
		if !strings.Contains(text, want) {
			p.t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
}

// fits wants the page to be laid out for the window, and nothing on it to scroll
// sideways, the boxes of the commands included.
func (p *page) fits(width int64) {
	p.t.Helper()
	if got := ask(p, chromedp.Evaluate[int64]("innerWidth")); got != width {
		p.t.Errorf("laid out for %d pixels, want %d", got, width)
	}
	wide := ask(p, chromedp.Evaluate[[]string](`[...document.querySelectorAll("*")]
		.filter(e => e.scrollWidth > Math.max(e.clientWidth, e.offsetWidth ?? 0) || e.getBoundingClientRect().right > innerWidth)
		.map(e => e.outerHTML)`))
	if len(wide) > 0 {
		p.t.Errorf("wider than the window: %q", wide)
	}
}

// isAccessible has axe look: by default it takes the rules of WCAG 2, levels A
// and AA, with contrast among them, and good practice.
func (p *page) isAccessible(axe string) {
	p.t.Helper()
	ask(p, chromedp.Evaluate[chromedp.Void](axe))
	found := ask(p, chromedp.Evaluate[struct{ Broken, Undecided, Kept []string }](`axe.run().then(found => {
		const elements = rules => rules.flatMap(rule => rule.nodes.map(node => rule.id + ": " + node.html + " " + node.failureSummary))
		return {Broken: elements(found.violations), Undecided: elements(found.incomplete), Kept: found.passes.map(rule => rule.id)}
	})`, chromedp.EvalAwaitPromise))
	if len(found.Broken)+len(found.Undecided) > 0 {
		p.t.Errorf("axe finds %q, and can't decide %q", found.Broken, found.Undecided)
	}
	if !slices.Contains(found.Kept, "color-contrast") {
		p.t.Errorf("axe has not looked at the contrast, only at %v", found.Kept)
	}
}

// askedFor wants no other request than the one for the page, and not a word in
// the console, where the browser reports what the page's policy forbids.
func (p *page) askedFor(address string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Equal(p.requests, []string{address}) {
		p.t.Errorf("requests were %q, want only %s", p.requests, address)
	}
	if len(p.messages) > 0 {
		p.t.Errorf("the browser says %q", p.messages)
	}
}
