package store

import "context"

// Revision counts the changes, by any process, of credentials, callers, operators,
// their tokens and sessions, schedules and destinations, and what is asked of runs. As long as it
// stays, what was read of them holds.
func (s *Store) Revision(ctx context.Context) (int64, error) {
	var number int64
	err := s.read.QueryRowContext(ctx, `SELECT number FROM revision`).Scan(&number)
	return number, s.explain("look for changes", err)
}
