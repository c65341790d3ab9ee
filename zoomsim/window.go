package zoomsim

import (
	"math/rand/v2"
	"sort"
	"sync"
	"time"
)

// What the reports have in common: rows by time, the newest first, and a window
// of days.

// keptMonths is how far back Zoom keeps the reports that say so (Zoom API Hub,
// Meetings, reportSignInSignOutActivities and reportMeetings, read 2026-11).
const keptMonths = 6

// dated is a row of a report.
type dated interface {
	when() int64 // Unix milliseconds
}

// between returns the rows of the days from since to until, both inclusive. Rows
// are newest first.
func between[T dated](rows []T, since, until time.Time) []T {
	return instants(rows, startOfDay(since), startOfDay(until).Add(day))
}

// instants returns the rows from start on and before end.
func instants[T dated](rows []T, start, end time.Time) []T {
	first, after := start.UnixMilli(), end.UnixMilli()
	rows = rows[sort.Search(len(rows), func(i int) bool { return rows[i].when() < after }):]
	return rows[:sort.Search(len(rows), func(i int) bool { return rows[i].when() < first })]
}

// window is the answer to a bad query or a bad window, nil for good ones. The
// days may be minutes.
func (s *Simulator) window(p *parameters, from, to time.Time, kept bool) *answer {
	if len(p.invalid) == 0 && to.Before(from) {
		p.refuse("to")
	}
	if problem := p.problem(); problem != nil {
		return problem
	}
	from, to = startOfDay(from), startOfDay(to)
	if exceedsMonth(from, to) {
		return errRange()
	}
	// A client that counted the months yesterday is let through.
	if kept && from.Before(monthsBefore(s.options.Today, keptMonths).AddDate(0, 0, -1)) {
		return errTooOld()
	}
	return nil
}

// exceedsMonth tells whether a window of whole days, both inclusive, is longer
// than a calendar month (2026-01-15 to 2026-02-15 is one). Thirty days are never
// too long, though February is shorter: integrators slice by 30 days.
func exceedsMonth(from, to time.Time) bool {
	return to.After(addMonth(from)) && to.Sub(from) >= 30*day
}

// pageStart returns where the page that is asked for starts.
func (s *Simulator) pageStart(c *call) (int, *answer) {
	token := c.query.Get("next_page_token")
	if token == "" {
		return 0, nil
	}
	start, alive := s.pages.start(c, token)
	if !alive {
		return 0, errPageToken()
	}
	return start, nil
}

// An edge is a moment at which careless programs lose rows: the first or the
// last millisecond of the history or of a month. One of both is set.
type edge struct{ start, end time.Time }

func edgesOf(since, until time.Time) []edge {
	edges := []edge{{start: since}, {end: until.Add(day - time.Millisecond)}}
	for d := since.AddDate(0, 0, 1); d.Before(until); d = d.AddDate(0, 0, 1) {
		if d.Day() == 1 {
			edges = append(edges, edge{start: d}, edge{end: d.Add(-time.Millisecond)})
		}
	}
	return edges
}

// within returns a moment from from on and before to, in whole milliseconds.
func within(r *rand.Rand, from, to time.Time) time.Time {
	return from.Add(time.Duration(r.Int64N(max(1, to.Sub(from).Milliseconds()))) * time.Millisecond)
}

// withDuplicates repeats one row of each 150, next to itself.
func withDuplicates[T any](rows []T, r *rand.Rand) []T {
	const block = 150
	out := make([]T, 0, len(rows)+len(rows)/block+1)
	twin := r.IntN(block)
	for i, row := range rows {
		out = append(out, row)
		if i%block == twin {
			out = append(out, row)
		}
		if i%block == block-1 {
			twin = r.IntN(block)
		}
	}
	return out
}

// made are rows that are made up when the first is asked for, and may be edited
// then: a company of a hundred thousand meetings need not wait for what nobody
// reads. Edits put another list in place of rows, since somebody may be reading.
type made[T any] struct {
	once sync.Once
	make func() []T
	rows []T
}

func (m *made[T]) all() []T {
	m.once.Do(func() { m.rows = m.make() })
	return m.rows
}
