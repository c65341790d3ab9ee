package zoom

import (
	"context"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/stagedoor/stagedoor"
)

// paceShare is how much of a permitted rate is used: a pace of exactly the
// limit is over it whenever the network bunches two requests together.
const paceShare = 0.95

// pace spreads the requests of one client over time by label, and remembers
// which label's day is used up.
type pace struct {
	provider stagedoor.Provider
	plan     stagedoor.Plan

	mu       sync.Mutex               // guards what is below; never held while waiting
	limiters map[string]*rate.Limiter // by budget and label
	stops    map[string]time.Time     // by budget and day group: not before
}

func newPace(provider stagedoor.Provider, plan stagedoor.Plan) *pace {
	return &pace{provider: provider, plan: plan, limiters: map[string]*rate.Limiter{}, stops: map[string]time.Time{}}
}

// budget names the allowance that an operation is counted in. Phone and Contact
// Center have their own.
// Source: developers.zoom.us/docs/api/rate-limits, read 2026-11.
func budget(op stagedoor.Operation) string {
	for _, product := range []string{"phone", "contact_center"} {
		if strings.HasPrefix(op.Path, "/"+product+"/") {
			return product
		}
	}
	return ""
}

// wait returns when the next request of the operation may leave, or ctx ends.
func (p *pace) wait(ctx context.Context, op stagedoor.Operation) error {
	limiter := p.limiter(op)
	if limiter == nil {
		return ctx.Err()
	}
	slot := limiter.Reserve()
	if err := sleep(ctx, slot.Delay()); err != nil {
		slot.Cancel()
		return err
	}
	return nil
}

func (p *pace) limiter(op stagedoor.Operation) *rate.Limiter {
	l := p.provider.Limit(op.Family(), op.Label, p.plan)
	perSecond := float64(l.PerSecond)
	if perSecond == 0 {
		perSecond = float64(l.PerMinute) / 60
	}
	if perSecond == 0 {
		return nil
	}
	key := budget(op) + " " + string(op.Label)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limiters[key] == nil {
		p.limiters[key] = rate.NewLimiter(rate.Limit(perSecond*paceShare), 1)
	}
	return p.limiters[key]
}

// stop keeps the operation's label, and those that share its day, back until
// then.
func (p *pace) stop(op stagedoor.Operation, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if day := p.day(op); until.After(p.stops[day]) {
		p.stops[day] = until
	}
}

// stopped returns until when the operation is kept back; zero if it is not.
func (p *pace) stopped(op stagedoor.Operation, now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := p.stops[p.day(op)]; now.Before(until) {
		return until
	}
	return time.Time{}
}

func (p *pace) day(op stagedoor.Operation) string {
	group := p.provider.Limit(op.Family(), op.Label, p.plan).DayGroup
	if group == "" {
		group = string(op.Label)
	}
	return budget(op) + " " + group
}

// sleep waits for d, or returns ctx's error as soon as it ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
