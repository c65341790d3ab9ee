package quota

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Store keeps an account's document for all processes. internal/store fulfils it.
type Store interface {
	// Quota returns the account's document; nil if there is none yet.
	Quota(ctx context.Context, account string) ([]byte, error)
	// UpdateQuota replaces the document by what change makes of it; no other
	// process comes between. An error of change is returned, and nothing is
	// stored.
	UpdateQuota(ctx context.Context, account string, change func([]byte) ([]byte, error)) error
}

// holding is the part of the account that this process holds.
type holding struct {
	until   time.Time                 // monotonic: when the lease ends, less what a request takes
	written time.Time                 // when it was last written
	active  time.Time                 // when a call last came
	planned map[string]map[string]int // run → day group → calls
}

const (
	// lease is how long a dead process's part stays its own.
	lease = 5 * time.Second
	// spare is how long before its end a process no longer counts on its lease.
	spare = time.Second
	// pollEvery is how often a process looks whether others want a part. With a
	// second until a slot has rested, an interactive call beside a backfill has
	// its turn within its two seconds.
	pollEvery = 700 * time.Millisecond
	// writeEvery is how often it writes even if nothing changed.
	writeEvery = 3 * time.Second
	// idleAfter is when a process without calls gives its part back.
	idleAfter = 2 * time.Second
	// aheadFor is for how long calls are taken out of the day at once.
	aheadFor = 4 * time.Second
	// turnOf is how long a process has a slot that there are too few of.
	turnOf = 6 * time.Second
)

// alone lets one at a time talk to the store.
func (a *Account) alone(ctx context.Context, f func() error) error {
	select {
	case a.trade <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-a.trade }()
	return f()
}

// bargain is what an exchange has worked out. It holds once the document is
// stored.
type bargain struct {
	grown map[*lane][]time.Time
	taken map[*day]int
	wrote map[*day]map[dated]int
}

// reconcile brings the account's document and this process's part together: it
// writes down what was used, gives slots back, and takes slots and calls. wanting
// is the lane that a call waits for; it may be nil. With leave everything is given
// back.
func (a *Account) reconcile(ctx context.Context, wanting *lane, class stagedoor.Class, leave bool) error {
	var b bargain
	began := time.Now()
	err := a.options.Store.UpdateQuota(ctx, a.options.Account, func(text []byte) ([]byte, error) {
		d, err := read(text)
		if err != nil {
			return nil, err
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		if leave {
			b = a.leave(d)
		} else {
			b = a.bargain(d, wanting, class)
		}
		return json.Marshal(d)
	})
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.part.written = time.Now()
	a.part.until = began.Add(lease - spare)
	for d, lines := range b.wrote {
		for e, calls := range lines {
			if d.used[e] -= calls; d.used[e] == 0 {
				delete(d.used, e)
			}
		}
	}
	for d, calls := range b.taken {
		d.ahead += calls
	}
	for _, l := range a.lanes {
		l.freed = nil
	}
	a.forget(a.part.written)
	for l, ready := range b.grown {
		l.grow(ready...)
	}
	if leave {
		a.part.until = time.Time{}
		return nil
	}
	a.part.active = time.Now()
	a.keep()
	for _, l := range a.lanes {
		a.dispatch(l, time.Now())
	}
	return nil
}

// bargain changes the document to what this process uses, gives and takes.
func (a *Account) bargain(d *document, wanting *lane, class stagedoor.Class) bargain {
	b := bargain{grown: map[*lane][]time.Time{}, taken: map[*day]int{}, wrote: a.write(d)}
	now, wall := time.Now(), a.options.Wall()
	d.expire(wall)
	if d.Parts[a.process] == nil {
		a.lapsed()
	}
	p, today := a.mine(d, wanting, now), a.date()
	for _, l := range a.lanes {
		target := d.share(l.key, l.requests, a.process, wall.UnixNano()/int64(turnOf))
		a.giveBack(d, l, len(l.slots)-target, now, wall)
		p.Slots[l.key] = len(l.slots)
		for _, at := range d.draw(l, target-len(l.slots), wall) {
			b.grown[l] = append(b.grown[l], now.Add(at.Sub(wall)))
			p.Slots[l.key]++
		}
		l.short = p.Slots[l.key] < p.Wants[l.key]
	}
	for _, day := range a.days {
		day.turn(today)
		if until := d.Until[day.group]; until.After(day.closed) {
			day.closed = until
		} else if day.closed.After(wall) {
			d.Until[day.group] = day.closed
		}
		if day.limit == 0 {
			continue
		}
		p.ahead(today, day.group, day.ahead)
		for date, calls := range day.flying {
			p.ahead(date, day.group, calls)
			if date != today { // it may be counted on either
				p.ahead(today, day.group, calls)
			}
		}
		left := d.left(today, day.group, day.limit, a.process, class == stagedoor.Backfill)
		if day.left != nil { // the provider knows of other apps' calls too
			left = min(left, *day.left)
		}
		if len(d.Parts) > 1 {
			left = (left + 1) / 2 // the others may need some too
		}
		more := max(min(a.appetite(day)-day.ahead, left), 0)
		day.dry = left == 0
		b.taken[day] = more
		p.ahead(today, day.group, more)
	}
	return b
}

// giveBack gives up to n of the lane's slots to the others, and what was given up
// in an exchange that failed.
func (a *Account) giveBack(d *document, l *lane, n int, now, wall time.Time) {
	l.freed = append(l.freed, l.shrink(n, now)...)
	for _, at := range l.freed {
		d.Rest[l.key] = append(d.Rest[l.key], rest{1, wall.Add(at.Sub(now))})
	}
}

// lapsed gives up what the process held when its lease ran out (the machine
// slept, or the store was away): by now it may be another's.
func (a *Account) lapsed() {
	for _, l := range a.lanes {
		l.slots = nil
	}
	for _, day := range a.days {
		day.ahead = 0 // counted as lost
	}
}

// forget drops days of objects that are over, so that they do not grow for ever.
func (a *Account) forget(now time.Time) {
	maps.DeleteFunc(a.days, func(_ string, d *day) bool {
		return d.object != "" && now.Sub(d.found) > time.Minute && len(d.flying) == 0 && len(d.used) == 0 &&
			d.coming == 0 && d.ahead == 0 && !a.options.Wall().Before(d.closed)
	})
}

// ahead adds calls that are taken out of a day.
func (p *part) ahead(date, group string, calls int) {
	if calls == 0 {
		return
	}
	if p.Ahead == nil {
		p.Ahead = map[string]map[string]int{}
	}
	if p.Ahead[date] == nil {
		p.Ahead[date] = map[string]int{}
	}
	p.Ahead[date][group] += calls
}

// mine puts this process's part into the document, with what it wants now.
func (a *Account) mine(d *document, wanting *lane, now time.Time) *part {
	p := &part{
		Until: a.options.Wall().Add(lease), Planned: a.part.planned,
		Slots: map[string]int{}, Wants: map[string]int{}, Spans: map[string]time.Duration{}, Rates: map[string]float64{}, Ahead: map[string]map[string]int{},
	}
	for _, l := range a.lanes {
		coming := 0
		if l == wanting {
			coming = 1
		}
		wants := l.asks(now, coming)
		p.Slots[l.key], p.Wants[l.key], p.Spans[l.key] = len(l.slots), wants, l.span
		if l.others.permitted < l.others.requests {
			p.Rates[l.key] = l.others.permitted
		}
	}
	d.Parts[a.process] = p
	return p
}

// write moves what was used into the document's ledger.
func (a *Account) write(d *document) map[*day]map[dated]int {
	wrote := map[*day]map[dated]int{}
	for _, day := range a.days {
		wrote[day] = map[dated]int{}
		for e, calls := range day.used {
			d.write(e.date, day.group, e.QuotaEntry, calls)
			wrote[day][e] = calls
		}
	}
	return wrote
}

// appetite is how many calls of a day to have at hand.
func (a *Account) appetite(d *day) int {
	if d.object != "" {
		return d.coming
	}
	n := 1.0
	for _, l := range a.lanes {
		if a.group[l.key] == d.group {
			n += float64(l.requests) * float64(aheadFor) / float64(l.span)
		}
	}
	return int(n)
}

// leave gives the whole part back.
func (a *Account) leave(d *document) bargain {
	b := bargain{wrote: a.write(d), taken: map[*day]int{}}
	now, wall := time.Now(), a.options.Wall()
	for _, l := range a.lanes {
		a.giveBack(d, l, len(l.slots), now, wall)
	}
	for _, day := range a.days {
		b.taken[day] = -day.ahead
		if day.closed.After(wall) {
			d.Until[day.group] = day.closed
		}
		for date, calls := range day.flying {
			if day.limit > 0 {
				d.lose(date, day.group, calls)
			}
		}
	}
	delete(d.Parts, a.process)
	d.expire(wall)
	return b
}

// keep starts what renews the part for as long as there are calls. The caller
// holds mu.
func (a *Account) keep() {
	if a.stop != nil || a.gone {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	a.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		away := false
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			case <-a.hurry:
			}
			err := a.alone(ctx, func() error { return a.renew(ctx) })
			if err != nil && !away && ctx.Err() == nil && a.options.Notify != nil {
				a.options.Notify(Event{Says: "the quota's ledger can not be reached, so calls wait: " + err.Error()})
			}
			away = err != nil // said once, not at each try
		}
	}()
}

// renew looks whether the part is still what it should be, and exchanges where
// it is not.
func (a *Account) renew(ctx context.Context) error {
	now := time.Now()
	a.mu.Lock()
	idle := true
	for _, l := range a.lanes {
		if l.wanted(now) > 0 {
			idle = false
		}
	}
	if !idle {
		a.part.active = now
	}
	idle = now.Sub(a.part.active) > idleAfter && len(a.part.planned) == 0
	gone := a.part.until.IsZero()
	due := now.Sub(a.part.written) >= writeEvery
	for _, d := range a.days {
		due = due || d.limit > 0 && d.object == "" && d.ahead < a.appetite(d)/3 && !a.options.Wall().Before(d.closed)
	}
	a.mu.Unlock()
	switch {
	case gone && idle:
		return nil
	case idle:
		return a.reconcile(ctx, nil, stagedoor.Backfill, true)
	case due:
		return a.reconcile(ctx, nil, stagedoor.Backfill, false)
	}
	text, err := a.options.Store.Quota(ctx, a.options.Account)
	if err != nil {
		return err
	}
	d, err := read(text)
	if err != nil {
		return err
	}
	a.mu.Lock()
	wall := a.options.Wall()
	d.expire(wall)
	a.mine(d, nil, now)
	for _, l := range a.lanes {
		target := d.share(l.key, l.requests, a.process, wall.UnixNano()/int64(turnOf))
		free, resting := d.free(l, wall)
		for _, r := range resting {
			free += r.Slots
		}
		// A slot more or less is not worth a write, but for who has none.
		least := 1
		if len(l.slots) > 0 && (l.short || l.queue.waiting == 0) && !d.starving(l.key) {
			least = 1 + l.requests/20
		}
		more := min(target-len(l.slots), free) >= least
		l.short = !more // until the next look
		due = due || more || len(l.slots)-target >= least
	}
	a.mu.Unlock()
	if due {
		return a.reconcile(ctx, nil, stagedoor.Backfill, false)
	}
	return nil
}

// Close writes down what was used and gives the part back to the others. It is
// called when no call is under way any more.
func (a *Account) Close(ctx context.Context) error {
	a.mu.Lock()
	stop := a.stop
	a.stop, a.gone = nil, true
	for _, l := range a.lanes {
		l.timer.Stop()
	}
	a.mu.Unlock()
	if stop == nil {
		return nil // there was no call
	}
	stop()
	return a.alone(ctx, func() error { return a.reconcile(ctx, nil, stagedoor.Backfill, true) })
}
