package cli_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// A recorder sits at a terminal of a fixed size, types as a person does, and
// writes down what is shown. Its clock is made up: nobody waits. Programs reach
// Zoom by its own names, and a proxy in between leads to the simulator.
type recorder struct {
	t      *testing.T
	info   zoomsim.Info
	dir    string
	env    []string
	hide   *strings.Replacer // what is this machine's own
	screen *vt.Emulator
	at     float64 // seconds since the beginning
	hand   *rand.Rand
	events []event
	marks  []mark

	tty  *os.File // of the command that runs
	cmd  *exec.Cmd
	done chan struct{}
	mu   sync.Mutex
	new  bytes.Buffer // what it has written and nobody has read
}

// An event is what a terminal was told ("o"), or a step's end ("m").
type event struct {
	at         float64
	kind, text string
}

// A mark is the screen as it stood at a step's end.
type mark struct{ name, screen string }

const (
	columns, lines = 100, 30
	prompt         = "\x1b[1;32m$\x1b[m "
)

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	sim, err := zoomsim.New(zoomsim.Options{Seed: 7, Plan: "business", Meetings: 40, Users: 6, BaseURL: "https://api.zoom.us"})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: t.TempDir(), asked: t.TempDir()}
	r := &recorder{t: t, info: sim.Info(), dir: w.dir, hand: rand.New(rand.NewPCG(1, 2)), screen: vt.NewEmulator(columns, lines)}
	t.Cleanup(func() { sim.Close(); hangUp(r.screen) })

	ca := newAuthority(t, time.Now().AddDate(10, 0, 0))
	cert := ca.certificate(t, time.Now().AddDate(0, 0, -1), time.Now().AddDate(1, 0, 0), false, "zoom.us", "api.zoom.us")
	inside := &listener{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: sim.Handler(), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(tls.NewListener(inside, &tls.Config{Certificates: []tls.Certificate{cert}})) }()
	t.Cleanup(func() { close(inside.done); server.Close() })
	proxy := w.proxy(func(*http.Request) int { return http.StatusOK }, func(c net.Conn) { inside.conns <- c })

	r.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "TERM=xterm-256color", "USER=me", "TMPDIR=" + t.TempDir(),
		"HTTPS_PROXY=http://" + proxy, "SSL_CERT_FILE=" + w.give("ca.pem", string(ca.pem)), "SSL_CERT_DIR=" + w.asked,
	}
	r.hide = strings.NewReplacer(r.dir, "~", proxy, "proxy.example:3128")
	go func() { // what the terminal answers to a program's questions
		answer := make([]byte, 256)
		for {
			n, err := r.screen.Read(answer)
			if err != nil {
				return
			}
			r.mu.Lock()
			if r.tty != nil {
				_, _ = r.tty.Write(answer[:n])
			}
			r.mu.Unlock()
		}
	}()
	r.out(prompt)
	return r
}

// hangUp ends what a terminal answers, for whoever reads it.
func hangUp(screen *vt.Emulator) {
	if answers, ok := screen.InputPipe().(io.Closer); ok {
		answers.Close()
	}
}

// out shows a text, now.
func (r *recorder) out(text string) {
	if text == "" {
		return
	}
	_, _ = io.WriteString(r.screen, text)
	r.events = append(r.events, event{r.at, "o", text})
}

func (r *recorder) wait(seconds float64) *recorder { r.at += seconds; return r }

func (r *recorder) mark(name string) *recorder {
	r.events = append(r.events, event{r.at, "m", name})
	r.marks = append(r.marks, mark{name, textOf(r.screen)})
	return r.wait(2.5)
}

func textOf(screen *vt.Emulator) string {
	rows := strings.Split(screen.String(), "\n")
	for i := range rows {
		rows[i] = strings.TrimRight(rows[i], " \r")
	}
	return strings.TrimRight(strings.Join(rows, "\n"), "\n")
}

// line types at the shell's prompt.
func (r *recorder) line(text string) {
	r.wait(0.7)
	for _, char := range text {
		r.out(string(char))
		r.wait(0.03 + 0.05*r.hand.Float64())
	}
	r.wait(0.4).out("\r\n")
}

// says writes a remark.
func (r *recorder) says(remark string) {
	r.line(remark)
	r.wait(0.6).out(prompt)
}

// command runs one to its end.
func (r *recorder) command(text string) {
	r.t.Helper()
	r.begin(text)
	r.ends(text)
}

// begin types a command and starts it.
func (r *recorder) begin(text string) {
	r.t.Helper()
	r.line(text)
	master, slave, err := pty.Open()
	if err != nil {
		r.t.Skip("a pseudo-terminal is missing: ", err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Cols: columns, Rows: lines}); err != nil {
		r.t.Fatal(err)
	}
	args := strings.Fields(text)
	r.cmd = exec.Command(args[0], args[1:]...)
	r.cmd.Dir, r.cmd.Env = r.dir, r.env
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = slave, slave, slave
	r.cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	slave.Close()
	cmd, done := r.cmd, make(chan struct{})
	hung := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	r.t.Cleanup(func() { hung.Stop(); _ = cmd.Process.Kill(); master.Close() })
	r.mu.Lock()
	r.tty, r.done = master, done
	r.mu.Unlock()
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			r.mu.Lock()
			r.new.Write(buf[:n])
			r.mu.Unlock()
			if err != nil {
				return // the command has ended
			}
		}
	}()
}

// take shows what the command has written so far.
func (r *recorder) take() bool {
	r.mu.Lock()
	text := r.new.String()
	r.new.Reset()
	r.mu.Unlock()
	r.out(r.hide.Replace(text))
	return text != ""
}

// settle waits until the command has been quiet for a while.
func (r *recorder) settle() {
	for quiet := 0; quiet < 8; quiet++ {
		select {
		case <-r.done:
			r.take()
			return
		case <-time.After(5 * time.Millisecond):
		}
		if r.take() {
			quiet = 0
		}
	}
}

// reads waits until the screen shows the words.
func (r *recorder) reads(words string) *recorder {
	r.t.Helper()
	want := strings.ReplaceAll(words, " ", "")
	for end := time.Now().Add(30 * time.Second); ; {
		r.settle()
		if strings.Contains(squeezed([]byte(textOf(r.screen))), want) {
			return r.wait(0.9)
		}
		if time.Now().After(end) {
			r.t.Fatalf("%q is not shown:\n%s", words, textOf(r.screen))
		}
	}
}

// keys presses some keys at once, and sees what comes of it.
func (r *recorder) keys(keys string) *recorder {
	r.t.Helper()
	if _, err := io.WriteString(r.tty, keys); err != nil {
		r.t.Fatal(err)
	}
	r.settle()
	return r.wait(0.5)
}

// pastes is keys for what a person copies from elsewhere.
func (r *recorder) pastes(text string) *recorder { return r.keys(text).wait(0.4) }

// slowly is keys for what a person types.
func (r *recorder) slowly(text string) *recorder {
	for _, char := range text {
		r.keys(string(char)).wait(-0.5 + 0.04 + 0.06*r.hand.Float64())
	}
	return r
}

// ends waits for the command's end.
func (r *recorder) ends(name string) {
	r.t.Helper()
	<-r.done
	err := r.cmd.Wait()
	r.wait(0.3).take()
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", name, err, textOf(r.screen))
	}
	r.out(prompt)
	r.mark(name)
}

// cast is the recording as asciinema plays it (asciicast v2).
func (r *recorder) cast() []byte {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(struct {
		Version int    `json:"version"`
		Width   int    `json:"width"`
		Height  int    `json:"height"`
		Title   string `json:"title"`
	}{2, columns, lines, "Stagedoor: from nothing to Zoom reports (on a simulated account)"})
	for _, e := range r.events {
		_ = enc.Encode([]any{json.Number(seconds(e.at)), e.kind, e.text})
	}
	return text.Bytes()
}

// marksOf plays a recording, and returns its screens.
func marksOf(t *testing.T, cast []byte) []mark {
	t.Helper()
	screen := vt.NewEmulator(columns, lines)
	defer hangUp(screen)
	go func() { _, _ = io.Copy(io.Discard, screen) }()
	var marks []mark
	for _, line := range bytes.Split(bytes.TrimSpace(cast), []byte("\n"))[1:] {
		var e [3]any
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		text, _ := e[2].(string)
		if e[1] == "m" {
			marks = append(marks, mark{text, textOf(screen)})
			continue
		}
		_, _ = io.WriteString(screen, text)
	}
	return marks
}
