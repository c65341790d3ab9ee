package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/oauth2/clientcredentials"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// slowly has the world's Zoom hold back its answers below /v2/users/, once it was
// asked for one, until release is called.
func (w *world) slowly() (asked chan struct{}, release func()) {
	asked, held := make(chan struct{}, 8), make(chan struct{})
	w.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) {
		if strings.HasPrefix(r.URL.Path, "/v2/users/") {
			asked <- struct{}{}
			select {
			case <-held:
			case <-r.Context().Done():
				return
			}
		}
		zoom.ServeHTTP(rw, r)
	})
	return asked, func() { close(held) }
}

// TestServeStops sends a running daemon the signals of a service manager and of a
// person, while it answers.
func TestServeStops(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		signals []syscall.Signal
		flags   []string
		answers bool // the answer under way comes
		status  int
		says    string
	}{
		"SIGTERM lets the answer finish":    {signals: []syscall.Signal{syscall.SIGTERM}, answers: true},
		"Ctrl-C does too":                   {signals: []syscall.Signal{syscall.SIGINT}, answers: true},
		"no longer than --grace":            {signals: []syscall.Signal{syscall.SIGTERM}, flags: []string{"--grace", "50ms"}, says: "1 running answer cut off"},
		"a second signal ends it, with 130": {signals: []syscall.Signal{syscall.SIGTERM, syscall.SIGINT}, status: 130, says: "a second signal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, zoomsim.Options{Meetings: 5, Users: 3})
			w.addCredential("--no-check")
			address := w.at()
			g := w.addCaller("reports", "--allow", "GET /users/**")
			d := w.serve(address, c.flags...)
			client := (&clientcredentials.Config{ClientID: g.ClientID, ClientSecret: g.ClientSecret, TokenURL: g.TokenURL}).Client(context.Background())
			asked, release := w.slowly()
			answered := make(chan error, 1)
			go func() {
				answer, err := client.Get(g.BaseURL + "/v2/users/me")
				if err == nil {
					defer answer.Body.Close()
					var text []byte
					if text, err = io.ReadAll(answer.Body); err == nil && (answer.StatusCode != http.StatusOK || !strings.Contains(string(text), `"email"`)) {
						err = fmt.Errorf("%s %s", answer.Status, text)
					}
				}
				answered <- err
			}()
			<-asked
			for i, signal := range c.signals {
				if i > 0 {
					// The first was heard once nobody listens any more.
					for {
						if answer, err := http.Get("http://" + address + "/healthz"); err != nil {
							break
						} else {
							answer.Body.Close()
						}
					}
				}
				if err := d.cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
			}
			if c.answers {
				release()
			}
			if err := <-answered; (err == nil) != c.answers {
				t.Errorf("the answer that was under way: %v", err)
			}
			<-d.ended
			status := 0
			if exit, ok := errors.AsType[*exec.ExitError](d.err); ok {
				status = exit.ExitCode()
			}
			if status != c.status || !strings.Contains(d.said(), c.says) {
				t.Errorf("it ended with status %d, want %d, and said\n%s", status, c.status, d.said())
			}
			if r := w.run("audit", "verify"); r.status != 0 {
				t.Errorf("the audit does not verify afterwards: %s", r.stderr)
			}
			// No lock is left.
			again := w.serve(address)
			again.stop()
		})
	}
}
