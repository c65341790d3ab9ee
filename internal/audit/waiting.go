package audit

// Waiting returns how many lines are not written yet, and what the store said
// last where it takes none.
func (l *Log) Waiting() (lines int, failing error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.held), l.failing
}
