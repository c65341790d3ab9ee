package cli_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestOneTokenForAllProcesses asks for the token from many processes, at once
// beside a sync that runs and then one after another: all get the one token,
// which the check at `credential add` minted, and none finds the database busy.
func TestOneTokenForAllProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, zoomsim.Options{Plan: "business", Latency: 100 * time.Millisecond})
	w.addCredential()

	reading := make(chan struct{})
	begins := sync.OnceFunc(func() { close(reading) })
	w.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) {
		if strings.Contains(r.URL.Path, "/report/") {
			begins()
		}
		zoom.ServeHTTP(rw, r)
	})
	run := w.startSync()
	<-reading
	first := w.tokensAtOnce(50)
	run.isDone(0)

	many := 1000
	if testing.Short() {
		many = 30
	}
	began := time.Now()
	for range many {
		if got := w.token("token", "acme"); got != first {
			t.Fatal("a later process got another token")
		}
	}
	t.Logf("`stagedoor token` takes %s, one process after another", (time.Since(began) / time.Duration(many)).Round(time.Millisecond/10))
	if minted := w.sim.Stats().TokensMinted; minted != 1 {
		t.Errorf("Zoom minted %d tokens, want 1", minted)
	}
}

// TestOneMintForAllProcesses starts where there is no token yet: one process
// mints, and the others wait for its token.
func TestOneMintForAllProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, zoomsim.Options{})
	w.addCredential("--no-check")
	w.tokensAtOnce(50)
	if minted := w.sim.Stats().TokensMinted; minted != 1 {
		t.Errorf("Zoom minted %d tokens, want 1", minted)
	}
}

// tokensAtOnce runs n processes at once and returns the token that all of them
// must print.
func (w *world) tokensAtOnce(n int) string {
	w.t.Helper()
	started := make([]*process, n)
	for i := range started {
		started[i] = w.start("token", "acme", "--log-level", "debug")
	}
	var first string
	for i, p := range started {
		got := p.token()
		if i == 0 {
			first = got
		}
		if got != first {
			w.t.Errorf("process %d got another token", i+1)
		}
	}
	return first
}

func (w *world) token(args ...string) string {
	w.t.Helper()
	return w.start(args...).token()
}

// token waits for a `stagedoor token` and returns what it printed.
func (p *process) token() string {
	t := p.world.t
	t.Helper()
	r := p.wait()
	for _, word := range []string{"SQLITE_BUSY", "database is locked"} {
		if strings.Contains(r.stderr, word) {
			t.Errorf("stderr says %s", word)
		}
	}
	token, oneLine := strings.CutSuffix(r.stdout, "\n")
	if r.status != 0 || len(token) < 100 || !oneLine || strings.ContainsAny(token, " \n") {
		t.Fatalf("`stagedoor token`: exit status %d and %d bytes\n%s", r.status, len(r.stdout), r.stderr)
	}
	return token
}
