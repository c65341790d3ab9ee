package quota

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Options say what an account may, and how its processes meet.
type Options struct {
	Provider stagedoor.Provider // its limits
	Plan     stagedoor.Plan     // of several credentials of one account: the lower
	// Account names the account in the store. It is not the account id in the
	// clear, since the store keeps none.
	Account string
	Store   Store // nil: in memory, so that no other process knows of it
	// Notify is told what a person should know. It must not call the Account.
	Notify func(Event)
	Wall   func() time.Time // nil: the clock; days and leases go by it
}

// Event tells of a change in pace.
type Event struct {
	Label  stagedoor.Label
	Family stagedoor.Family
	Says   string
}

// Account is the quota of one account in this process. Its methods may be called
// at the same time.
type Account struct {
	options Options
	process string // names this process's part

	mu    sync.Mutex // guards what is below; never held while waiting or storing
	lanes map[string]*lane
	days  map[string]*day
	group map[string]string // lane → day group
	part  holding
	hurry chan struct{} // capacity one: a lane has too few slots
	trade chan struct{} // capacity one: whoever put something in is talking to the store
	gone  bool          // Close was called
	stop  func()        // ends the goroutine that keeps the part; nil if it does not run
}

// patience is how long an interactive call waits for its turn.
const patience = 2 * time.Second

// beyond is a rate that all processes of a home together do not reach, so that
// there is nothing to pace. A provider file says such a one to mean "no limit".
const beyond = 100_000

// Open returns the account's quota. It does not touch the store before the first
// call.
func Open(o Options) *Account {
	if o.Wall == nil {
		o.Wall = time.Now
	}
	if o.Store == nil {
		o.Store = &memory{}
	}
	return &Account{
		options: o, process: strings.ToLower(rand.Text()[:12]),
		lanes: map[string]*lane{}, days: map[string]*day{}, group: map[string]string{}, trade: make(chan struct{}, 1), hurry: make(chan struct{}, 1),
	}
}

// TakenAs is the plan that the account is taken to have.
func (a *Account) TakenAs() stagedoor.Plan { return a.options.Plan }

// Admit waits until a request of the operation may leave. Who is Interactive
// waits two seconds at most. The error is a [stagedoor.Error]: KindRateLimited
// or KindDailyQuota with the time from which it can work, or KindInterrupted if
// ctx ended.
func (a *Account) Admit(ctx context.Context, call stagedoor.Call, use stagedoor.Use) (stagedoor.Turn, error) {
	if use.Class == "" {
		use.Class = stagedoor.Interactive
	}
	if err := ctx.Err(); err != nil {
		return stagedoor.Turn{}, interrupted(call.Operation, err)
	}
	l, days := a.find(call)
	taken, err := a.takeAll(ctx, l, days, call, use)
	if err != nil {
		return stagedoor.Turn{}, err
	}
	settle := func(o stagedoor.Outcome) { a.settleAll(taken, entryOf(call.Operation, use), o) }
	if l == nil {
		return stagedoor.Turn{Sent: func() {}, Done: settle}, nil
	}
	s, err := a.wait(ctx, l, call.Operation, use)
	if err != nil {
		settle(stagedoor.Outcome{Unsent: true})
		return stagedoor.Turn{}, err
	}
	if taken[0].date != a.date() { // midnight came first
		settle(stagedoor.Outcome{Unsent: true})
		_, days = a.find(call)
		if taken, err = a.takeAll(ctx, l, days, call, use); err != nil {
			a.unused(l, s)
			return stagedoor.Turn{}, err
		}
	}
	for _, d := range days {
		if until := a.closed(d); !until.IsZero() { // the day may have ended while it waited
			a.unused(l, s)
			settle(stagedoor.Outcome{Unsent: true})
			return stagedoor.Turn{}, d.usedUp(call.Operation, until)
		}
	}
	return a.turn(l, s, call.Operation, settle), nil
}

// find returns the lane and the days that a call goes through, its label's and
// those of its objects; the lane is nil where nothing limits the pace.
func (a *Account) find(call stagedoor.Call) (*lane, []*day) {
	op := call.Operation
	limit := a.options.Provider.Limit(op.Family(), op.Label, a.options.Plan)
	requests, span := limit.PerSecond, time.Second
	if requests == 0 {
		requests, span = limit.PerMinute, time.Minute
	}
	if requests >= beyond {
		requests = 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	d := a.day(group(op, limit), limit.PerDay)
	days := []*day{d}
	for _, limit := range a.options.Provider.ObjectLimits {
		if limit.Plan != "" && limit.Plan != a.options.Plan {
			continue
		}
		for _, object := range call.Objects[limit.Name] {
			of := a.day(groupOf(limit, object), limit.PerDay)
			of.object, of.found = limit.Name, time.Now()
			days = append(days, of)
		}
	}
	if requests == 0 {
		return nil, days
	}
	l := a.lane(op, requests, span)
	a.group[l.key] = d.group
	return l, days
}

// unused gives a slot back whose request never left.
func (a *Account) unused(l *lane, s *slot) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	l.done(s, s.turn, time.Time{}, true, now)
	a.dispatch(l, now)
}

func key(family stagedoor.Family, label stagedoor.Label) string {
	return strings.TrimPrefix(string(family)+" "+string(label), " ")
}

func (a *Account) lane(op stagedoor.Operation, requests int, span time.Duration) *lane {
	k := key(op.Family(), op.Label)
	l := a.lanes[k]
	if l == nil {
		l = newLane(k, requests, span)
		l.timer = time.AfterFunc(time.Hour, func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.dispatch(l, time.Now())
		})
		l.timer.Stop()
		a.lanes[k] = l
	}
	return l
}

// dispatch gives turns while this process's part is its own: a part that was not
// renewed in time is another's.
func (a *Account) dispatch(l *lane, now time.Time) {
	if now.Before(a.part.until) {
		l.dispatch(now)
	}
}

// wait waits for a slot of the lane.
func (a *Account) wait(ctx context.Context, l *lane, op stagedoor.Operation, use stagedoor.Use) (*slot, error) {
	w := &waiter{use: use, turn: make(chan *slot, 1)}
	now := time.Now()
	a.mu.Lock()
	if at, ok := l.next(); ok && use.Class == stagedoor.Interactive && at.Sub(now) > patience {
		a.mu.Unlock()
		return nil, tooSoon(op, at)
	}
	l.bulk = use.Class == stagedoor.Backfill
	l.queue.add(w)
	a.dispatch(l, now)
	if l.queue.waiting > 0 && len(l.slots) < l.requests && !l.short {
		select {
		case a.hurry <- struct{}{}:
		default:
		}
	}
	a.mu.Unlock()

	var late <-chan time.Time
	if use.Class == stagedoor.Interactive {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case s := <-w.turn:
		return s, nil
	case <-late:
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !l.queue.remove(w) { // its turn came at the same moment
		s := <-w.turn
		if ctx.Err() == nil {
			return s, nil
		}
		l.done(s, s.turn, time.Time{}, true, time.Now())
		a.dispatch(l, time.Now())
	}
	if err := ctx.Err(); err != nil {
		return nil, interrupted(op, err)
	}
	at, ok := l.next()
	if !ok || at.Before(time.Now()) {
		at = time.Now().Add(time.Second)
	}
	return nil, tooSoon(op, at)
}

// turn is the leave to send, and hears how it went.
func (a *Account) turn(l *lane, s *slot, op stagedoor.Operation, settle func(stagedoor.Outcome)) stagedoor.Turn {
	turn, granted := s.turn, time.Now()
	var sent time.Time
	return stagedoor.Turn{
		Sent: func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			sent = time.Now()
			l.left(s, turn, sent)
			a.dispatch(l, sent)
		},
		Done: func(o stagedoor.Outcome) {
			now := time.Now()
			a.mu.Lock()
			if !sent.IsZero() && !o.Unsent {
				l.delay.learn(now.Sub(sent), now)
			} else if sent.IsZero() {
				sent = granted
			}
			l.done(s, turn, sent, o.Unsent, now)
			event := a.learn(l, op, o, sent, now)
			a.dispatch(l, now)
			a.mu.Unlock()
			settle(o)
			if event != nil && a.options.Notify != nil {
				a.options.Notify(*event)
			}
		},
	}
}

// learn takes what the answer says of the lane's pace.
func (a *Account) learn(l *lane, op stagedoor.Operation, o stagedoor.Outcome, sent, now time.Time) *Event {
	says := ""
	switch {
	case o.Unsent, o.Daily:
	case o.Refused:
		if l.others.refuse(sent, now, l.span) {
			says = fmt.Sprintf("other apps of this account use part of its %s rate: going at %.3g of %d requests in each %s until they leave more",
				op.Label, l.others.permitted, l.requests, name(l.span))
		}
	case l.others.accept(now, l.span):
		says = fmt.Sprintf("the account's whole %s rate is there again: %d requests in each %s", op.Label, l.requests, name(l.span))
	}
	if says == "" {
		return nil
	}
	return &Event{Label: op.Label, Family: op.Family(), Says: says}
}

func name(span time.Duration) string {
	if span == time.Minute {
		return "minute"
	}
	return "second"
}

func interrupted(op stagedoor.Operation, err error) error {
	return &stagedoor.Error{
		Op: op.Name(), Kind: stagedoor.KindInterrupted, Err: err,
		Cause: "it was stopped while it waited for its turn within the account's rate limit", Fix: "Run it again; what was done is kept.",
	}
}

func tooSoon(op stagedoor.Operation, at time.Time) error {
	return &stagedoor.Error{
		Op: op.Name(), Kind: stagedoor.KindRateLimited, RetryAt: at,
		Cause: fmt.Sprintf("the account's rate of %s requests is in use, and no turn came within %s", op.Label, patience),
		Fix:   "Try again in a moment; `stagedoor quota` shows who uses it.",
	}
}

// usedUp is the refusal of a call whose day has nothing left.
func (d *day) usedUp(op stagedoor.Operation, until time.Time) error {
	if d.object != "" {
		return &stagedoor.Error{
			Op: op.Name(), Kind: stagedoor.KindDailyQuota, RetryAt: until,
			Cause: fmt.Sprintf("what may be done in a day with %s (%d) is used up", d.object, d.limit),
			Fix:   "Wait until 00:00 UTC; other calls still work.",
		}
	}
	return &stagedoor.Error{
		Op: op.Name(), Kind: stagedoor.KindDailyQuota, RetryAt: until,
		Cause: fmt.Sprintf("the account's limit for %s requests in a day is used up", op.Label),
		Fix:   "Wait until " + until.UTC().Format("2006-01-02 15:04") + " UTC; what was done is kept, and the same command goes on there. `stagedoor quota` shows who used it.",
	}
}
