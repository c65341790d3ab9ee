package quota

// Kill ends the account's work as if its process were killed: nothing is written
// down or given back.
func (a *Account) Kill() {
	a.mu.Lock()
	stop := a.stop
	a.stop = nil
	for _, l := range a.lanes {
		l.timer.Stop()
		l.slots = nil
	}
	a.mu.Unlock()
	if stop != nil {
		stop()
	}
}
