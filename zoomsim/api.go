package zoomsim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A call is a request that was let through to an operation.
type call struct {
	operation *operation
	args      []string // path parameters in order, decoded
	query     url.Values
	body      writeBody // only where a limit depends on it
	now       time.Time
	daily     *dailyLeft // nil: no daily limit counted it
	release   func()     // lets those go on who wait for it; nil: nobody does
	edits     []Fault    // due when it has been answered
}

// serveAPI answers a request under /v2. Real Zoom's order of checks is not
// published; here it is token, rate limit, scope, plan, parameters.
func (s *Simulator) serveAPI(w http.ResponseWriter, r *http.Request) {
	op, args := knownOperations().find(r.Method, strings.TrimPrefix(r.URL.EscapedPath(), "/v2"))
	c := &call{operation: op, args: args, query: r.URL.Query()}
	c.readBody(w, r)
	if !s.arrive() {
		panic(http.ErrAbortHandler) // closes the connection; net/http logs nothing
	}
	fault, refusal := s.admit(c, r)
	defer s.unlock(c)
	reply := refusal
	if reply == nil {
		s.company.RLock()
		reply = s.dispatch(c)
		s.company.RUnlock()
	}
	for _, edit := range c.edits {
		_ = s.edit(edit) // what it found too few of shows in the statistics
	}
	s.deliver(w, r, s.withLimitHeaders(c, reply), fault)
}

// dispatch runs the operation. One that is published but not simulated answers
// as an unknown one does.
func (s *Simulator) dispatch(c *call) *answer {
	if c.operation != nil {
		if simulated := s.operations[c.operation.name()]; simulated != nil {
			return simulated(c)
		}
	}
	return errNotRecognized()
}

// admit counts a request, picks its fault and decides whether it is refused. All
// of that is one step, so that statistics and limits are exact.
func (s *Simulator) admit(c *call, r *http.Request) (*Fault, *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.now = s.options.Now()
	s.catchUp(c.now)
	s.state.tally.count(c)
	c.edits = s.countDown(c)
	token := bearer(r)

	fault := s.state.faults.fire(c, s.state.tokens[token] != nil, &s.state.tally)
	if refusal := s.applyFault(fault, c, token); refusal != nil {
		return fault, refusal
	}
	scopes, refusal := s.authenticate(c, token)
	if refusal != nil {
		s.state.tally.unauthorized++
		return fault, refusal
	}
	if c.operation == nil {
		return fault, nil
	}
	if refusal := s.takeLabel(c); refusal != nil {
		return fault, refusal
	}
	if !anyOf(scopes, c.operation.scopes) {
		return fault, errScopeMissing(c.operation.scopes)
	}
	s.company.RLock()
	defer s.company.RUnlock()
	if refusal := s.lock(c); refusal != nil {
		return fault, refusal
	}
	return fault, s.takeExtra(c)
}

// takeLabel counts a request on the limits of its label, or returns the refusal.
func (s *Simulator) takeLabel(c *call) *answer {
	b := s.state.quota.budget(c.operation)
	used := s.state.quota.take(b, c.now)
	if limit, left, capped := s.state.quota.left(b, c.now); capped {
		c.daily = &dailyLeft{limit, left}
	}
	if used != nil {
		s.state.tally.refuse(used)
		return used.answer()
	}
	s.state.tally.letThrough(b, s.state.quota.windows[b].per, c.now)
	return nil
}

// authenticate returns the scopes of the token presented, or a 401.
func (s *Simulator) authenticate(c *call, token string) ([]string, *answer) {
	if c.query.Has("access_token") {
		return nil, errTokenInQuery()
	}
	if token == "" {
		return nil, errNoToken()
	}
	known := s.state.tokens[token]
	if known == nil || !s.state.app.active {
		return nil, errUnknownToken()
	}
	if !c.now.Before(known.expires) {
		return nil, errExpiredToken()
	}
	return known.scopes, nil
}

// bearer returns the token of the Authorization header, or "".
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// anyOf tells whether the token has one of the alternatives. An operation
// without published scopes asks for none.
func anyOf(scopes, alternatives []string) bool {
	return len(alternatives) == 0 || slices.ContainsFunc(alternatives, func(scope string) bool {
		return slices.Contains(scopes, scope)
	})
}

// deliver writes the answer after the delays asked for, unless the client leaves
// or the simulator closes meanwhile.
func (s *Simulator) deliver(w http.ResponseWriter, r *http.Request, reply *answer, fault *Fault) {
	var slow time.Duration
	if fault != nil && fault.Kind == Slow {
		slow = fault.Delay
	}
	if !s.goBack(r, slow) {
		panic(http.ErrAbortHandler) // as above
	}
	if fault != nil && fault.Kind == Reset {
		resetConnection(w)
	}
	if fault != nil && fault.Kind == Truncated {
		reply.writeHalf(w)
	}
	reply.write(w)
}
