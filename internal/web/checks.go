package web

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// checks are the checks of credentials that go on, or went on a short while ago.
// They live in memory alone: what a check of a new credential proved holds its token.
type checks struct {
	mu   sync.Mutex // guards byID
	byID map[string]*checking
}

// checking is a check; a page asks for its steps until it is done.
type checking struct {
	id    string
	owner string // the operator's id: nobody else sees it
	began time.Time

	mu     sync.Mutex       // guards what follows
	hints  []stagedoor.Step // on the plan, told at the end of a check that went well
	steps  []stagedoor.Step
	asking string
	done   bool
	proven stagedoor.Proven
	err    error
}

const (
	checkTime  = 2 * time.Minute  // that a check may take
	checkKept  = 10 * time.Minute // how long its result is there
	checksMost = 100
	checksEach = 4 // of one operator at once
)

// begin starts a check for who looks; hints are told when it went well. run is given a watcher, and its error is how the
// check ended.
func (c *checks) begin(r *http.Request, now time.Time, hints []stagedoor.Step, run func(context.Context, stagedoor.Watcher) (stagedoor.Proven, error)) (*checking, error) {
	k := &checking{id: rand.Text(), owner: visitorOf(r.Context()).Operator.ID, began: now, hints: hints}
	c.mu.Lock()
	defer c.mu.Unlock()
	running := 0
	for id, other := range c.byID {
		if now.Sub(other.began) > checkKept {
			delete(c.byID, id)
		} else if other.owner == k.owner && !other.ended() {
			running++
		}
	}
	if running >= checksEach || len(c.byID) >= checksMost {
		return nil, &stagedoor.Error{
			Op: "check a credential", Kind: stagedoor.KindRateLimited, Cause: "several checks go on already", Fix: "Wait for them to end.",
		}
	}
	if c.byID == nil {
		c.byID = map[string]*checking{}
	}
	c.byID[k.id] = k
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), checkTime)
	go func() {
		defer cancel()
		proven, err := run(ctx, k)
		k.mu.Lock()
		defer k.mu.Unlock()
		k.done, k.proven, k.err, k.asking = true, proven, err, ""
		if err == nil {
			k.steps = append(k.steps, k.hints...)
		}
	}()
	return k, nil
}

// find returns a check of who looks; nil where there is none, or not any more.
func (c *checks) find(r *http.Request, id string) *checking {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.byID[id]
	if k == nil || k.owner != visitorOf(r.Context()).Operator.ID {
		return nil
	}
	return k
}

// drop forgets a check, and the token that it minted.
func (c *checks) drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.byID, id)
}

// Asking notes what the check waits for.
func (k *checking) Asking(what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asking = what
}

// Found notes a step.
func (k *checking) Found(step stagedoor.Step) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.steps, k.asking = append(k.steps, step), ""
}

func (k *checking) ended() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.done
}

// checkShown is how far a check is.
type checkShown struct {
	ID     string
	New    bool // of a credential that is not saved yet: what follows is saving
	Beside bool // of a new secret, which may also be saved beside the former
	Steps  []stagedoor.Step
	Asking string
	Done   bool
	Err    *stagedoor.Problem
	// Lost tells that the check is not there any more: the daemon was restarted.
	Lost bool
}

func (k *checking) shown() checkShown {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := checkShown{ID: k.id, Steps: slices.Clone(k.steps), Asking: k.asking, Done: k.done}
	if k.err != nil {
		problem := problemOf(k.err)
		s.Err = &problem
	}
	return s
}

func (s *site) checkRoutes() []route {
	return []route{
		{"GET /checks/{id}", stagedoor.RoleOperator, s.check},
	}
}

// check shows how far a check is; a page asks until it is done.
func (s *site) check(w http.ResponseWriter, r *http.Request) error {
	shown := checkShown{Lost: true, Done: true}
	if k := s.checks.find(r, r.PathValue("id")); k != nil {
		shown = k.shown()
	}
	if shown.New = r.URL.Query().Has("new"); shown.New && shown.Err != nil {
		shown.Err.Fix = stagedoor.WithoutCommands(shown.Err.Fix)
	}
	return s.swap(w, r, http.StatusOK, checkSteps(shown))
}

func (s checkShown) path() string {
	path := "/checks/" + s.ID
	if s.New {
		path += "?new"
	}
	return path
}
