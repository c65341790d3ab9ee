package audit

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/stagedoor/stagedoor"
)

// chain is what a process knows of its own chain. Only its writer uses it.
type chain struct {
	key              seal
	process, version string

	last stagedoor.AuditPlace // what was written last; zero before anything was
	// doubt is how far the chain reaches if a batch was written of which the store
	// only said that something went wrong, and doubted how many events that was.
	doubt   stagedoor.AuditPlace
	doubted int
}

// extend returns the rows that add lines to the chain, and how far it reaches
// then. It opens a new chain where there is none yet, or where the store does not
// hold the end of the process's own any more: its lines were removed when their
// time was over, or by somebody else, which the opening then gives away.
func (c *chain) extend(state stagedoor.AuditState, lines []line, at time.Time) (rows []stagedoor.AuditRow, to stagedoor.AuditPlace, err error) {
	to = c.last
	if to.Chain == 0 || !isAt(to, state.Own) {
		newest, opens, err := c.open(state)
		if err != nil {
			return nil, to, err
		}
		who := stagedoor.Event{At: at, Actor: "process", Action: actOpen, Subject: c.process, Result: stagedoor.ResultOf(nil), Detail: c.version}
		to = stagedoor.AuditPlace{Chain: newest + 1, Sequence: -1, MAC: opens.Previous}
		if rows, to, err = c.add(rows, to, line{Event: normal(who), Opens: &opens}); err != nil {
			return nil, to, err
		}
	}
	for _, l := range lines {
		if rows, to, err = c.add(rows, to, l); err != nil {
			return nil, to, err
		}
	}
	return rows, to, nil
}

// open returns the number of the newest chain, and what an opening says of those
// that are there.
func (c *chain) open(state stagedoor.AuditState) (newest int64, opens opening, err error) {
	newest, opens = state.Opening.Chain, opening{Previous: state.Opening.MAC, Ends: []stagedoor.AuditPlace{}}
	a, err := readAnchor(state.Anchor)
	if err != nil {
		return 0, opens, err
	}
	if a.Through > newest {
		newest, opens.Previous = a.Through, a.Opening
	}
	for _, e := range state.Ends {
		opens.Ends = append(opens.Ends, stagedoor.AuditPlace{Chain: e.Chain, Sequence: e.Sequence, MAC: e.MAC})
	}
	if c.last.Chain != 0 {
		opens.Ends = append(opens.Ends, c.last)
	}
	return newest, opens, nil
}

func (c *chain) add(rows []stagedoor.AuditRow, to stagedoor.AuditPlace, l line) ([]stagedoor.AuditRow, stagedoor.AuditPlace, error) {
	text, err := encode(l)
	if err != nil {
		return nil, to, err
	}
	next := stagedoor.AuditPlace{Chain: to.Chain, Sequence: to.Sequence + 1}
	next.MAC = c.key.line(next.Chain, next.Sequence, to.MAC, text)
	return append(rows, stagedoor.AuditRow{Chain: next.Chain, Sequence: next.Sequence, Line: text, MAC: next.MAC, At: l.At}), next, nil
}

// is reports whether the store has the chain's end there.
func isAt(e stagedoor.AuditPlace, there stagedoor.AuditEnd) bool {
	return e.Chain == there.Chain && e.Sequence == there.Sequence && bytes.Equal(e.MAC, there.MAC)
}

// anchor stands in the place of the lines that were removed since their time was
// over. Its MAC shows that who removed them had the key.
type anchor struct {
	// Through is the newest chain whose opening line was removed: all before it
	// lost theirs too. Opening is that line's MAC.
	Through int64              `json:"through"`
	Opening stagedoor.AuditMAC `json:"opening"`
	// Cuts are the chains of which lines are left, by the last line that was
	// removed. Of other chains up to Through nothing is left.
	Cuts    []stagedoor.AuditPlace `json:"cuts"`
	Arrival int64                  `json:"arrival"` // of the last line that was removed
	Removed int64                  `json:"removed"` // lines, in all
	At      time.Time              `json:"at"`      // when it was done last
	MAC     stagedoor.AuditMAC     `json:"mac"`
}

func readAnchor(document []byte) (anchor, error) {
	var a anchor
	if document == nil {
		return a, nil
	}
	if err := json.Unmarshal(document, &a); err != nil {
		return a, &stagedoor.Error{
			Op: "write the audit", Subject: "its anchor", Kind: stagedoor.KindStore, Err: err,
			Cause: "what vouches for the lines that were removed is not readable: it was changed", Fix: "See `stagedoor audit verify`.",
		}
	}
	return a, nil
}
