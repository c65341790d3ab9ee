package cli_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// A person sits at a pseudo-terminal, at which one command runs: they wait
// until they read something, and type.
type person struct {
	t    *testing.T
	w    *world
	tty  *os.File
	cmd  *exec.Cmd
	mu   sync.Mutex
	seen bytes.Buffer
	read int // how much of seen was looked at
	done chan struct{}
	was  unix.Termios
}

func (w *world) sitDown(columns, rows uint16, env []string, args ...string) *person {
	w.t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		w.t.Skip("a pseudo-terminal is missing: ", err)
	}
	p := &person{t: w.t, w: w, tty: master, done: make(chan struct{})}
	if err := pty.Setsize(master, &pty.Winsize{Cols: columns, Rows: rows}); err != nil {
		w.t.Fatal(err)
	}
	p.was = p.modes()
	p.cmd = exec.Command("stagedoor", args...)
	p.cmd.Dir, p.cmd.Env = w.dir, append(append(slices.Clone(w.env), "TERM=xterm-256color"), env...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	p.cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	slave.Close()
	hung := time.AfterFunc(2*time.Minute, func() { _ = p.cmd.Process.Kill() })
	w.t.Cleanup(func() { hung.Stop(); _ = p.cmd.Process.Kill(); master.Close() })
	go func() {
		defer close(p.done)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			p.mu.Lock()
			p.seen.Write(buf[:n])
			p.mu.Unlock()
			if err != nil {
				return // the last process closed it
			}
		}
	}()
	return p
}

func (p *person) modes() unix.Termios {
	modes, err := unix.IoctlGetTermios(int(p.tty.Fd()), unix.TCGETS)
	if err != nil {
		p.t.Fatal(err)
	}
	return *modes
}

// reads waits until the words were shown since the last call, in spite of line
// breaks and colours.
func (p *person) reads(words string) *person {
	p.t.Helper()
	want := strings.ReplaceAll(words, " ", "")
	for end := time.Now().Add(20 * time.Second); ; {
		p.mu.Lock()
		rest := p.seen.Bytes()[p.read:]
		shown := squeezed(rest)
		if strings.Contains(shown, want) {
			// Read on behind the words: what follows may have come with them.
			p.read += sort.Search(len(rest), func(n int) bool { return strings.Contains(squeezed(rest[:n]), want) })
			p.mu.Unlock()
			return p
		}
		p.mu.Unlock()
		select {
		case <-p.done:
			p.mu.Lock()
			shown = squeezed(p.seen.Bytes()[p.read:])
			p.mu.Unlock()
			if strings.Contains(shown, want) {
				continue
			}
			p.t.Fatalf("the command ended without %q; what was shown:\n%s", words, shown)
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(end) {
			p.t.Fatalf("%q is not shown; what was shown:\n%s", words, shown)
		}
	}
}

func squeezed(shown []byte) string {
	return strings.NewReplacer(" ", "", "\r", "", "\n", "", "│", "").Replace(ansi.Strip(string(shown)))
}

const (
	enter, escape, ctrlC, down = "\r", "\x1b", "\x03", "\x1b[B"
)

func (p *person) types(text string) *person {
	p.t.Helper()
	if _, err := io.WriteString(p.tty, text); err != nil {
		p.t.Fatal(err)
	}
	return p
}

// ends waits for the command, and holds that it left the terminal as it was and
// never showed a secret.
func (p *person) ends(status int) {
	p.t.Helper()
	got := 0
	if err := p.cmd.Wait(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			p.t.Fatal(err)
		}
		got = exit.ExitCode()
	}
	now := p.modes()
	<-p.done
	all := p.seen.String()
	if got != status {
		p.t.Errorf("exit status %d, want %d\n%s", got, status, ansi.Strip(all))
	}
	if now.Lflag != p.was.Lflag || now.Iflag != p.was.Iflag || now.Oflag != p.was.Oflag {
		p.t.Error("the terminal was not given back as it was: it shows what is typed no more, or takes no line")
	}
	secret := p.w.info.ClientSecret
	for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(p.w.info.ClientID + ":" + secret))} {
		if strings.Contains(all, form) || strings.Contains(squeezed([]byte(all)), form) {
			p.t.Error("the terminal shows the client secret")
		}
	}
}

// atSimForm are the flags that lead to the simulator, without the values.
func (w *world) atSimForm() []string {
	at := w.atSim()
	return append([]string{"credential", "add", "acme"}, at[slices.Index(at, "--token-url"):]...)
}

func (w *world) has(credential bool) {
	w.t.Helper()
	if r := w.run("credential", "show", "acme"); (r.status == 0) != credential {
		w.t.Errorf("credential show: exit status %d\n%s", r.status, r.stderr)
	}
}

// TestForm goes through the whole form with each wrong turn: the e-mail address
// for the account id, the client id for the secret, an account that is none.
func TestForm(t *testing.T) {
	t.Parallel()
	for _, size := range []struct{ columns, rows uint16 }{{120, 40}, {40, 15}} {
		w := newWorld(t, zoomsim.Options{})
		p := w.sitDown(size.columns, size.rows, nil, w.atSimForm()...)
		p.reads("What shall programs read").types(" " + enter)
		p.reads("may they change").types(enter)
		p.reads("user:read:list_users:admin").reads("Are they in the app?").types(down + enter)
		p.reads("user:read:admin").reads("Are they in the app?").types(enter)
		p.reads("Account ID").types("me@example.com").reads("e-mail address").types("\x15" + strings.Repeat("x", 22) + enter)
		// A page that follows another is drawn where it differs only.
		p.reads("shift+tab back").types(w.info.ClientID + enter)
		p.reads("Secret").types(w.info.ClientID).reads("That is the Client ID").types("\x15" + w.info.ClientSecret + enter)
		p.reads("how fast").types(enter)
		p.reads("does not know this account id").reads("What next?").types(enter)
		p.reads("Account ID").types("\x15" + w.info.AccountID + enter)
		p.reads("shift+tab back").types(enter)
		p.reads("Enter keeps the one you typed").types(enter)
		p.reads("saved credential acme (verified)")
		p.ends(0)
		if show := w.succeeds("credential", "show", "acme", "--json").stdout; !strings.Contains(show, `"users"`) || !strings.Contains(show, w.info.AccountID) {
			t.Errorf("not saved as typed: %s", show)
		}
		w.succeeds("token", "acme")
	}
}

// TestFormSavesUnverified saves what Zoom refuses, as the person wants it.
func TestFormSavesUnverified(t *testing.T) {
	t.Parallel()
	w := newWorld(t, zoomsim.Options{})
	args := append(w.atSimForm(), "--purpose", "users", "--plan", "pro", "--account-id", w.info.AccountID, "--client-id", w.info.ClientID)
	p := w.sitDown(80, 24, nil, args...)
	p.reads("Are they in the app?").types(enter)
	p.reads("Client Secret").types(strings.Repeat("x", 32) + enter)
	p.reads("does not know this client id").reads("What next?").types(down + down + enter)
	p.reads("saved credential acme (unverified)")
	p.ends(0)
	w.has(true)
}

// TestFormLeft leaves at each step: nothing is saved, and the terminal is as it
// was.
func TestFormLeft(t *testing.T) {
	t.Parallel()
	for _, key := range []string{ctrlC, escape} {
		for steps := range 6 {
			w := newWorld(t, zoomsim.Options{})
			p := w.sitDown(80, 24, nil, w.atSimForm()...)
			for i, step := range []func(){
				func() { p.reads("What shall programs read").types(enter) },
				func() { p.reads("Are they in the app?").types(enter) },
				func() { p.reads("Account ID").types(w.info.AccountID + enter) },
				func() { p.reads("shift+tab back").types(w.info.ClientID + enter) },
				func() { p.reads("Secret").types(w.info.ClientSecret + enter) },
			} {
				if i < steps {
					step()
				}
			}
			last := []string{"What shall programs read", "Are they in the app?", "Account ID", "shift+tab back", "Secret", "how fast"}[steps]
			p.reads(last).types(key)
			p.reads("nothing was saved")
			p.ends(130)
			if _, err := os.Stat(w.path("home")); err == nil {
				t.Errorf("step %d: a home was made", steps)
			}
		}
	}
}

// TestFormInPlainLines is the form for a terminal that moves no cursor, and for
// those who want none.
func TestFormInPlainLines(t *testing.T) {
	t.Parallel()
	for _, env := range []string{"TERM=dumb", "ACCESSIBLE=1"} {
		w := newWorld(t, zoomsim.Options{Scopes: []string{"user:read:list_users:admin"}})
		p := w.sitDown(80, 24, []string{env}, w.atSimForm()...)
		p.reads("numbers, such as 1,3").types("1\n").reads("numbers, such as").types("\n")
		p.reads("number (Enter").types("\n")
		p.reads("Account ID").reads(">").types(w.info.AccountID + "\n")
		p.reads("Client ID").reads(">").types(w.info.ClientID + "\n")
		p.reads("(not shown) >").types(w.info.ClientSecret + "\n")
		p.reads("The account's plan").reads(">").types("business\n")
		p.reads("Use GET /users for its checks?").reads(">").types("\n")
		p.reads("GET /users answered").reads("saved credential acme (verified)")
		p.ends(0)
	}
	w := newWorld(t, zoomsim.Options{})
	p := w.sitDown(80, 24, []string{"TERM=dumb"}, append(w.atSimForm(), "--purpose", "users", "--account-id", w.info.AccountID, "--client-id", w.info.ClientID)...)
	p.reads("number (Enter").types("\n").reads("(not shown) >").types(ctrlC).reads("nothing was saved")
	p.ends(130)
}

// TestReminder tells a person of an old secret, and no program.
func TestReminder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, zoomsim.Options{})
	w.addCredential()
	if r := w.succeeds("credential", "list"); strings.Contains(r.stdout, "SECRET") {
		t.Errorf("a new secret asks for attention: %s", r.stdout)
	}
	if _, err := readColumn(w.path("home/stagedoor.db"), "update credentials set secret_set_at = secret_set_at - 91*24*3600*1000000 returning id"); err != nil {
		t.Fatal(err)
	}
	if r := w.succeeds("credential", "list"); !strings.Contains(r.stdout, "91 days old: renew it") {
		t.Errorf("list: %s", r.stdout)
	}
	if r := w.succeeds("credential", "show", "acme", "--json"); !strings.Contains(r.stdout, `"secret_due": true`) {
		t.Errorf("show: %s", r.stdout)
	}
	if r := w.succeeds("credential", "check", "acme"); strings.Contains(r.stderr+r.stdout, "days old") {
		t.Errorf("a program is reminded: %s", r.stderr)
	}
	p := w.sitDown(80, 24, nil, "credential", "check", "acme")
	p.reads("The client secret is 91 days old").reads("set-secret acme")
	p.ends(0)
}
