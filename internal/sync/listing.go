package sync

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/stagedoor/stagedoor"
)

// listing takes the rows of one list as its pages come.
type listing struct {
	*attempt
	target  *target      // the stream itself; nil where only others want its rows
	decoder Decoder      // nil where none is needed
	derived []derivation // what is worked out of the rows
	found   []finding    // by finder
	wrote   bool         // rows of it are among what will be committed
	form    string
	pass    int // rows that this pass gave
	seen    int // how many the pass has, as its last page said; -1: not told
	total   int // of all passes; -1: not told
	rows    int
	vague   bool
}

type derivation struct {
	*target
	deriver Deriver
}

// errLimit ends the reading of a stream whose job has all the rows it wanted.
var errLimit = errors.New("limit reached")

// errMoved ends a reading whose list grew or shrank between two pages: a row may
// have moved from a page that was still to come to one that was read.
var errMoved = errors.New("the list changed while it was read")

// read reads one list to its end, and reports whether rows of it were written.
func (a *attempt) read(ctx context.Context, r row) (wrote bool, err error) {
	l := a.listing(r)
	defer func() { forget(l.found) }() // where it broke off
	for _, pass := range a.passes() {
		l.pass, l.seen = 0, -1
		reading, err := a.Reader.Pages(ctx, a.request(a.unit, r.value, pass), a.stream.ListKeys, func(page stagedoor.Page) error {
			return l.page(ctx, page)
		})
		a.count(a.unit, reading)
		switch {
		case errors.Is(err, errLimit):
			l.total = -1
			return l.wrote, l.end(ctx)
		case err != nil && reading.Pages == 0 && isEmpty(a.stream, err):
			continue // this pass has no rows, and that is all there is to say
		case err != nil:
			return l.wrote, err
		}
		l.vague = l.vague || reading.Form == ""
		if reading.Total < 0 {
			l.total = -1
		} else if l.total >= 0 {
			l.total += reading.Total
		}
	}
	return l.wrote, l.end(ctx)
}

func (a *attempt) listing(r row) *listing {
	l := &listing{attempt: a, found: findings(a.finds)}
	part := stagedoor.Part{}
	if a.by != nil {
		part = a.by.part(r)
	}
	plain := len(a.finds) > 0
	for _, t := range a.targets {
		if t.plan.Stream.From != "" {
			l.derived = append(l.derived, derivation{t, a.Derive(t.plan.Stream, t.slice, part)})
		} else {
			l.target, plain = t, true
		}
	}
	if plain {
		slice := *a.unit.slice
		slice.Stream = a.stream.Name
		l.decoder = a.Decoder(a.stream, slice, part)
	}
	return l
}

// page takes the rows of a page. Pages of one slice are written one at a time.
func (l *listing) page(ctx context.Context, page stagedoor.Page) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.moved(page) {
		return errMoved
	}
	l.pages++
	if l.form == "" {
		l.form = page.Form
	}
	for _, raw := range page.Rows {
		if l.target != nil && l.full(l.target) {
			l.cut = true
			return errLimit
		}
		l.rows++
		l.pass++
		if err := l.row(ctx, raw); err != nil {
			return err
		}
	}
	l.show()
	return nil
}

// moved reports whether the list has another length than at the page before, so
// that rows may have moved between the two. Some answers count the rows of their
// page, which says nothing of the list. One that always changes is in the end
// taken as it comes.
func (l *listing) moved(page stagedoor.Page) bool {
	before := l.seen
	if l.seen = page.Total; page.Total < l.pass+len(page.Rows) {
		l.seen = -1
	}
	return before >= 0 && l.seen >= 0 && before != l.seen && l.moves < restartsMoved && l.job.Limit == 0
}

// full reports whether a stream has all the rows that the job wanted.
func (a *attempt) full(t *target) bool {
	if a.job.Limit == 0 {
		return false
	}
	a.run.mu.Lock()
	defer a.run.mu.Unlock()
	return t.report.Returned+t.returned >= a.job.Limit
}

func (l *listing) row(ctx context.Context, raw []byte) error {
	var odd error
	for _, d := range l.derived {
		if err := d.deriver.Add(raw); err != nil {
			odd = err
		}
	}
	if l.target != nil {
		l.target.returned++
	}
	var record stagedoor.Decoded
	if l.decoder != nil {
		var err error
		if record, err = l.decoder.Decode(raw); err != nil {
			odd = err
		}
	}
	if odd != nil {
		l.breaks(odd)
	}
	if l.decoder == nil || record.Key == "" {
		return nil
	}
	for i, f := range l.finds {
		if r, ok := f.take(record, *l.unit.slice); ok {
			l.found[i].add(r)
		}
	}
	if l.target == nil {
		return nil
	}
	l.wrote = true
	return l.target.write(ctx, record)
}

// breaks lists a row that could not be read.
func (l *listing) breaks(err error) {
	what := l.unit.slice.ID()
	if l.unit.slice.Stream != l.stream.Name || len(l.unit.outs) == 0 {
		what = l.stream.Name
	}
	l.broken = append(l.broken, stagedoor.Skip{
		What: fmt.Sprintf("row %d of %s", l.rows, what), Reason: stagedoor.NoticeOf(err).Cause, Rows: 1,
	})
}

func (t *target) write(ctx context.Context, record stagedoor.Decoded) error {
	t.cleaned += record.Cleaned
	for _, field := range record.Unknown {
		t.drift[field]++
	}
	for _, column := range record.Changed {
		t.changed[column]++
	}
	return t.writer.Write(ctx, record.Record)
}

// end adds a list that was read to its end to the attempt, with what is worked
// out of it.
func (l *listing) end(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range l.derived {
		records, err := d.deriver.Rows()
		if err != nil {
			l.breaks(err)
			continue
		}
		for _, record := range records {
			if l.full(d.target) {
				l.cut = true
				break
			}
			d.returned++
			l.wrote = true
			if err := d.write(ctx, record); err != nil {
				return err
			}
		}
	}
	a := l.attempt
	for i := range l.found {
		a.found[i].join(&l.found[i])
	}
	a.lists++
	a.returned += l.rows
	a.vague = a.vague || l.vague
	if a.form == "" {
		a.form = l.form
	}
	if l.total < 0 {
		a.total = -1
	} else if a.total >= 0 {
		a.total += l.total
	}
	l.show()
	return nil
}

// show lets a progress know how far the slice is.
func (l *listing) show() {
	if l.Progress == nil {
		return
	}
	var about *output
	l.run.mu.Lock()
	for _, t := range l.targets {
		t.flying += t.returned - t.shown
		t.shown, t.at = t.returned, t.slice.ID()
		if about == nil {
			about = t.output
		}
	}
	if about == nil {
		about = l.pays(l.unit)
	}
	l.run.mu.Unlock()
	l.tell(about)
}

// tellChanged lists columns whose values were not of their type: of a stream that
// is read in parts once, and not for each of ten thousand users. The caller holds
// the run's mu.
func (o *output) tellChanged(slice string, changed map[string]int) {
	for _, column := range slices.Sorted(maps.Keys(changed)) {
		skip := stagedoor.Skip{
			What:   fmt.Sprintf("column %s in %s", column, slice),
			Reason: "its value is not of the column's type; the rows are written without it, and _raw has it",
			Rows:   changed[column],
		}
		if o.plan.Stream.Partition != nil {
			skip.What = "column " + column
			if i := slices.IndexFunc(o.report.Skipped, func(s stagedoor.Skip) bool { return s.What == skip.What }); i >= 0 {
				o.report.Skipped[i].Rows += skip.Rows
				continue
			}
		}
		o.report.Skipped = append(o.report.Skipped, skip)
	}
}
