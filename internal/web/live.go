package web

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// The topics of which open pages are told that something changed. A part of a
// page that shows one asks for itself anew: hx-trigger="live-credentials from:body".
const (
	TopicCredentials = "credentials"
	TopicCallers     = "callers"
	TopicQuota       = "quota"
	TopicAudit       = "audit"
	TopicRuns        = "runs"
	TopicOperators   = "operators"
)

// Live tells open pages what changed. It carries no data: a page asks for that
// with its own rights. Its methods may be called at the same time.
type Live struct {
	mu   sync.Mutex // guards what follows
	open map[chan struct{}]*listener
	done bool
}

type listener struct{ topics []string } // that changed since it last looked

// NewLive returns a Live to which nobody listens yet.
func NewLive() *Live { return &Live{open: map[chan struct{}]*listener{}} }

// Changed tells all open pages. It never waits for one.
func (l *Live) Changed(topics ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for wake, who := range l.open {
		for _, topic := range topics {
			if !slices.Contains(who.topics, topic) {
				who.topics = append(who.topics, topic)
			}
		}
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// Close ends all streams, so that a daemon which stops need not wait for pages
// that somebody left open.
func (l *Live) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = true
	for wake := range l.open {
		close(wake)
	}
	clear(l.open)
}

// Open reports whether any page is.
func (l *Live) Open() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open) > 0
}

// mostStreams is how many pages may be open: each holds a connection.
const mostStreams = 500

func (l *Live) listen() (chan struct{}, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done || len(l.open) >= mostStreams {
		return nil, false
	}
	wake := make(chan struct{}, 1)
	l.open[wake] = &listener{}
	return wake, true
}

func (l *Live) leave(wake chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, wake)
}

// take returns what changed since it was last asked.
func (l *Live) take(wake chan struct{}) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	who := l.open[wake]
	if who == nil {
		return nil
	}
	topics := who.topics
	who.topics = nil
	return topics
}

// heartbeat keeps a stream from being taken for dead by what stands between, and
// is how soon a session that ended ends its streams.
const heartbeat = 15 * time.Second

// events is the stream of a page: an event for each topic that changed (HTML
// living standard, section 9.2, read 2026-11).
func (s *site) events(w http.ResponseWriter, r *http.Request) error {
	wake, ok := s.Live.listen()
	if !ok {
		w.Header().Set("Retry-After", "5")
		return &stagedoor.Error{Op: "follow changes", Kind: stagedoor.KindUnavailable, Status: http.StatusServiceUnavailable, Cause: "too many pages are open, or the daemon stops", Fix: "Close some, or wait."}
	}
	defer s.Live.leave(wake)
	stream := http.NewResponseController(w)
	_ = stream.SetReadDeadline(time.Time{}) // a stream lasts; writers of tests know no deadline
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx hands it on as it comes
	if _, err := fmt.Fprint(w, "retry: 1000\n\n"); err != nil || stream.Flush() != nil {
		return nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil
		case _, open := <-wake:
			if !open {
				return nil
			}
		case <-beat.C:
		}
		if _, err := s.visitor(r, true); err != nil { // signed out, or removed, meanwhile
			_, _ = fmt.Fprint(w, "event: signed-out\ndata: \n\n") // who has gone needs no answer
			_ = stream.Flush()
			return nil
		}
		text := ": still here\n\n"
		if topics := s.Live.take(wake); len(topics) > 0 {
			text = ""
			for _, topic := range topics {
				text += "event: " + topic + "\ndata: \n\n"
			}
		}
		_ = stream.SetWriteDeadline(time.Now().Add(heartbeat))
		if _, err := fmt.Fprint(w, text); err != nil || stream.Flush() != nil {
			return nil
		}
	}
}
