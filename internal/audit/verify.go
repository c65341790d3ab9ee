package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"math"

	"github.com/stagedoor/stagedoor"
)

// Reading is the store as [Verify] reads it.
type Reading interface {
	// ReadAudit gives the whole audit as it is at one moment.
	ReadAudit(ctx context.Context, read func(stagedoor.AuditReader) error) error
}

// page is how many rows are read at once.
const page = 1000

// Verify reads the whole audit, in an amount of memory that does not depend on its
// length, and reports what is not as it was written. The head, if one is given, is
// held against it. An error means that it could not be read; what is wrong with it
// stands in the report.
//
// begun says that lines were written, by what else the database holds: an audit
// without any is then a problem.
func Verify(ctx context.Context, store Reading, key []byte, head *stagedoor.AuditHead, begun bool) (stagedoor.AuditReport, error) {
	found := &report{AuditReport: stagedoor.AuditReport{Problems: []stagedoor.AuditProblem{}}, told: map[told]bool{}}
	err := store.ReadAudit(ctx, func(r stagedoor.AuditReader) error {
		v := &verifier{ctx: ctx, key: key, read: r, report: found, cuts: map[int64]stagedoor.AuditPlace{}}
		return v.all(head, begun)
	})
	return found.AuditReport, err
}

// verifier walks through all rows in the order of chain and sequence.
type verifier struct {
	*report
	ctx  context.Context // of the one walk that a verifier lives for
	key  seal
	read stagedoor.AuditReader

	anchor anchor
	cuts   map[int64]stagedoor.AuditPlace // of the anchor, by chain
	opened stagedoor.AuditPlace           // the newest opening: its chain and MAC

	at     stagedoor.AuditRow   // the row before, in the same chain; Chain 0: none yet
	before []stagedoor.AuditMAC // what the MAC before may be: where a line was changed, either of two
	odd    []place              // where lines do not fit, for finding lines that changed places
}

// place is where a line was expected, and what stands there.
type place struct {
	chain, sequence int64
	before          []stagedoor.AuditMAC
	row             stagedoor.AuditRow // zero: nothing
}

func (v *verifier) all(head *stagedoor.AuditHead, begun bool) error {
	if err := v.readAnchor(); err != nil {
		return err
	}
	var after stagedoor.AuditRow
	for {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		rows, err := v.read.Rows(after, page)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := v.row(row); err != nil {
				return err
			}
		}
		if len(rows) < page {
			break
		}
		if after = rows[len(rows)-1]; after.Chain == 0 && after.Sequence == 0 {
			after.Arrival = max(after.Arrival, 1) // the zero row means the start
		}
	}
	if err := v.endOfChain(); err != nil {
		return err
	}
	v.gone(v.at.Chain+1, v.anchor.Through)
	if err := v.chainsBeyond(); err != nil {
		return err
	}
	if v.Lines == 0 && v.anchor.Through == 0 && v.Found == 0 && begun {
		v.add(missing, 0, 0, "no line is there, though the audit was begun: its key was made, which only a process does that is about to write. "+
			"Either every line was removed, or that first process was killed in between")
	}
	v.places()
	if head != nil {
		return v.head(*head)
	}
	return nil
}

func (v *verifier) readAnchor() error {
	document, err := v.read.Anchor()
	if err != nil {
		return err
	}
	if document == nil {
		return nil
	}
	a, err := readAnchor(document)
	if err != nil || !hmac.Equal(a.MAC, v.key.anchor(a)) {
		v.add(noAnchor, 0, 0, "the anchor, which vouches for the lines that were removed when their time was over, was forged or changed; "+
			"what is missing below counts as missing")
		return nil
	}
	v.anchor, v.opened = a, stagedoor.AuditPlace{Chain: a.Through, MAC: a.Opening}
	v.Removed = &stagedoor.AuditRemoved{Lines: a.Removed, At: a.At}
	for _, c := range a.Cuts {
		v.cuts[c.Chain] = c
	}
	return nil
}

// row looks at the next row.
func (v *verifier) row(row stagedoor.AuditRow) error {
	v.Lines++
	if row.Chain < 1 || row.Sequence < 0 || row.Chain == math.MaxInt64 || row.Sequence == math.MaxInt64 {
		v.add(changed, row.Chain, row.Sequence, "line %d of chain %d stands where no process writes: somebody else put it there", row.Sequence, row.Chain)
		return nil
	}
	l, err := decode(row.Line)
	readable := err == nil
	if readable {
		v.count(l)
	}
	if row.Chain != v.at.Chain {
		if err := v.endOfChain(); err != nil {
			return err
		}
		v.gone(v.at.Chain+1, row.Chain-1)
		v.beginChain(row, l)
	} else if row.Sequence <= v.at.Sequence {
		v.add(changed, row.Chain, row.Sequence, "%s of chain %d is there twice", span(row.Sequence, row.Sequence), row.Chain)
		return nil
	} else if row.Sequence > v.at.Sequence+1 {
		v.gap(v.at.Sequence+1, row)
	}
	if row.Arrival <= v.at.Arrival {
		v.add(moved, row.Chain, row.Sequence, "line %d of chain %d arrived before the line before it, by the number that it has now: the number was changed", row.Sequence, row.Chain)
	}
	v.check(row)
	if readable && !row.At.Equal(l.At) {
		v.add(changed, row.Chain, row.Sequence, "line %d of chain %d is of %s, and is listed under %s", row.Sequence, row.Chain, stamp(l.At), stamp(row.At))
	}
	if readable && row.Sequence == 0 && l.Opens != nil {
		if err := v.opening(row, *l.Opens); err != nil {
			return err
		}
	}
	v.at = row
	return nil
}

func (v *verifier) count(l line) {
	if v.First.IsZero() || l.At.Before(v.First) {
		v.First = l.At
	}
	if l.At.After(v.Last) {
		v.Last = l.At
	}
	v.Lost += l.Lost
}

// beginChain looks at the first row of a chain that is there.
func (v *verifier) beginChain(row stagedoor.AuditRow, l line) {
	v.Chains++
	first := stagedoor.AuditPlace{Chain: row.Chain, Sequence: -1}
	v.before = []stagedoor.AuditMAC{{}}
	if l.Opens != nil {
		v.before = []stagedoor.AuditMAC{l.Opens.Previous}
	}
	if cut, ok := v.cuts[row.Chain]; ok {
		first, v.before = cut, []stagedoor.AuditMAC{cut.MAC}
	} else if row.Chain <= v.anchor.Through {
		v.add(restored, row.Chain, row.Sequence, "chain %d is there from line %d on, and was removed as a whole when its time was over, at %s at the latest: an older copy of it was put back",
			row.Chain, row.Sequence, stamp(v.anchor.At))
		first.Sequence = row.Sequence - 1
	}
	v.at = stagedoor.AuditRow{Chain: row.Chain, Sequence: first.Sequence, MAC: first.MAC}
	switch {
	case row.Sequence > first.Sequence+1:
		v.gap(first.Sequence+1, row)
	case row.Sequence <= first.Sequence:
		v.add(restored, row.Chain, row.Sequence, "line %d of chain %d is there, and was removed when its time was over: an older copy of it was put back", row.Sequence, row.Chain)
		v.before = nil
	}
}

// gap reports that lines before row are not there.
func (v *verifier) gap(from int64, row stagedoor.AuditRow) {
	v.add(missing, row.Chain, from, "%s of chain %d: removed. The next that is there is line %d", span(from, row.Sequence-1), row.Chain, row.Sequence)
	v.odd = append(v.odd, place{chain: row.Chain, sequence: from, before: v.before})
	v.before = nil // the line before is not there, so nothing says what its MAC was
}

// check holds the MAC of a row against its text and place.
func (v *verifier) check(row stagedoor.AuditRow) {
	stored := stagedoor.AuditMAC(row.MAC)
	if len(v.before) == 0 {
		v.before = []stagedoor.AuditMAC{stored} // it can not be checked; those after it can
		return
	}
	var computed stagedoor.AuditMAC
	for _, before := range v.before {
		computed = v.key.line(row.Chain, row.Sequence, before, row.Line)
		if hmac.Equal(computed, stored) {
			v.before = []stagedoor.AuditMAC{stored}
			return
		}
	}
	v.add(changed, row.Chain, row.Sequence, "line %d of chain %d is not the one that was written there: its text or its MAC was changed, or another line was put in its place", row.Sequence, row.Chain)
	if len(v.odd) < most {
		v.odd = append(v.odd, place{chain: row.Chain, sequence: row.Sequence, before: v.before, row: row})
	}
	// The next line was written after one with the stored MAC, if the text was
	// changed, or after one with the computed MAC, if that was.
	v.before = []stagedoor.AuditMAC{stored, computed}
}

// places looks among the lines that do not fit for those that were written in the
// place of another.
func (v *verifier) places() {
	for _, here := range v.odd {
		for _, there := range v.odd {
			if here.row.Chain == 0 || here.chain == there.chain && here.sequence == there.sequence {
				continue
			}
			for _, before := range there.before {
				if hmac.Equal(v.key.line(there.chain, there.sequence, before, here.row.Line), here.row.MAC) {
					v.add(moved, here.chain, here.sequence, "what stands as line %d of chain %d was written as line %d of chain %d", here.sequence, here.chain, there.sequence, there.chain)
				}
			}
		}
	}
}

// endOfChain holds the last row of a chain against what is noted of its end.
func (v *verifier) endOfChain() error {
	if v.at.Chain == 0 {
		return nil
	}
	ends, err := v.read.Ends(v.at.Chain-1, 1)
	if err != nil {
		return err
	}
	switch {
	case len(ends) == 0 || ends[0].Chain != v.at.Chain:
		v.add(changed, v.at.Chain, v.at.Sequence, "how far chain %d reaches is not noted any more", v.at.Chain)
	case ends[0].Sequence > v.at.Sequence:
		v.once(missing, v.at.Chain, v.at.Sequence+1, "chain %d reached line %d, by what is noted of it, and ends at line %d: what came after was removed", v.at.Chain, ends[0].Sequence, v.at.Sequence)
	case ends[0].Sequence != v.at.Sequence || !bytes.Equal(ends[0].MAC, v.at.MAC):
		v.add(changed, v.at.Chain, v.at.Sequence, "chain %d ends at line %d, and not as is noted of it", v.at.Chain, v.at.Sequence)
	}
	return nil
}

// gone reports chains of which nothing is there.
func (v *verifier) gone(from, to int64) {
	for from <= to {
		if from <= v.anchor.Through {
			if cut, ok := v.cuts[from]; ok {
				v.add(missing, from, cut.Sequence+1, "chain %d is gone: lines up to line %d were removed when their time was over, and those after it by somebody else", from, cut.Sequence)
			}
			from++
			continue
		}
		if from == to {
			v.add(missing, from, 0, "chain %d is gone as a whole: every line of one process", from)
		} else {
			v.add(missing, from, 0, "chains %d to %d are gone as a whole: every line of %d processes", from, to, to-from+1)
		}
		return
	}
}

// chainsBeyond reports chains of which only the end is noted.
func (v *verifier) chainsBeyond() error {
	for newest := max(v.at.Chain, v.anchor.Through); ; {
		ends, err := v.read.Ends(newest, page)
		if err != nil || len(ends) == 0 {
			return err
		}
		last := ends[len(ends)-1].Chain
		v.gone(newest+1, last)
		newest = last
	}
}

// opening holds what a chain's first line says of those before it against what is
// there.
func (v *verifier) opening(row stagedoor.AuditRow, o opening) error {
	if v.opened.Chain == row.Chain-1 && !bytes.Equal(v.opened.MAC, o.Previous) {
		v.add(unlinked, row.Chain, 0, "chain %d was not opened after the chain %d that is there now, but after another", row.Chain, row.Chain-1)
	}
	v.opened = stagedoor.AuditPlace{Chain: row.Chain, MAC: row.MAC}
	for _, e := range o.Ends {
		if err := v.reached(e, row.Arrival, "when chain "+text(row.Chain)+" was opened, at "+stamp(row.At)); err != nil {
			return err
		}
	}
	return nil
}

// reached reports a chain that does not have what it had at some time: the row of
// its end then, which arrived before the row arrival.
func (v *verifier) reached(e stagedoor.AuditPlace, arrival int64, when string) error {
	row, err := v.read.Row(e.Chain, e.Sequence)
	if err != nil {
		return err
	}
	if row.Chain != 0 {
		next, err := v.read.Row(e.Chain, e.Sequence+1)
		switch {
		case err != nil:
			return err
		case !bytes.Equal(row.MAC[:min(len(row.MAC), len(e.MAC))], e.MAC):
			v.once(changed, e.Chain, e.Sequence, "chain %d had another line %d %s than it has now", e.Chain, e.Sequence, when)
		case arrival != 0 && (row.Arrival > arrival || next.Chain != 0 && next.Arrival < arrival):
			v.once(moved, e.Chain, e.Sequence, "chain %d ended at line %d %s, and by the numbers of arrival it did not: they were changed", e.Chain, e.Sequence, when)
		}
		return nil
	}
	cut, part := v.cuts[e.Chain]
	if e.Chain <= v.anchor.Through && (!part || e.Sequence <= cut.Sequence) {
		return nil // its time was over
	}
	last, err := v.read.End(e.Chain)
	if err != nil {
		return err
	}
	switch {
	case last.Chain == 0:
		v.once(missing, e.Chain, 0, "chain %d had %s %s; nothing of it is there", e.Chain, span(0, e.Sequence), when)
	case last.Sequence < e.Sequence:
		v.once(missing, e.Chain, last.Sequence+1, "chain %d reached line %d %s; now it ends at line %d: %s removed", e.Chain, e.Sequence, when, last.Sequence, were(last.Sequence+1, e.Sequence))
	}
	return nil
}

func were(from, to int64) string {
	if from == to {
		return span(from, to) + " was"
	}
	return span(from, to) + " were"
}
