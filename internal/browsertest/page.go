package browsertest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium is the one process of a test program; it ends with it.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, exec.ErrNotFound
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("force-color-profile", "srgb"),
		chromedp.Flag("font-render-hinting", "none"), chromedp.Flag("disable-gpu", true), chromedp.Flag("lang", "en-GB"), chromedp.WSURLReadTimeout(time.Minute))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // root has none
	}
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	return ctx, chromedp.Do(ctx, chromedp.Navigate("about:blank"))
})

// patience is how long something that is waited for may take.
const patience = 20 * time.Second

// Page is a tab of a browser of its own.
type Page struct {
	t    testing.TB
	ctx  context.Context
	base string // where the tested site is

	mu        sync.Mutex // guards what follows
	wrong     []string
	bytes     map[string]int // over the wire, by address, since the last Go
	expect    []string       // what scripts and the network may complain of
	recording bool
	answers   map[string]string // by request id: the address
}

// Open opens a tab on a site. The test is skipped where there is no Chromium, or with
// -short.
func Open(t testing.TB, base string, width, height int) *Page {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a browser")
	}
	browser, err := chromium()
	if err == exec.ErrNotFound {
		t.Skip("missing here: chromium (scripts/chromium.sh installs Debian's)")
	}
	if err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	p := &Page{t: t, base: base, bytes: map[string]int{}, answers: map[string]string{}}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	p.ctx = ctx
	t.Cleanup(func() {
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, wrong := range p.wrong {
			t.Error(wrong)
		}
	})
	p.must(chromedp.Listen(ctx, p.heard))
	p.Size(width, height)
	return p
}

func (p *Page) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// heard looks at what the browser tells.
func (p *Page) heard(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.note("a script failed: " + e.ExceptionDetails.Text + " " + describe(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		// htmx says so of each answer that is an error, which pages show, and of requests
		// that a newer one took the place of.
		if text := args(e.Args); e.Type == runtime.ConsoleAPICalledTypeError && !strings.Contains(text, "Response Status Error Code") && !strings.Contains(text, "htmx:") {
			p.note("a script complains: " + text)
		}
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError && e.Entry.Source != cdplog.EntrySourceNetwork {
			p.note("the browser complains: " + e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, p.base+"/") && !strings.HasPrefix(url, "about:") && !strings.HasPrefix(url, "data:") {
			p.note("a request goes elsewhere: " + url)
		}
	case *network.EventResponseReceived:
		if p.recording {
			p.answers[string(e.RequestID)] = e.Response.URL
		}
	case *network.EventLoadingFinished:
		p.bytes[string(e.RequestID)] = int(e.EncodedDataLength)
	case *page.EventJavascriptDialogOpening:
		p.note("a dialog opens: " + e.Message)
	}
}

func (p *Page) note(text string) {
	for _, expected := range p.expect {
		if strings.Contains(text, expected) {
			return
		}
	}
	p.wrong = append(p.wrong, text)
}

// Expect has something that the browser complains of be no failure: while a daemon is
// away, say.
func (p *Page) Expect(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expect = append(p.expect, text)
}

func describe(d *runtime.ExceptionDetails) string {
	if d.Exception != nil {
		return d.Exception.Description
	}
	return ""
}

func args(list []*runtime.RemoteObject) string {
	var text []string
	for _, a := range list {
		text = append(text, string(a.Value)+a.Description)
	}
	return strings.Join(text, " ")
}

// Size sets how much of a page is seen, in CSS pixels.
func (p *Page) Size(width, height int) {
	p.t.Helper()
	p.must(chromedp.Do(p.ctx, chromedp.EmulateViewport(int64(width), int64(height))))
}

// Dark sets whether the system is dark.
func (p *Page) Dark(dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	p.must(err)
}

// Go opens an address of the site.
func (p *Page) Go(path string) {
	p.t.Helper()
	p.mu.Lock()
	clear(p.bytes)
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.must(chromedp.Do(ctx, chromedp.Navigate(p.base+path)))
}

// Bytes is how much came over the wire since Go.
func (p *Page) Bytes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	sum := 0
	for _, n := range p.bytes {
		sum += n
	}
	return sum
}

// Eval is the value of an expression in the page, decoded from JSON into to, which may
// be nil. A promise is waited for.
func (p *Page) Eval(expression string, to any) {
	p.t.Helper()
	p.must(p.eval(expression, to))
}

func (p *Page) eval(expression string, to any) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[[]byte](expression, chromedp.EvalAwaitPromise))
	if err != nil || to == nil {
		return err
	}
	return json.Unmarshal(text, to)
}

// Until waits until an expression is true. While a page changes it may fail.
func (p *Page) Until(expression string) {
	p.t.Helper()
	if !p.until(expression) {
		p.t.Fatalf("it never came true: %s\nthe page says: %s", expression, p.Text())
	}
}

func (p *Page) until(expression string) bool { return p.untilPromise("!!(" + expression + ")") }

// untilPromise waits until an expression, or what it promises, is true.
func (p *Page) untilPromise(expression string) bool {
	ends := time.After(patience)
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for {
		var is bool
		if p.eval(expression, &is) == nil && is {
			return true
		}
		select {
		case <-tick.C:
		case <-ends:
			return false
		}
	}
}

// Text is what the page shows.
func (p *Page) Text() string {
	p.t.Helper()
	var text string
	_ = p.eval("document.body.innerText", &text)
	return strings.Join(strings.Fields(text), " ")
}

// Shows waits until the page shows all of these.
func (p *Page) Shows(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if !p.until("document.body.innerText.replace(/\\s+/g, ' ').includes(" + quoted(text) + ")") {
			p.t.Fatalf("the page never shows %q; it shows: %s", text, p.Text())
		}
	}
}

// Path is the page's address on the site.
func (p *Page) Path() string {
	p.t.Helper()
	var path string
	p.Eval("location.pathname + location.search + location.hash", &path)
	return path
}

// At waits until the page is at an address of the site, and whole.
func (p *Page) At(path string) {
	p.t.Helper()
	p.Until("location.pathname + location.search === " + quoted(path) + " && document.readyState === 'complete'")
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// Press presses a key: "Tab", "Enter", "Escape", " ".
func (p *Page) Press(key string, shift bool) {
	p.t.Helper()
	keys := map[string]string{"Tab": "\t", "Enter": "\r", "Escape": "\u001b", "Down": "\u0301"}
	text, known := keys[key]
	if !known {
		text = key
	}
	var options []chromedp.KeyOption
	if shift {
		options = append(options, chromedp.KeyModifiers(chromedp.ModifierShift))
	}
	p.must(chromedp.Do(p.ctx, chromedp.KeyEvent(text, options...)))
}
