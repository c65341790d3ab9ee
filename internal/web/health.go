package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// Health looks whether all is well.
type Health interface {
	// Examine tells each check, in order and one at a time; of no names: of this
	// machine and all credentials.
	Examine(ctx context.Context, names []string, tell func(stagedoor.Check)) error
}

func (s *site) healthRoutes() []route {
	return []route{
		{"GET /health", stagedoor.RoleViewer, s.health},
		{"GET /health/progress", stagedoor.RoleViewer, s.healthProgress},
		{"POST /health", stagedoor.RoleOperator, s.examine},
	}
}

// examination is the last one, or the one that goes on: of all who look, for it asks
// Zoom.
type examination struct {
	mu      sync.Mutex // guards what follows
	running bool
	at      time.Time // when it ended; zero: never
	checks  []stagedoor.Check
	failure *stagedoor.Problem
}

// examinationTime is how long one may take.
const examinationTime = 5 * time.Minute

// healthShown is what the page of health shows.
type healthShown struct {
	running bool
	at      time.Time
	groups  []healthGroup
	failure *stagedoor.Problem
	role    stagedoor.Role
}

// healthGroup are the checks of the machine, or of a credential.
type healthGroup struct {
	name   string
	checks []stagedoor.Check
}

func (e *examination) shown(role stagedoor.Role) healthShown {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := healthShown{running: e.running, at: e.at, failure: e.failure, role: role}
	for _, c := range e.checks {
		name := c.Credential
		if name == "" {
			name = words.HealthMachine
		}
		c.Fix = strings.ReplaceAll(c.Fix, "NAME", c.Credential)
		if !role.Includes(stagedoor.RoleOperator) { // what was found names hosts and ids
			c.Says, c.Fix = "", ""
		}
		at := slices.IndexFunc(h.groups, func(g healthGroup) bool { return g.name == name })
		if at < 0 {
			at = len(h.groups)
			h.groups = append(h.groups, healthGroup{name: name})
		}
		h.groups[at].checks = append(h.groups[at].checks, c)
	}
	return h
}

// worst is the worst result of all checks.
func (h healthShown) worst() (badge, word string) {
	badge, word = "ok", words.HealthAllGood
	for _, g := range h.groups {
		for _, c := range g.checks {
			switch {
			case c.Result == stagedoor.CheckFail:
				return "fail", words.HealthBad
			case c.Result == stagedoor.CheckWarn:
				badge, word = "warn", words.HealthSome
			}
		}
	}
	return badge, word
}

func (s *site) health(w http.ResponseWriter, r *http.Request) error {
	h := s.examination.shown(visitorOf(r.Context()).Operator.Role)
	return s.show(w, r, page{Title: words.HealthTitle, Section: "/health"}, healthPage(h))
}

func (s *site) healthProgress(w http.ResponseWriter, r *http.Request) error {
	h := s.examination.shown(visitorOf(r.Context()).Operator.Role)
	if !fragment(r) {
		return s.show(w, r, page{Title: words.HealthTitle, Section: "/health"}, healthPage(h))
	}
	return s.swap(w, r, http.StatusOK, healthChecks(h))
}

// examine begins an examination, if none goes on.
func (s *site) examine(w http.ResponseWriter, r *http.Request) error {
	e := &s.examination
	e.mu.Lock()
	begun := !e.running
	if begun {
		e.running, e.checks, e.failure = true, nil, nil
	}
	e.mu.Unlock()
	if begun {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), examinationTime)
		go func() {
			defer cancel()
			err := s.Health.Examine(ctx, nil, func(c stagedoor.Check) {
				e.mu.Lock()
				defer e.mu.Unlock()
				e.checks = append(e.checks, c)
			})
			e.mu.Lock()
			defer e.mu.Unlock()
			e.running, e.at = false, s.Now()
			if err != nil {
				problem := problemOf(err)
				e.failure = &problem
			}
		}()
	}
	if fragment(r) {
		return s.swap(w, r, http.StatusOK, healthChecks(e.shown(visitorOf(r.Context()).Operator.Role)))
	}
	return s.goOn(w, r, "/health")
}

// checkBadge is the result of a check as a badge's.
func checkBadge(c stagedoor.Check) string {
	if c.Result == stagedoor.CheckSkip {
		return "off"
	}
	return string(c.Result)
}
