package jobtest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Engine is all that the suite calls; what package job takes for a queue fulfils
// it.
type Engine interface {
	Enqueue(ctx context.Context, run stagedoor.Run) error
	Claim(ctx context.Context, run stagedoor.Run, process stagedoor.Process) (stagedoor.Run, bool, error)
	Beat(ctx context.Context, run stagedoor.Run, progress json.RawMessage) error
	Finish(ctx context.Context, run stagedoor.Run) (bool, error)
	Cancel(ctx context.Context, id, by string) (stagedoor.Run, error)
	Resume(ctx context.Context, id string, here bool) (stagedoor.Run, error)
	Waiting(ctx context.Context) ([]stagedoor.Run, error)
	Explain(ctx context.Context, id, note string) error
	Lease(ctx context.Context, id string) (stagedoor.RunLease, error)
	KeepSlices(ctx context.Context, id string, slices []stagedoor.RunSlice) error
	// Shown is a run as it is.
	Shown(run stagedoor.Run) stagedoor.Run
}

// World is an engine that nobody has used yet, with a clock and processes of its
// own.
type World interface {
	// As returns the engine as a process sees it, which begins now.
	As(process stagedoor.Process) Engine
	// Run returns a run as its row has it.
	Run(id string) stagedoor.Run
	Pass(d time.Duration)           // time goes by
	Kill(process stagedoor.Process) // the process is gone
}

// Test runs the suite.
func Test(t *testing.T, fresh func(t *testing.T) World) {
	for name, test := range map[string]func(*testing.T, *stage){
		"what is enqueued waits, the oldest first":       waits,
		"of many who claim a run one has it":             claimedOnce,
		"whoever began with it has it at once":           own,
		"a run that is done waits no more":               done,
		"what a former attempt says counts for nothing":  fenced,
		"a run is left behind when its process is gone":  leftBehind,
		"a process that is there may be asleep":          asleep,
		"on another host nobody can tell, for a while":   stranger,
		"a daemon takes up what the former one had":      daemonAgain,
		"in a container every start has the same number": sameNumber,
		"attempts that write nothing come to an end":     bounded,
		"what a slice was written of goes on":            unbounded,
		"rows on a screen are nobody's to go on with":    screen,
		"a run that waits is cancelled at once":          cancelWaiting,
		"whoever works on a run is asked to end it":      cancelRunning,
		"a run that nobody works on is cancelled":        cancelLeft,
		"what has ended can not be cancelled":            cancelEnded,
		"who stopped a run has it resumed":               resume,
		"a run that waits for its time waits":            notBefore,
		"why a run waits is kept until it begins":        explained,
	} {
		t.Run(name, func(t *testing.T) { test(t, &stage{t: t, World: fresh(t)}) })
	}
}

// stage has the words of the tests.
type stage struct {
	World
	t *testing.T
}

var (
	daemon  = stagedoor.Process{ID: "daemon-1", Host: "ada", PID: 100, Daemon: true}
	command = stagedoor.Process{ID: "command-1", Host: "ada", PID: 200}
)

func run(id string) stagedoor.Run {
	return stagedoor.Run{
		ID: id, CredentialID: "id-1", Credential: "acme", By: "person ann",
		Spec: stagedoor.RunSpec{Streams: []string{"users"}, Into: "sqlite:/zoom.db"},
	}
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) enqueue(r stagedoor.Run) {
	s.t.Helper()
	s.must(s.As(command).Enqueue(s.t.Context(), r))
}

// waiting asserts which runs wait for a process.
func (s *stage) waiting(p stagedoor.Process, want ...string) []stagedoor.Run {
	s.t.Helper()
	list, err := s.As(p).Waiting(s.t.Context())
	s.must(err)
	var got []string
	for _, r := range list {
		got = append(got, r.ID)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		s.t.Fatalf("%v wait, want %v", got, want)
	}
	return list
}

// claim has a process take up the one run that waits.
func (s *stage) claim(p stagedoor.Process, id string) stagedoor.Run {
	s.t.Helper()
	list := s.waiting(p, id)
	r, ok, err := s.As(p).Claim(s.t.Context(), list[0], p)
	s.must(err)
	if !ok || r.State != stagedoor.RunRunning || r.Process != p {
		s.t.Fatalf("claimed %v as %+v", ok, r)
	}
	return r
}

func (s *stage) state(id string, want stagedoor.RunState, words ...string) stagedoor.Run {
	s.t.Helper()
	r := s.Run(id)
	if r.State != want {
		s.t.Fatalf("run %s is %s (%s), want %s", id, r.State, r.Note, want)
	}
	for _, word := range words {
		if !strings.Contains(r.Note, word) {
			s.t.Errorf("its note is %q, want %q in it", r.Note, word)
		}
	}
	return r
}

func waits(t *testing.T, s *stage) {
	s.enqueue(run("a"))
	s.Pass(time.Second)
	s.enqueue(run("b"))
	list := s.waiting(daemon, "a", "b")
	if r := list[0]; r.State != stagedoor.RunQueued || r.By != "person ann" || r.Spec.Into != "sqlite:/zoom.db" || r.CreatedAt.IsZero() || r.Attempts != 0 {
		t.Errorf("what waits is %+v", r)
	}
	if err := s.As(command).Enqueue(t.Context(), run("a")); stagedoor.KindOf(err) != stagedoor.KindExists {
		t.Errorf("the same id again: %v", err)
	}
}

func claimedOnce(t *testing.T, s *stage) {
	s.enqueue(run("a"))
	list := s.waiting(daemon, "a")
	var all sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 8 {
		p := stagedoor.Process{ID: "p-" + string(rune('a'+i)), Host: "ada", PID: 1000 + i}
		engine := s.As(p)
		all.Go(func() {
			_, ok, err := engine.Claim(context.Background(), list[0], p)
			if err != nil {
				t.Error(err)
			}
			if ok {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if won != 1 {
		t.Errorf("%d of 8 have the run", won)
	}
	s.waiting(daemon)
	if r := s.Run("a"); r.Attempts != 1 {
		t.Errorf("it was begun %d times", r.Attempts)
	}
}

func own(t *testing.T, s *stage) {
	r := run("a")
	r.Process = command
	s.enqueue(r)
	s.waiting(daemon)
	if r := s.state("a", stagedoor.RunRunning); r.Attempts != 1 || r.Process != command || r.StartedAt.IsZero() || r.Heartbeat.IsZero() {
		t.Errorf("it is %+v", r)
	}
}

func done(t *testing.T, s *stage) {
	s.enqueue(run("a"))
	r := s.claim(daemon, "a")
	s.Pass(10 * time.Second)
	s.must(s.As(daemon).Beat(t.Context(), r, json.RawMessage(`{"rows":3}`)))
	if row := s.state("a", stagedoor.RunRunning); row.Heartbeat.Sub(row.StartedAt) != 10*time.Second || string(row.Progress) != `{"rows":3}` {
		t.Errorf("after a sign of life it is %+v", row)
	}
	s.Pass(5 * time.Second)
	r.State, r.Receipt = stagedoor.RunDone, &stagedoor.Receipt{Run: "a", State: "done"}
	ok, err := s.As(daemon).Finish(t.Context(), r)
	s.must(err)
	row := s.state("a", stagedoor.RunDone)
	if !ok || row.EndedAt.Sub(row.StartedAt) != 15*time.Second || row.Receipt == nil || row.Receipt.State != "done" || string(row.Progress) != `{"rows":3}` {
		t.Errorf("noted %v: %+v", ok, row)
	}
	s.Pass(time.Hour)
	s.waiting(daemon)
	if _, ok, err := s.As(daemon).Claim(t.Context(), row, daemon); ok || err != nil {
		t.Errorf("a run that is done was claimed: %v %v", ok, err)
	}
}

func fenced(t *testing.T, s *stage) {
	s.enqueue(run("a"))
	first := s.claim(daemon, "a")
	s.Kill(daemon)
	s.Pass(time.Minute)
	s.waiting(command)
	s.Pass(time.Second)
	second := s.claim(command, "a")
	// The first was only asleep.
	s.must(s.As(daemon).Beat(t.Context(), first, json.RawMessage(`"first"`)))
	first.State = stagedoor.RunFailed
	if ok, err := s.As(daemon).Finish(t.Context(), first); ok || err != nil {
		t.Errorf("the end of a former attempt was noted: %v %v", ok, err)
	}
	if lease, err := s.As(daemon).Lease(t.Context(), "a"); err != nil || lease.Attempts == first.Attempts {
		t.Errorf("the former attempt is not told: %+v %v", lease, err)
	}
	if r := s.state("a", stagedoor.RunRunning); r.Process != command || r.Attempts != second.Attempts || r.Progress != nil {
		t.Errorf("it is %+v", r)
	}
}

func leftBehind(t *testing.T, s *stage) {
	r := run("a")
	r.Process = command
	s.enqueue(r)
	s.Kill(command)
	s.Pass(29 * time.Second)
	s.waiting(daemon)
	if shown := s.As(daemon).Shown(s.Run("a")); shown.State != stagedoor.RunRunning {
		t.Errorf("before its time it is shown as %s", shown.State)
	}
	s.Pass(2 * time.Second)
	other := stagedoor.Process{ID: "command-2", Host: "ada", PID: 300}
	if shown := s.As(other).Shown(s.Run("a")); shown.State != stagedoor.RunInterrupted || !strings.Contains(shown.Note, "process 200 on ada ended without a word") {
		t.Errorf("it is shown as %s: %s", shown.State, shown.Note)
	}
	s.state("a", stagedoor.RunRunning) // looking changes nothing
	s.waiting(daemon)                  // after a moment: what killed it may kill the next
	s.state("a", stagedoor.RunInterrupted, "ended without a word")
	s.Pass(time.Second)
	if r := s.claim(daemon, "a"); r.Attempts != 2 || r.Note != "" || r.EndedAt != (time.Time{}) {
		t.Errorf("it goes on as %+v", r)
	}
}

func asleep(_ *testing.T, s *stage) {
	r := run("a")
	r.Process = command
	s.enqueue(r)
	s.Pass(4 * time.Minute)
	s.waiting(daemon)
	s.state("a", stagedoor.RunRunning)
	s.Pass(2 * time.Minute) // by then the number may be another's
	s.waiting(daemon)
	s.state("a", stagedoor.RunInterrupted)
}

func stranger(_ *testing.T, s *stage) {
	r := run("a")
	r.Process = stagedoor.Process{ID: "far", Host: "byron", PID: 7}
	s.enqueue(r)
	s.Pass(4 * time.Minute)
	s.waiting(daemon)
	s.state("a", stagedoor.RunRunning)
	s.Pass(time.Minute)
	s.waiting(daemon)
	s.state("a", stagedoor.RunInterrupted, "process 7 on byron")
}

func daemonAgain(_ *testing.T, s *stage) {
	s.enqueue(run("a"))
	s.claim(daemon, "a")
	s.Kill(daemon)
	s.Pass(time.Second)
	next := stagedoor.Process{ID: "daemon-2", Host: "ada", PID: 101, Daemon: true}
	s.waiting(next) // at once, but for a moment
	s.state("a", stagedoor.RunInterrupted, "the daemon, process 100 on ada")
	s.Pass(time.Second)
	s.claim(next, "a")
}

func sameNumber(_ *testing.T, s *stage) {
	r := run("a")
	r.Process = command
	s.enqueue(r)
	s.Pass(31 * time.Second)
	again := command
	again.ID = "command-2"
	s.waiting(again)
	s.state("a", stagedoor.RunInterrupted)
}

func bounded(t *testing.T, s *stage) {
	s.enqueue(run("a"))
	for attempt := 1; attempt <= 3; attempt++ {
		s.claim(command, "a")
		s.Kill(command)
		s.Pass(31 * time.Second)
		s.waiting(daemon)
		if r := s.state("a", stagedoor.RunInterrupted); r.Held != (attempt == 3) {
			t.Fatalf("after attempt %d: %+v", attempt, r)
		}
		s.Pass(time.Minute)
	}
	s.waiting(daemon)
	s.state("a", stagedoor.RunInterrupted, "last 3 attempts wrote no slice")
	// A person has it tried again.
	_, err := s.As(command).Resume(t.Context(), "a", false)
	s.must(err)
	s.claim(daemon, "a")
}

func unbounded(t *testing.T, s *stage) {
	s.enqueue(run("a"))
	for i := range 10 {
		p := stagedoor.Process{ID: fmt.Sprint("command-", i), Host: "ada", PID: 500 + i}
		s.claim(p, "a")
		s.must(s.As(p).KeepSlices(t.Context(), "a", []stagedoor.RunSlice{{Stream: "users", SliceReport: stagedoor.SliceReport{Slice: "all", State: stagedoor.SliceWritten, Written: 5}}}))
		s.Kill(p)
		s.Pass(31 * time.Second)
	}
	if r := s.Run("a"); r.Attempts != 10 || r.Slices != 10 || r.Rows != 50 {
		t.Errorf("after ten attempts it is %+v", r)
	}
	s.waiting(daemon, "a")
}

func screen(t *testing.T, s *stage) {
	r := run("a")
	r.Process, r.Spec.Into = command, ""
	s.enqueue(r)
	s.Kill(command)
	s.Pass(time.Hour)
	s.waiting(daemon)
	if r := s.state("a", stagedoor.RunInterrupted, "went to a screen or a pipe", "run the command again"); !r.Held {
		t.Errorf("somebody would go on with it: %+v", r)
	}
}

func notBefore(t *testing.T, s *stage) {
	s.enqueue(run("a"))
	r := s.claim(daemon, "a")
	r.State, r.NotBefore = stagedoor.RunInterrupted, r.StartedAt.Add(time.Hour)
	_, err := s.As(daemon).Finish(t.Context(), r)
	s.must(err)
	s.Pass(59 * time.Minute)
	s.waiting(daemon)
	s.Pass(time.Minute)
	s.claim(daemon, "a")
}

func explained(t *testing.T, s *stage) {
	s.enqueue(run("a"))
	s.must(s.As(daemon).Explain(t.Context(), "a", "the variable is not set"))
	s.state("a", stagedoor.RunQueued, "the variable is not set")
	r := s.claim(daemon, "a")
	s.must(s.As(daemon).Explain(t.Context(), "a", "too late"))
	if row := s.state("a", stagedoor.RunRunning); row.Note != "" {
		t.Errorf("while it runs its note is %q", row.Note)
	}
	r.State = stagedoor.RunDone
	_, err := s.As(daemon).Finish(t.Context(), r)
	s.must(err)
}
