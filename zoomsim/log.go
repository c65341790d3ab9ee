package zoomsim

import (
	"maps"
	"net/http"
	"slices"
)

// maxLog is how many requests the log keeps: the latest ones.
const maxLog = 10_000

// A Request is a line of the log: what arrived, before it was judged. It holds no
// secret but what somebody put into a URL.
type Request struct {
	Method string `json:"method"`
	// Path is as it stood in the request, Decoded without its percent-encoding.
	Path    string `json:"path"`
	Decoded string `json:"decoded"`
	Query   string `json:"query,omitempty"` // as it stood in the request
	// Headers are the names of those that were sent, sorted.
	Headers []string `json:"headers"`
	// GrantType and ClientAuth are of requests to the token endpoint: the grant that
	// is asked for, and how the client proves who it is, by the names of OpenID
	// Connect Core 1.0 section 9: client_secret_basic, client_secret_post,
	// private_key_jwt, none.
	GrantType  string `json:"grant_type,omitempty"`
	ClientAuth string `json:"client_auth,omitempty"`
}

// Requests returns the latest requests (10,000 at most) since the start or the
// last Reset, oldest first: those to the API, to the token endpoint and to any
// other path, but not management.
func (s *Simulator) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.log.list()
}

// A requestLog is a ring.
type requestLog struct {
	lines []Request
	next  int // where the next line goes once the ring is full
}

func (l *requestLog) add(line Request) {
	if len(l.lines) < maxLog {
		l.lines = append(l.lines, line)
		return
	}
	l.lines[l.next] = line
	l.next = (l.next + 1) % maxLog
}

func (l *requestLog) list() []Request {
	return slices.Concat([]Request{}, l.lines[l.next:], l.lines[:l.next])
}

// record logs a request; one to the token endpoint once its form is parsed.
func (s *Simulator) record(r *http.Request) {
	line := Request{
		Method: r.Method, Path: r.URL.EscapedPath(), Decoded: r.URL.Path, Query: r.URL.RawQuery,
		Headers: slices.Sorted(maps.Keys(r.Header)),
	}
	asksForToken := line.Path == tokenPath
	if asksForToken {
		line.GrantType, line.ClientAuth = r.Form.Get("grant_type"), clientAuth(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.log.add(line)
	if asksForToken {
		s.state.tally.tokenRequests[line.GrantType+" "+line.ClientAuth]++
	}
}

// clientAuth names how a client proves who it is.
func clientAuth(r *http.Request) string {
	_, _, basic := basicAuth(r)
	switch {
	case basic:
		return "client_secret_basic"
	case r.PostForm.Has("client_assertion"):
		return "private_key_jwt"
	case r.PostForm.Has("client_secret"):
		return "client_secret_post"
	default:
		return "none"
	}
}
