package zoomsim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// The kinds of fault that edit the company instead of making a request fail.
const (
	// Change alters fields of rows that a client may have read already: of reports
	// rows of the last day, which a client has to read again, of lists any rows.
	Change = "change"
	// Late makes rows appear that were not there before, of reports with times in
	// the last day.
	Late = "late"
	// Delete takes rows away: of reports those of the last day.
	Delete = "delete"
)

var editKinds = []string{Change, Late, Delete}

func (f Fault) isEdit() bool { return slices.Contains(editKinds, f.Kind) }

// An editor edits the rows of one stream. Each function edits one row, and what
// hangs on it, and tells whether there was a row to edit. The company is locked
// for writing meanwhile. What is edited has not been edited before where that can
// be helped, so that no edit undoes another: a row that has come late is not the
// next to be deleted.
//
// r is the random numbers of this one edit; they depend on the seed, the stream,
// the kind and how many of these there were, so that edits repeat too.
type editor struct {
	change, late, remove func(r *rand.Rand) bool
}

func (e editor) of(kind string) func(r *rand.Rand) bool {
	switch kind {
	case Change:
		return e.change
	case Late:
		return e.late
	default:
		return e.remove
	}
}

// edited is the stream whose rows an edit is about, "" if there is none. Where an
// operation reads two, it is the one that is not worked out from the other.
func (f Fault) edited() string {
	if _, ok := streamOperations[f.Operation]; ok {
		return f.Operation
	}
	for _, stream := range streams() {
		if stream != "meeting_attendance" && slices.Contains(f.operations, streamOperations[stream]) {
			return stream
		}
	}
	return ""
}

// editProblems is what is wrong with a fault as an edit.
func (f Fault) editProblems() []error {
	var problems []error
	if f.edited() == "" {
		problems = append(problems, fmt.Errorf("operation %q: %s edits the rows of one of the streams (%s)",
			f.Operation, f.Kind, strings.Join(streams(), ", ")))
	}
	if f.Delay > 0 {
		problems = append(problems, fmt.Errorf("delay %v: %s has none; it waits for requests (after)", f.Delay, f.Kind))
	}
	return problems
}

// edit does an edit: Count rows, or as many as there are, which the error tells.
// Statistics count each row.
func (s *Simulator) edit(f Fault) error {
	stream := f.edited()
	do := s.editors[stream].of(f.Kind)
	if do == nil {
		return fmt.Errorf("%s of %s: its rows can not be edited so", f.Kind, stream)
	}
	done := 0
	s.company.Lock()
	for ; done < f.Count; done++ {
		s.edits[f.Kind+" "+stream]++
		if !do(randomFor(s.options.Seed, f.Kind+" "+stream, s.edits[f.Kind+" "+stream])) {
			break
		}
	}
	s.company.Unlock()
	if done > 0 {
		s.mu.Lock()
		s.state.tally.faultsFired[f.Kind] += done
		s.mu.Unlock()
	}
	if done < f.Count {
		return fmt.Errorf("%s of %s: %d of %d rows, for there were no more to take", f.Kind, stream, done, f.Count)
	}
	return nil
}

// countDown counts a request for the edits that wait for it and returns those
// that have waited long enough: they are due when it has been answered, so that
// the next page is cut from other rows.
func (s *Simulator) countDown(c *call) (due []Fault) {
	if c.operation == nil {
		return nil
	}
	s.state.edits = slices.DeleteFunc(s.state.edits, func(f *Fault) bool {
		if !slices.Contains(f.operations, c.operation.name()) {
			return false
		}
		f.After--
		if f.After == 0 {
			due = append(due, *f)
		}
		return f.After == 0
	})
	return due
}

// recent returns a row of the last day with reports that may be taken, by its
// place in rows (newest first), or -1. It is the first of the choices that finds
// one.
func recent[T dated](s *Simulator, r *rand.Rand, rows []T, choices ...func(T) bool) int {
	rows = between(rows, s.until, s.until) // the first of all, since none are later
	for _, take := range choices {
		if i := one(r, rows, take); i >= 0 {
			return i
		}
	}
	return -1
}

// inserted returns rows, newest first, with more in their places, each after its
// equals. The rows given are not changed: somebody may be reading them.
func inserted[T dated](rows []T, more ...T) []T {
	more = slices.Clone(more)
	slices.SortStableFunc(more, func(a, b T) int { return cmp.Compare(b.when(), a.when()) })
	out := make([]T, 0, len(rows)+len(more))
	for _, row := range rows {
		for len(more) > 0 && more[0].when() > row.when() {
			out, more = append(out, more[0]), more[1:]
		}
		out = append(out, row)
	}
	return append(out, more...)
}
