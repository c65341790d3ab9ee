package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Pruning is the store as [Prune] uses it.
type Pruning interface {
	// PruneAudit gives decide the oldest rows, and removes those up to the arrival
	// that it returns, in one transaction in which the anchor is kept too.
	PruneAudit(ctx context.Context, limit int, decide func(stagedoor.AuditOldest) (last int64, anchor []byte, err error)) error
}

// Prune removes the lines that arrived before the first one that is not older than
// before, at most so many, and leaves a sealed anchor in their place. It removes
// only what verifies: an edit does not vanish by growing old. The newest line
// always stays.
func Prune(ctx context.Context, store Pruning, key []byte, before time.Time, most int64, wall func() time.Time) (removed int64, err error) {
	for removed < most {
		var n int64
		err := store.PruneAudit(ctx, int(min(page, most-removed)), func(oldest stagedoor.AuditOldest) (int64, []byte, error) {
			p, err := newPruner(key, oldest)
			if err != nil {
				return 0, nil, err
			}
			for _, row := range oldest.Rows {
				if !row.At.Before(before) {
					break
				}
				if err := p.take(row); err != nil {
					return 0, nil, err
				}
				n++
			}
			if n == 0 {
				return 0, nil, nil
			}
			return p.seal(oldest.Ends, n, wall())
		})
		if err != nil {
			return removed, err
		}
		removed += n
		if n < page {
			break
		}
	}
	return removed, nil
}

// pruner follows rows in the order in which they arrived.
type pruner struct {
	key    seal
	anchor anchor
	ends   map[int64]stagedoor.AuditPlace // of the chains that it knows, as far as they are removed
}

func newPruner(key seal, oldest stagedoor.AuditOldest) (*pruner, error) {
	a, err := readAnchor(oldest.Anchor)
	if err != nil {
		return nil, err
	}
	if oldest.Anchor != nil && !hmac.Equal(a.MAC, key.anchor(a)) {
		return nil, unfit("its anchor was forged or changed")
	}
	p := &pruner{key: key, anchor: a, ends: map[int64]stagedoor.AuditPlace{}}
	for _, c := range a.Cuts {
		p.ends[c.Chain] = c
	}
	return p, nil
}

// take verifies a row, which will be removed.
func (p *pruner) take(row stagedoor.AuditRow) error {
	at, known := p.ends[row.Chain]
	l, err := decode(row.Line)
	if err == nil && !known && row.Sequence == 0 && l.Opens != nil && row.Chain == p.anchor.Through+1 && bytes.Equal(l.Opens.Previous, p.anchor.Opening) {
		at = stagedoor.AuditPlace{Chain: row.Chain, Sequence: -1, MAC: l.Opens.Previous}
	}
	if err != nil || at.Chain == 0 || row.Sequence != at.Sequence+1 || !row.At.Equal(l.At) ||
		!hmac.Equal(p.key.line(row.Chain, row.Sequence, at.MAC, row.Line), row.MAC) {
		return unfit(fmt.Sprintf("line %d of chain %d is not as it was written, or lines before it are gone", row.Sequence, row.Chain))
	}
	if l.Opens != nil {
		for _, e := range l.Opens.Ends {
			// What had arrived before this line was removed before it, or lies
			// further back than the anchor remembers.
			if reached, known := p.ends[e.Chain]; known && reached.Sequence < e.Sequence || !known && e.Chain > p.anchor.Through {
				return unfit(fmt.Sprintf("lines of chain %d are gone", e.Chain))
			}
		}
		p.anchor.Through, p.anchor.Opening = row.Chain, row.MAC
	}
	p.ends[row.Chain] = stagedoor.AuditPlace{Chain: row.Chain, Sequence: row.Sequence, MAC: row.MAC}
	p.anchor.Arrival = row.Arrival
	return nil
}

// seal returns the arrival of the last row to remove, and the anchor in its place.
func (p *pruner) seal(ends map[int64]stagedoor.AuditEnd, n int64, at time.Time) (int64, []byte, error) {
	a := p.anchor
	a.Removed += n
	a.At = at.UTC().Truncate(time.Microsecond)
	a.Cuts = []stagedoor.AuditPlace{}
	for chain, e := range p.ends {
		if noted, changed := ends[chain]; !changed || noted.Arrival > a.Arrival {
			a.Cuts = append(a.Cuts, e)
		}
	}
	slices.SortFunc(a.Cuts, func(one, other stagedoor.AuditPlace) int { return int(one.Chain - other.Chain) })
	a.MAC = p.key.anchor(a)
	document, err := json.Marshal(a)
	return a.Arrival, document, err
}

func unfit(what string) error {
	return &stagedoor.Error{
		Op: "remove old lines of the audit", Kind: stagedoor.KindAltered,
		Cause: what + "; none of those after it is removed, so that what is wrong stays to be seen",
		Fix:   "See what is wrong with `stagedoor audit verify`.",
	}
}
