package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// A death is a signal that a process gets, and when.
type death struct {
	signal os.Signal // default SIGKILL
	when   moment
	turn   int           // at the first request of that kind, the second …
	late   time.Duration // so long after it; for sometime, after the start
}

type moment string

const (
	sometime   moment = "some time after the start"
	onRequest  moment = "when a request arrived"
	midAnswer  moment = "in the middle of an answer"
	afterward  moment = "after an answer"
	onSlice    moment = "when a slice's first request arrived"
	nearCommit moment = "after a slice's last page, while it is committed"
)

// startDoomed starts a command that gets its signal at the moment, if it lives
// so long.
func (w *world) startDoomed(d death, stdin io.Reader, env []string, args ...string) *process {
	w.t.Helper()
	if d.signal == nil {
		d.signal = os.Kill
	}
	var p *process
	started := make(chan struct{})
	strike := sync.OnceFunc(func() {
		<-started
		_ = p.cmd.Process.Signal(d.signal)
	})
	if d.when != sometime {
		w.ambush(d, strike)
	}
	p = w.startWith(stdin, env, args...)
	close(started)
	if d.when == sometime {
		time.AfterFunc(d.late, strike)
	}
	return p
}

// ambush calls strike at the moment, of which Zoom's side sees what it needs.
func (w *world) ambush(d death, strike func()) {
	var seen atomic.Int64
	due := func(when moment) bool { return d.when == when && seen.Add(1) == int64(d.turn) }
	w.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) {
		begins := r.URL.Query().Get("next_page_token") == ""
		if due(onRequest) || begins && due(onSlice) {
			strike()
		}
		answer := httptest.NewRecorder()
		zoom.ServeHTTP(answer, r)
		body := answer.Body.String()
		for name, values := range answer.Header() {
			rw.Header()[name] = values
		}
		rw.Header().Set("Content-Length", fmt.Sprint(len(body)))
		rw.WriteHeader(answer.Code)
		if due(midAnswer) {
			_, _ = io.WriteString(rw, body[:len(body)/2])
			_ = http.NewResponseController(rw).Flush()
			time.AfterFunc(d.late, strike)
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(rw, body)
		_ = http.NewResponseController(rw).Flush()
		if due(afterward) || strings.Contains(body, `"next_page_token":""`) && due(nearCommit) {
			time.AfterFunc(d.late, strike)
		}
	})
}

// seeded returns a source of randomness, and prints what repeats it.
func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("STAGEDOOR_TEST_SEED"); text != "" {
		_, _ = fmt.Sscan(text, &seed)
	}
	t.Logf("STAGEDOOR_TEST_SEED=%d repeats the moments of this run", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func upTo(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }

// TestSyncKilled kills syncs without warning, again and again, and runs the
// same command until it is done: no row is lost or doubled.
func TestSyncKilled(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("its short form is TestTwelveKilled's")
	}
	r := seeded(t)
	runs, kills := 8, 6
	moments := []moment{sometime, nearCommit, midAnswer, afterward, nearCommit, onRequest}
	killed := map[moment]int{}
	for run := range runs {
		w := newWorld(t, zoomsim.Options{Plan: "business", Meetings: 200, Latency: 2 * time.Millisecond})
		w.addCredential()
		for i := range kills {
			d := death{when: moments[i%len(moments)], turn: 1 + r.IntN(4), late: upTo(r, 4*time.Millisecond)}
			switch d.when {
			case sometime:
				d.late = upTo(r, 400*time.Millisecond)
			case nearCommit:
				d.turn, d.late = 1, upTo(r, 15*time.Millisecond)
			case midAnswer:
				if run == 0 {
					d.turn = 1 // what former kills left to read may be one call
				}
			}
			if p := w.startDoomed(d, nil, nil, w.syncAll()...).wait(); p.status == -1 {
				killed[d.when]++
			} else if p.status != 0 {
				t.Fatalf("the sync after a kill: exit status %d\n%s", p.status, p.stderr)
			}
		}
		w.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) { zoom.ServeHTTP(rw, r) })
		w.startSync().isDone(0)
	}
	t.Logf("killed: %v", killed)
	for _, when := range []moment{midAnswer, nearCommit} {
		if killed[when] == 0 {
			t.Errorf("nothing was killed %s, so nothing is proven of it", when)
		}
	}
}

// TestPartsKilled kills syncs of a stream that is read for each user: the next
// run begins with the users that the last one did not come to, and in the end
// no row is lost or doubled.
func TestPartsKilled(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("its short form is TestTwelveKilled's")
	}
	r := seeded(t)
	w := newWorld(t, zoomsim.Options{Plan: "business", Users: 8, Meetings: 100, Limits: "off"})
	w.addCredential()
	args := []string{
		"sync", "acme", "report_user_meetings", "--since", w.info.Since, "--until", w.info.Until,
		"--into", "sqlite:" + w.path("zoom.db"), "--json",
	}
	killed, slices := 0, 0
	for i := range 4 {
		when := []moment{midAnswer, nearCommit}[i%2]
		d := death{when: when, turn: 6 + r.IntN(8), late: upTo(r, 4*time.Millisecond)}
		if p := w.startDoomed(d, nil, nil, args...).wait(); p.status == -1 {
			killed++
		} else if p.status != 0 {
			t.Fatalf("the sync after a kill: exit status %d\n%s", p.status, p.stderr)
		}
		now, err := readColumn(w.path("zoom.db"), "select slice from _stagedoor_slices")
		if err != nil || len(now) < slices {
			t.Fatalf("%d slices are kept after %d (%v)", len(now), slices, err)
		}
		slices = len(now)
	}
	if killed == 0 || slices == 0 {
		t.Errorf("%d runs were killed with %d slices kept, so nothing is proven", killed, slices)
	}
	w.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) { zoom.ServeHTTP(rw, r) })
	if p := w.run(args...); p.status != 0 {
		t.Fatalf("the last run: exit status %d\n%s", p.status, p.stderr)
	}
	w.isWholeOf("report_user_meetings")
}

// TestSyncInterrupted stops a sync as Ctrl-C and a service manager do: it says
// that what was done is kept, and the next run goes on there.
func TestSyncInterrupted(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			w := newWorld(t, zoomsim.Options{Plan: "business", Meetings: 200, Latency: 10 * time.Millisecond})
			w.addCredential()
			// From the beginning: some slices are begun at once, and months without a
			// row are done by then.
			args := []string{"sync", "acme", "meeting_activities", "--into", "sqlite:" + w.path("zoom.db"), "--json"}
			r := w.startDoomed(death{signal: signal, when: onSlice, turn: 6}, nil, nil, args...).wait()
			if r.status != 130 || !strings.Contains(r.stderr, "what was done is kept") {
				t.Fatalf("exit status %d, want 130 and the word that what was done is kept\n%s", r.status, r.stderr)
			}
			broken := receiptOf(t, r)
			if broken.State != "interrupted" || len(broken.Streams) != 1 || len(broken.Streams[0].Slices) == 0 || broken.Streams[0].Slices[0].State != "written" {
				t.Fatalf("the receipt of the interrupted run: %s", r.stdout)
			}
			r = w.run(args...)
			if r.status != 0 {
				t.Fatalf("the next run: exit status %d\n%s", r.status, r.stderr)
			}
			for _, slice := range receiptOf(t, r).Streams[0].Slices {
				if slice.Slice == broken.Streams[0].Slices[0].Slice {
					t.Errorf("the next run read %s again, which was kept", slice.Slice)
				}
			}
			w.isWhole()
		})
	}
}

func receiptOf(t *testing.T, r result) (receipt stagedoor.Receipt) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.stdout), &receipt); err != nil {
		t.Fatalf("the receipt: %v", err)
	}
	return receipt
}

// changes are moments in the life of a command that asks Zoom twice (a token,
// and a call that proves it) and then writes.
func changes(r *rand.Rand, i int) death {
	switch i % 4 {
	case 0:
		return death{when: sometime, late: upTo(r, 40*time.Millisecond)}
	case 1:
		return death{when: onRequest, turn: 1 + r.IntN(2)}
	default:
		return death{when: afterward, turn: 2, late: upTo(r, 12*time.Millisecond)}
	}
}

// TestCredentialAddKilled kills `credential add`: afterwards the home opens, and
// the credential is there whole or not at all.
func TestCredentialAddKilled(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	w := newWorld(t, zoomsim.Options{})
	secret := w.give("secret.txt", w.info.ClientSecret)
	add := append([]string{"credential", "add", "acme", "--client-secret-file", secret}, w.atSim()...)
	rounds := 32
	if testing.Short() {
		rounds = 6
	}
	there, killed := 0, 0
	homes := make([][]string, rounds) // the environment of each
	for i := range homes {
		home := filepath.Join(w.dir, fmt.Sprint("home", i))
		homes[i] = []string{"STAGEDOOR_HOME=" + home}
		if w.startDoomed(changes(r, i), nil, homes[i], add...).wait().status == -1 {
			killed++
		}
		list := w.startWith(nil, homes[i], "credential", "list", "--json").wait()
		var credentials []stagedoor.Credential
		if err := json.Unmarshal([]byte(list.stdout), &credentials); err != nil || list.status != 0 || len(credentials) > 1 {
			t.Fatalf("round %d: the home lists %d credentials with status %d (%v)\n%s", i, len(credentials), list.status, err, list.stderr)
		}
		there += len(credentials)
		if len(credentials) == 0 {
			if again := w.startWith(nil, homes[i], add...).wait(); again.status != 0 {
				t.Fatalf("round %d: adding it again: exit status %d\n%s", i, again.status, again.stderr)
			}
		}
		if drafts, _ := filepath.Glob(filepath.Join(home, ".*")); len(drafts) > 0 {
			t.Errorf("round %d: left behind: %v", i, drafts)
		}
	}
	// A process that died while it saved the token holds the token's lease for
	// some seconds more: all homes wait for theirs together.
	for _, use := range [][]string{{"token", "acme"}, {"credential", "check", "acme"}, {"key", "status"}} {
		var using []*process
		for _, home := range homes {
			using = append(using, w.startWith(nil, home, use...))
		}
		for i, p := range using {
			if r := p.wait(); r.status != 0 {
				t.Errorf("round %d: %v: exit status %d\n%s", i, use, r.status, r.stderr)
			}
		}
	}
	t.Logf("killed %d of %d; the credential was there %d times", killed, rounds, there)
	if killed == 0 {
		t.Error("nothing was killed, so nothing is proven")
	}
}

// TestSetSecretKilled kills `credential set-secret`: afterwards the credential
// has the former secret or the new one, and nothing between them.
func TestSetSecretKilled(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	w := newWorld(t, zoomsim.Options{})
	w.addCredential()
	rounds := 24
	if testing.Short() {
		rounds = 6
	}
	killed, placed := 0, 0
	for i := range rounds {
		fresh := fmt.Sprintf("the-secret-number-%02d-of-this-app", i)
		w.sim.SetCredential(zoomsim.CredentialChange{ClientSecret: &fresh})
		set := []string{"credential", "set-secret", "acme", "--client-secret-file", w.give("fresh.txt", fresh)}
		d := changes(r, i)
		doomed := set
		if i%4 == 0 {
			doomed = append(set, "--no-check") // asks Zoom nothing
		}
		if w.startDoomed(d, nil, nil, doomed...).wait().status == -1 {
			killed++
		}
		w.succeeds("credential", "show", "acme", "--json")
		switch check := w.run("credential", "check", "acme"); check.status {
		case 0:
			placed++
		case 4: // Zoom refused the former secret
			w.succeeds(set...)
			w.succeeds("credential", "check", "acme")
		default:
			t.Fatalf("round %d: check: exit status %d\n%s", i, check.status, check.stderr)
		}
		w.succeeds("token", "acme")
	}
	t.Logf("killed %d of %d; the new secret was in place %d times", killed, rounds, placed)
	if killed == 0 {
		t.Error("nothing was killed, so nothing is proven")
	}
}
