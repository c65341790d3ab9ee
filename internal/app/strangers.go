package app

import (
	"fmt"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

const (
	// strangersLines is how many lines of the audit those may fill in a while who
	// did not prove who they are. The others are counted: else anybody who reaches
	// the daemon could fill its disk, and bury what the audit is kept for.
	strangersLines = 60
	strangersWhile = time.Minute
)

// strangers stands before the audit of a daemon.
type strangers struct {
	record func(stagedoor.Event)

	mu    sync.Mutex // guards what follows
	since time.Time  // when the current while began; zero: before the first
	lines int        // written in it
	more  int        // counted in it
	last  stagedoor.Event
}

// Record takes a line. Whose who proved who they are are all written.
func (s *strangers) Record(e stagedoor.Event) {
	if !isStranger(e) {
		s.record(e)
		return
	}
	s.mu.Lock()
	sum, due := s.turn(now())
	written := s.lines < strangersLines
	if written {
		s.lines++
	} else {
		s.more++
		s.last = e
	}
	s.mu.Unlock()
	if due {
		s.record(sum)
	}
	if written {
		s.record(e)
	}
}

// Sum writes down what was counted, if the while is over, or in any case.
func (s *strangers) Sum(inAnyCase bool) {
	s.mu.Lock()
	at := now()
	if inAnyCase {
		at = s.since.Add(strangersWhile)
	}
	sum, due := s.turn(at)
	s.mu.Unlock()
	if due {
		s.record(sum)
	}
}

// turn begins a new while where the current one is over, and returns the line of
// what was counted in that. s.mu is held.
func (s *strangers) turn(at time.Time) (sum stagedoor.Event, due bool) {
	if past := at.Sub(s.since); past >= 0 && past < strangersWhile {
		return sum, false
	}
	if s.more > 0 {
		due = true
		sum = stagedoor.Event{
			At: now(), Actor: "nobody", Action: "requests.refused", From: s.last.From, Result: s.last.Result, Status: s.last.Status,
			Detail: fmt.Sprintf("%d more from %s on, without a line of their own, of whom none proved who it is; the last one came from this address", s.more, s.since.UTC().Format(time.RFC3339)),
		}
	}
	s.since, s.lines, s.more, s.last = at, 0, 0, stagedoor.Event{}
	return sum, due
}

// isStranger reports whether a line is about somebody who did not prove who it is:
// without a token that counts at the gateway, or refused at the token endpoint.
func isStranger(e stagedoor.Event) bool {
	switch e.Result {
	case string(stagedoor.KindUnauthenticated):
		return true
	case string(stagedoor.KindUsage), string(stagedoor.KindUnreachable):
		return e.Actor == "nobody" || e.Action == "token.mint" || e.Action == "token.revoke"
	}
	return e.Actor == "nobody"
}

// keepStrangers writes down what was counted soon after each while, until the
// daemon ends.
func (d *Daemon) keepStrangers(over <-chan struct{}) {
	ticker := time.NewTicker(strangersWhile / 6)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			d.strangers.Sum(false)
		case <-over:
			d.strangers.Sum(true)
			return
		}
	}
}
