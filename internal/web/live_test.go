package web

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// leaving is people of whom the admin can be sent away.
type leaving struct {
	people
	gone atomic.Bool
}

func (l *leaving) Visitor(ctx context.Context, session stagedoor.Secret, byItself bool) (Visitor, error) {
	if l.gone.Load() {
		return Visitor{}, &stagedoor.Error{Kind: stagedoor.KindUnauthenticated}
	}
	return l.people.Visitor(ctx, session, byItself)
}

// TestEvents follows changes as a page does: it is told each topic that changed,
// once, and nothing more when its session has ended.
func TestEvents(t *testing.T) {
	who := &leaving{people: everybody()}
	o := options()
	o.People = who
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "stagedoor", Value: "admin"})
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatal(kind)
	}
	lines := bufio.NewScanner(answer.Body)
	next := func() string {
		for lines.Scan() {
			if event, is := strings.CutPrefix(lines.Text(), "event: "); is {
				return event
			}
		}
		return ""
	}
	o.Live.Changed(TopicQuota, TopicCredentials, TopicQuota)
	if one, two := next(), next(); one != TopicQuota || two != TopicCredentials {
		t.Errorf("told of %q and %q", one, two)
	}
	who.gone.Store(true)
	o.Live.Changed(TopicAudit)
	if event, end := next(), next(); event != "signed-out" || end != "" || lines.Err() != nil {
		t.Errorf("who is gone was told of %q and %q, %v", event, end, lines.Err())
	}
}

// TestLiveEnds holds that a daemon which stops ends what pages left open, and opens
// no more.
func TestLiveEnds(t *testing.T) {
	l := NewLive()
	wake, ok := l.listen()
	if !ok {
		t.Fatal("nobody may listen")
	}
	l.Close()
	if _, open := <-wake; open {
		t.Error("a stream goes on")
	}
	l.Changed(TopicRuns) // tells nobody, and does not fail
	l.leave(wake)
	if _, ok := l.listen(); ok {
		t.Error("a stream began")
	}
	l.Close()
}

func TestStreamsAreLimited(t *testing.T) {
	l := NewLive()
	for range mostStreams {
		if _, ok := l.listen(); !ok {
			t.Fatal("too few")
		}
	}
	if _, ok := l.listen(); ok {
		t.Error("one too many")
	}
}
