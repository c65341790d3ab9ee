package zoomsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The kinds of fault.
const (
	// TokenRevoked kills the token presented: this request and later ones with it get 401.
	TokenRevoked = "token_revoked"
	// PerSecond429 answers 429 as if the limit per second were used up.
	PerSecond429 = "429_second"
	// Daily429 answers 429 as if the daily limit were used up; the label stays
	// refused for Delay, by default until 00:00 UTC.
	Daily429 = "429_daily"
	// Reset ends the connection with a TCP reset instead of an answer.
	Reset = "reset"
	// HTTP500 answers 500 with an empty body.
	HTTP500 = "http_500"
	// HTML503 answers 503 with the HTML page of a proxy.
	HTML503 = "html_503"
	// Slow answers after Delay, by default two seconds.
	Slow = "slow"
	// Truncated promises the whole body, sends half of it and ends the connection.
	Truncated = "truncated"
	// PageTokenExpired refuses a page token; requests without one do not match.
	PageTokenExpired = "page_token_expired"
	// TokenEndpointDown answers token requests, and only those, with HTML503's page.
	TokenEndpointDown = "token_endpoint_down"
	// OtherTraffic fails no request by itself: other apps of the account send
	// requests of Operation, Rate a second, and use the account's limits up as real
	// requests do, from when it is added until Delay has passed or Count are sent,
	// by default until Reset. Extra limits (a host's, a registrant's) are not
	// theirs, and Stats counts them apart.
	OtherTraffic = "other_traffic"
)

var faultKinds = []string{
	TokenRevoked, PerSecond429, Daily429, Reset, HTTP500, HTML503, Slow, Truncated, PageTokenExpired, TokenEndpointDown,
	OtherTraffic, Change, Late, Delete,
}

const defaultSlowness = 2 * time.Second

// A Fault makes matching requests fail, or edits the company (Change, Late,
// Delete). A request fires at most one that makes it fail: the first in the order
// they were added whose After is used up.
type Fault struct {
	// Kind is one of the kinds above.
	Kind string
	// Operation says which requests match: "GET /users/{userId}", a path without /v2
	// (its operation, by any method), or the name of a stream. Default "": any API
	// request. OtherTraffic takes one operation, an edit one stream.
	Operation string
	// After is how many matching requests pass first. Each matching request counts,
	// also one on which another fault fires. Default 0; OtherTraffic has none. An
	// edit happens when so many have been answered, by default at once.
	After int
	// Count is how often it fires. Default (0) once; of OtherTraffic it is how many
	// requests others send in all, by default without end; of edits it is how many
	// rows are edited, and each counts as fired.
	Count int
	// Delay is the length of Slow (default two seconds), of Daily429 (default
	// until 00:00 UTC) and of OtherTraffic (default without end); other kinds have
	// none.
	Delay time.Duration
	// Rate is how many requests others send a second in OtherTraffic, from 0.00001
	// to 1000; other kinds have none.
	Rate float64

	operations []string // names that Operation stands for
}

// faultJSON is a fault on the wire.
type faultJSON struct {
	Kind      string          `json:"kind"`
	Operation string          `json:"operation,omitempty"`
	After     int             `json:"after"`
	Count     int             `json:"count"`
	Delay     json.RawMessage `json:"delay,omitempty"`
	Rate      float64         `json:"rate,omitempty"`
}

// MarshalJSON writes Delay as Go does, "1m30s".
func (f Fault) MarshalJSON() ([]byte, error) {
	wire := faultJSON{Kind: f.Kind, Operation: f.Operation, After: f.After, Count: f.Count, Rate: f.Rate}
	if f.Delay != 0 {
		wire.Delay = encode(f.Delay.String())
	}
	return encode(wire), nil
}

// UnmarshalJSON reads a Delay such as "1m30s" or a number of seconds.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var wire faultJSON
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wire); err != nil {
		return err
	}
	*f = Fault{Kind: wire.Kind, Operation: wire.Operation, After: wire.After, Count: wire.Count, Rate: wire.Rate}
	if wire.Delay == nil || string(wire.Delay) == "null" {
		return nil
	}
	var text string
	if json.Unmarshal(wire.Delay, &text) != nil {
		text = string(wire.Delay) + "s"
	}
	var err error
	if f.Delay, err = time.ParseDuration(text); err != nil {
		return fmt.Errorf(`delay %s is neither a duration such as "1m30s" nor a number of seconds`, wire.Delay)
	}
	return nil
}

// checked returns f with defaults, or all that is wrong with it.
func (f Fault) checked() (Fault, error) {
	var problems []error
	if !slices.Contains(faultKinds, f.Kind) {
		problems = append(problems, fmt.Errorf("unknown kind %q: there are %s", f.Kind, strings.Join(faultKinds, ", ")))
	}
	if f.After < 0 {
		problems = append(problems, fmt.Errorf("after %d is negative", f.After))
	}
	if f.Count < 0 {
		problems = append(problems, fmt.Errorf("count %d is negative", f.Count))
	}
	if f.Delay < 0 {
		problems = append(problems, fmt.Errorf("delay %v is negative", f.Delay))
	}
	if f.operations = operationNames(f.Operation); f.Operation != "" && len(f.operations) == 0 {
		problems = append(problems, fmt.Errorf(`unknown operation %q: give "METHOD /path", "/path" (without /v2) or a stream (%s)`,
			f.Operation, strings.Join(streams(), ", ")))
	}
	if f.isEdit() {
		problems = append(problems, f.editProblems()...)
	}
	switch {
	case f.Kind == OtherTraffic:
		problems = append(problems, f.otherProblems()...)
	case f.Rate != 0:
		problems = append(problems, fmt.Errorf("rate %v: only %s has a rate", f.Rate, OtherTraffic))
	}
	if f.Count == 0 && f.Kind != OtherTraffic {
		f.Count = 1
	}
	if f.Delay == 0 && f.Kind == Slow {
		f.Delay = defaultSlowness
	}
	return f, errors.Join(problems...)
}

// otherProblems is what is wrong with a fault as OtherTraffic.
func (f Fault) otherProblems() []error {
	var problems []error
	if !(f.Rate >= lowestRate && f.Rate <= highestRate) { // NaN is neither
		problems = append(problems, fmt.Errorf("rate %v is not a number of requests a second from %.5f to %v", f.Rate, lowestRate, highestRate))
	}
	if f.After > 0 {
		problems = append(problems, fmt.Errorf("after %d: %s starts at once", f.After, OtherTraffic))
	}
	switch {
	case f.Operation == "":
		problems = append(problems, fmt.Errorf("%s has no operation, whose label says which limit it uses up", OtherTraffic))
	case len(f.operations) > 1:
		problems = append(problems, fmt.Errorf("operation %q may be %s: name one", f.Operation, strings.Join(f.operations, ", ")))
	}
	return problems
}

// operationNames resolves what a fault calls its operation.
func operationNames(text string) []string {
	if name, ok := streamOperations[text]; ok {
		return []string{name}
	}
	methods, path := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, text
	if method, rest, found := strings.Cut(text, " "); found {
		methods, path = []string{strings.ToUpper(method)}, strings.TrimSpace(rest)
	}
	var names []string
	for _, method := range methods {
		// A template such as /users/{userId} matches itself.
		if op, _ := knownOperations().find(method, path); op != nil {
			names = append(names, op.name())
		}
	}
	return names
}

// AddFaults adds all of them or, if one is wrong, none. Edits that wait for no
// request are done when it returns; the error tells of those that found fewer rows
// than they should edit.
func (s *Simulator) AddFaults(faults ...Fault) error {
	var problems []error
	added := make([]Fault, len(faults))
	for i, fault := range faults {
		var err error
		if added[i], err = fault.checked(); err != nil {
			problems = append(problems, fmt.Errorf("fault %d: %w", i+1, err))
		}
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	for i, fault := range s.startFaults(added) {
		if err := s.edit(fault); err != nil {
			problems = append(problems, fmt.Errorf("edit %d: %w", i+1, err))
		}
	}
	return errors.Join(problems...)
}

// startFaults starts faults that were checked, and returns the edits to do at once.
func (s *Simulator) startFaults(faults []Fault) (edits []Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	s.catchUp(now)
	for _, fault := range faults {
		switch {
		case fault.Kind == OtherTraffic:
			s.startOther(fault, now)
		case fault.isEdit() && fault.After == 0:
			edits = append(edits, fault)
		case fault.isEdit():
			s.state.edits = append(s.state.edits, &fault)
		default:
			s.state.faults = append(s.state.faults, &fault)
		}
	}
	return edits
}

// pendingFaults returns those that have not fired as often as they will, edits and
// other traffic last.
func (s *Simulator) pendingFaults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp(s.options.Now())
	pending := []Fault{}
	for _, fault := range s.state.faults {
		pending = append(pending, *fault)
	}
	for _, fault := range s.state.edits {
		pending = append(pending, *fault)
	}
	for _, other := range s.state.others {
		pending = append(pending, other.pending())
	}
	return pending
}

// faultQueue holds pending faults in the order they were added.
type faultQueue []*Fault

// fire returns the fault of an API request, or nil.
func (q *faultQueue) fire(c *call, knownToken bool, t *tally) *Fault {
	return q.first(t, func(f *Fault) bool {
		switch {
		case f.Kind == TokenEndpointDown,
			f.Kind == TokenRevoked && !knownToken,
			f.Kind == PageTokenExpired && c.query.Get("next_page_token") == "":
			return false
		case f.Operation == "":
			return true
		}
		return c.operation != nil && slices.Contains(f.operations, c.operation.name())
	})
}

func (q *faultQueue) fireAtTokenEndpoint(t *tally) bool {
	return q.first(t, func(f *Fault) bool { return f.Kind == TokenEndpointDown }) != nil
}

// first fires the first fault that matches and has let its requests pass; those
// that still let requests pass count this one.
func (q *faultQueue) first(t *tally, matches func(*Fault) bool) *Fault {
	var fired *Fault
	for _, f := range *q {
		switch {
		case !matches(f):
		case f.After > 0:
			f.After--
		case fired == nil:
			fired = f
		}
	}
	if fired == nil {
		return nil
	}
	t.faultsFired[fired.Kind]++
	if fired.Count--; fired.Count == 0 {
		*q = slices.DeleteFunc(*q, func(f *Fault) bool { return f == fired })
	}
	shot := *fired // the queue goes on counting in fired
	return &shot
}

// applyFault does what a fault does before the request is looked at; an answer
// ends the request.
func (s *Simulator) applyFault(fault *Fault, c *call, token string) *answer {
	if fault == nil {
		return nil
	}
	switch fault.Kind {
	case TokenRevoked:
		delete(s.state.tokens, token)
	case PerSecond429:
		s.state.tally.rateLimited.Second++
		limit := 0
		if c.operation != nil {
			limit = s.state.quota.windows[s.state.quota.budget(c.operation)].requests
		}
		return errPerSecond(limit)
	case Daily429:
		return s.applyDaily(fault, c)
	case PageTokenExpired:
		return errPageToken()
	case HTML503:
		return errEdge()
	case HTTP500, Reset: // a reset sends no answer at all
		return errServer()
	}
	return nil
}

// applyDaily refuses the request and blocks its budget.
func (s *Simulator) applyDaily(fault *Fault, c *call) *answer {
	s.state.tally.rateLimited.Daily++
	until := startOfDay(c.now).Add(day)
	if fault.Delay > 0 {
		until = c.now.Add(fault.Delay)
	}
	if c.operation == nil {
		return errDaily(0, until)
	}
	return s.state.quota.block(s.state.quota.budget(c.operation), until).answer()
}

// resetConnection ends the connection with a TCP reset and does not return.
// Where the connection cannot be had (HTTP/2, tests without one), it just ends.
func resetConnection(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		raw := conn
		if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
			raw = secure.NetConn()
		}
		if tcp, ok := raw.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = raw.Close()
	}
	panic(http.ErrAbortHandler)
}
