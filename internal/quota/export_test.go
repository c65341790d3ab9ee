package quota

import "context"

// Kill ends the account's work as if its process were killed: nothing is written
// down or given back.
func (a *Account) Kill() {
	a.mu.Lock()
	stop := a.stop
	a.stop, a.gone = nil, true
	for _, l := range a.lanes {
		l.timer.Stop()
		l.slots = nil
	}
	a.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// Used is a day of the ledger.
type Used struct{ Used, Lost int }

// Ledger returns what was used of the Heavy calls, by date.
func (a *Account) Ledger(ctx context.Context) (map[string]Used, error) {
	text, err := a.options.Store.Quota(ctx, a.options.Account)
	if err != nil {
		return nil, err
	}
	d, err := read(text)
	if err != nil {
		return nil, err
	}
	d.expire(a.options.Wall())
	days := map[string]Used{}
	for date, l := range d.Days {
		days[date] = Used{l.Used["Heavy"], l.Lost["Heavy"]}
	}
	return days, nil
}

// KnownDays is how many days this process keeps.
func (a *Account) KnownDays() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.days)
}
