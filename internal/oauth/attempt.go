package oauth

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// attempt is one request of a client, on its way to its line of the audit.
type attempt struct {
	client client
	grant  string // as the audit may have it
	event  stagedoor.Event
	began  time.Time
}

func (s *server) begin(r *http.Request, action string) *attempt {
	now := s.Wall()
	return &attempt{began: now, event: stagedoor.Event{At: now.UTC(), Action: action, From: stagedoor.AddressOf(r)}}
}

// succeed records an attempt that came to its end.
func (s *server) succeed(a *attempt) {
	s.delays.succeeded(a.client.id)
	s.record(a, http.StatusOK, stagedoor.ResultOf(nil), "")
}

// fail records an attempt that did not, and answers it. Whoever could not prove
// who it is waits for its answer, the longer the more often; all others have
// theirs at once.
func (s *server) fail(w http.ResponseWriter, r *http.Request, a *attempt, err error) {
	no := refusalOf(err)
	if no.code == invalidClient && a.client.method != "" {
		if !s.delays.failed(r.Context(), a.client.id, a.event.From) {
			no.status, no.retry = http.StatusTooManyRequests, "1"
			no.description = "Too many requests with a wrong client_id or client_secret are waiting for their answers. Try again in a second."
		}
	}
	s.record(a, no.answered(), string(no.kind()), no.code)
	refuse(w, no)
}

// record writes the line: the grant, how the client authenticated, and with which
// code it was refused, if it was.
func (s *server) record(a *attempt, status int, result, code string) {
	e := a.event
	e.Status, e.Result, e.Duration = status, result, max(s.Wall().Sub(a.began), 0)
	details := []string{a.grant, a.client.method, code}
	e.Detail = strings.Join(slices.DeleteFunc(details, func(d string) bool { return d == "" }), ", ")
	c := a.client.caller
	if c.ID == "" && a.client.id != "" {
		// Not proven, but if the id is a caller's, its people want to know.
		c, _ = s.Callers.ByID(context.Background(), a.client.id)
	}
	e.Actor, e.Credential = "caller "+c.Name, c.Credential
	if c.ID == "" {
		e.Actor = "client " + shortened(a.client.id)
	}
	s.Record(e)
}

// shortened is what may be kept of an id that nobody has. People mix up ids and
// secrets; the beginning of one is enough to find the mistake and too little to
// be one.
func shortened(id string) string {
	const most = 12
	if id == "" {
		return "unknown"
	}
	short := make([]rune, 0, most+1)
	for _, r := range id {
		if len(short) == most {
			return string(append(short, '…'))
		}
		if r <= ' ' || r > '~' {
			r = '?'
		}
		short = append(short, r)
	}
	return string(short)
}
