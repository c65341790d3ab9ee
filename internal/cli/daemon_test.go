package cli_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A daemon is `stagedoor serve`, as a process of a world.
type daemon struct {
	world *world
	cmd   *exec.Cmd
	url   string        // as it said itself
	ended chan struct{} // closed when the process has ended
	err   error         // how; read after ended

	mu  sync.Mutex
	log strings.Builder // what it wrote to stderr so far
}

// freeAddress is a port of loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// at fixes the address of the world's daemon, so that one that was killed can come
// back where its callers know it.
func (w *world) at() string {
	w.t.Helper()
	w.gate = freeAddress(w.t)
	w.env = append(w.env, "STAGEDOOR_PUBLIC_URL=http://"+w.gate)
	return w.gate
}

// serve starts the daemon and waits until it listens.
func (w *world) serve(address string, flags ...string) *daemon {
	w.t.Helper()
	d := &daemon{world: w, ended: make(chan struct{})}
	d.cmd = exec.Command("stagedoor", append([]string{"serve", "--listen", address}, flags...)...)
	d.cmd.Dir, d.cmd.Env = w.dir, slices.Clone(w.env)
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	ready := make(chan string, 1)
	go func() {
		defer close(d.ended)
		lines := bufio.NewScanner(stderr)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			d.mu.Lock()
			d.log.WriteString(lines.Text() + "\n")
			d.mu.Unlock()
			if _, url, ok := strings.Cut(lines.Text(), "listening on "); ok {
				select {
				case ready <- strings.Fields(url)[0]:
				default:
				}
			}
		}
		d.err = d.cmd.Wait()
	}()
	w.t.Cleanup(func() {
		_ = d.cmd.Process.Kill()
		<-d.ended
	})
	select {
	case d.url = <-ready:
	case <-d.ended:
		w.t.Fatalf("serve ended before it listened: %v\n%s", d.err, d.said())
	case <-time.After(time.Minute):
		w.t.Fatalf("serve does not listen after a minute\n%s", d.said())
	}
	return d
}

// said is what the daemon wrote to stderr so far.
func (d *daemon) said() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.String()
}

// kill ends the daemon where it stands.
func (d *daemon) kill() {
	d.world.t.Helper()
	if err := d.cmd.Process.Kill(); err != nil {
		d.world.t.Fatal(err)
	}
	<-d.ended
}

// stop ends the daemon as a service manager does, which must be a success.
func (d *daemon) stop() {
	d.world.t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		d.world.t.Fatal(err)
	}
	<-d.ended
	if d.err != nil {
		d.world.t.Errorf("serve ended with %v after SIGTERM\n%s", d.err, d.said())
	}
}

// isNeverBusy fails if a text tells of a database that was busy.
func isNeverBusy(t *testing.T, what, text string) {
	t.Helper()
	for _, word := range []string{"SQLITE_BUSY", "database is locked", "database table is locked"} {
		if strings.Contains(text, word) {
			t.Errorf("%s says %s:\n%s", what, word, text)
		}
	}
}

// A guest is a caller as `caller add --json` shows it, once.
type guest struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	TokenURL     string `json:"token_url"`
	BaseURL      string `json:"base_url"`
}

// addCaller lets a caller through to acme.
func (w *world) addCaller(name string, flags ...string) guest {
	w.t.Helper()
	r := w.succeeds(append([]string{"caller", "add", name, "--credential", "acme", "--json"}, flags...)...)
	var g guest
	if err := json.Unmarshal([]byte(r.stdout), &g); err != nil || g.ClientID == "" || g.ClientSecret == "" || g.TokenURL == "" || g.BaseURL == "" {
		w.t.Fatalf("caller add --json: %v in %s", err, fmt.Sprintf("%d bytes", len(r.stdout)))
	}
	return g
}
