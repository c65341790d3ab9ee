package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// troubles are errors of credentials that wait to be written down: a caller whose
// every call is refused is one row, and not one write a call.
type troubles struct {
	mu      sync.Mutex // guards waiting
	waiting map[troubleKey]stagedoor.Trouble
}

type troubleKey struct {
	credential string // id
	op         string
	kind       stagedoor.Kind
	cause      string
}

// troublesHeld is how many different ones wait at most; more are not noted.
const troublesHeld = 1000

// troubled notes an error of a credential that a person must mend; others, and those
// of a credential that is stored nowhere, are not.
func (a *App) troubled(c stagedoor.Credential, by string, err error) {
	e, ok := errors.AsType[*stagedoor.Error](err)
	if !ok || c.ID == "" || !e.Kind.Row().Person {
		return
	}
	t := stagedoor.Trouble{At: now(), LastAt: now(), Count: 1, Op: e.Op, Kind: e.Kind, Cause: e.Cause, Fix: e.Fix, By: by, Tracking: e.Tracking}
	key := troubleKey{c.ID, t.Op, t.Kind, t.Cause}
	a.troubles.mu.Lock()
	defer a.troubles.mu.Unlock()
	before, known := a.troubles.waiting[key]
	if known {
		t.At, t.Count = before.At, before.Count+1
	} else if len(a.troubles.waiting) >= troublesHeld {
		return
	}
	if a.troubles.waiting == nil {
		a.troubles.waiting = map[troubleKey]stagedoor.Trouble{}
	}
	a.troubles.waiting[key] = t
}

// writeTroubles writes down those that wait. What can not be written is for show, and
// is lost.
func (a *App) writeTroubles(ctx context.Context) {
	a.troubles.mu.Lock()
	waiting := a.troubles.waiting
	a.troubles.waiting = nil
	a.troubles.mu.Unlock()
	if len(waiting) == 0 {
		return
	}
	by := map[string][]stagedoor.Trouble{}
	for key, t := range waiting {
		by[key.credential] = append(by[key.credential], t)
	}
	for id, list := range by {
		if err := a.store.AddTroubles(ctx, id, list); err != nil {
			a.env.Log.Warn("what went wrong with a credential could not be written down", "error", err)
		}
	}
}

// keepTroubles writes down what went wrong every second, until ctx ends.
func (a *App) keepTroubles(ctx context.Context) {
	for pause(ctx, time.Second) == nil {
		a.writeTroubles(ctx)
	}
}

// Troubles returns what went wrong with a credential that a person must mend, the
// newest first.
func (a *App) Troubles(ctx context.Context, slug string) ([]stagedoor.Trouble, error) {
	_, c, err := a.saved(ctx, slug)
	if err != nil {
		return nil, err
	}
	a.writeTroubles(ctx)
	return a.store.Troubles(ctx, c.ID)
}
