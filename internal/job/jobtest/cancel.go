package jobtest

import (
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

func cancelWaiting(t *testing.T, s *stage) {
	s.enqueue(run("a"))
	r, err := s.As(command).Cancel(t.Context(), "a", "person ben")
	s.must(err)
	if r.State != stagedoor.RunCancelled || r.CancelBy != "person ben" {
		t.Errorf("it is %+v", r)
	}
	s.state("a", stagedoor.RunCancelled, "cancelled by person ben")
	s.waiting(daemon)
}

func cancelRunning(t *testing.T, s *stage) {
	s.enqueue(run("a"))
	r := s.claim(daemon, "a")
	asked, err := s.As(command).Cancel(t.Context(), "a", "person ben")
	s.must(err)
	if asked.State != stagedoor.RunRunning {
		t.Errorf("it is %s before its process knows", asked.State)
	}
	lease, err := s.As(daemon).Lease(t.Context(), "a")
	s.must(err)
	if lease.CancelAt.IsZero() || lease.CancelBy != "person ben" || lease.Attempts != r.Attempts {
		t.Errorf("its process is told %+v", lease)
	}
	r.State = stagedoor.RunCancelled
	if ok, err := s.As(daemon).Finish(t.Context(), r); !ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
	s.state("a", stagedoor.RunCancelled)
	s.waiting(daemon)
}

func cancelLeft(t *testing.T, s *stage) {
	// Cancelled when it was left behind already.
	r := run("a")
	r.Process = command
	s.enqueue(r)
	s.Kill(command)
	s.Pass(time.Minute)
	cancelled, err := s.As(daemon).Cancel(t.Context(), "a", "person ben")
	s.must(err)
	if cancelled.State != stagedoor.RunCancelled {
		t.Errorf("it is %s", cancelled.State)
	}
	// Cancelled just before its process was killed.
	other := stagedoor.Process{ID: "command-2", Host: "ada", PID: 201}
	r = run("b")
	r.Process = other
	s.enqueue(r)
	_, err = s.As(daemon).Cancel(t.Context(), "b", "person ben")
	s.must(err)
	s.Kill(other)
	s.Pass(time.Minute)
	s.waiting(daemon)
	s.state("b", stagedoor.RunCancelled, "cancelled by person ben")
}

func cancelEnded(t *testing.T, s *stage) {
	s.enqueue(run("a"))
	r := s.claim(daemon, "a")
	r.State = stagedoor.RunPartial
	_, err := s.As(daemon).Finish(t.Context(), r)
	s.must(err)
	if _, err := s.As(command).Cancel(t.Context(), "a", "person ben"); stagedoor.KindOf(err) != stagedoor.KindConflict || !strings.Contains(err.Error(), "partial") {
		t.Errorf("cancelling it says %v", err)
	}
	if _, err := s.As(command).Cancel(t.Context(), "none", "person ben"); stagedoor.KindOf(err) != stagedoor.KindNotFound {
		t.Errorf("cancelling nothing says %v", err)
	}
}

func resume(t *testing.T, s *stage) {
	r := run("a")
	r.Process = command
	s.enqueue(r)
	if _, err := s.As(daemon).Resume(t.Context(), "a", false); stagedoor.KindOf(err) != stagedoor.KindConflict {
		t.Errorf("resuming what runs says %v", err)
	}
	r = s.Run("a")
	r.State, r.Held = stagedoor.RunInterrupted, true
	_, err := s.As(command).Finish(t.Context(), r)
	s.must(err)
	s.Pass(time.Hour)
	s.waiting(daemon) // a person stopped it
	again, err := s.As(command).Resume(t.Context(), "a", false)
	s.must(err)
	if again.State != stagedoor.RunQueued || again.Held {
		t.Errorf("it is %+v", again)
	}
	if _, err := s.As(command).Resume(t.Context(), "a", false); stagedoor.KindOf(err) != stagedoor.KindConflict {
		t.Errorf("resuming what waits says %v", err)
	}
	r, err = s.As(command).Resume(t.Context(), "a", true) // here, before anybody else
	s.must(err)
	if r.State != stagedoor.RunRunning || r.Process != command || r.Attempts != 2 {
		t.Errorf("taken up here it is %+v", r)
	}
	s.waiting(daemon)
	r.State = stagedoor.RunDone
	_, err = s.As(command).Finish(t.Context(), r)
	s.must(err)
	if _, err := s.As(command).Resume(t.Context(), "a", false); stagedoor.KindOf(err) != stagedoor.KindConflict {
		t.Errorf("resuming what is done says %v", err)
	}
}
