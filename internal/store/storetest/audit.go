package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

var auditBegan = time.Date(2026, 11, 25, 8, 0, 0, 123000, time.UTC)

// auditLine is the row of a minute after the audit began.
func auditLine(chain, sequence int64, minute int, actor string) stagedoor.AuditRow {
	return stagedoor.AuditRow{
		Chain: chain, Sequence: sequence, At: auditBegan.Add(time.Duration(minute) * time.Minute),
		Line: fmt.Sprintf(`{"actor":%q,"action":"act.%d","credential":"acme"}`, actor, sequence), MAC: []byte{byte(chain), byte(sequence), 0},
	}
}

func appendAudit(t *testing.T, s Store, rows ...stagedoor.AuditRow) {
	t.Helper()
	must(t, s.AppendAudit(context.Background(), 0, func(stagedoor.AuditState) ([]stagedoor.AuditRow, error) { return rows, nil }))
}

// threeChains has chain 1 closed, chain 2 lasting beyond chain 3's opening.
func threeChains(t *testing.T, s Store) {
	t.Helper()
	appendAudit(t, s, auditLine(1, 0, 0, "process"), auditLine(1, 1, 1, "ada"))
	appendAudit(t, s, auditLine(2, 0, 2, "process"), auditLine(2, 1, 3, "eve"))
	appendAudit(t, s, auditLine(3, 0, 4, "process"))
	appendAudit(t, s, auditLine(2, 2, 0, "ada")) // it began before the others
}

func places(rows []stagedoor.AuditRow) string {
	text := ""
	for _, r := range rows {
		text += fmt.Sprintf("%d/%d ", r.Chain, r.Sequence)
	}
	return text
}

func auditKept(t *testing.T, fresh Fresh) {
	ctx, s := context.Background(), open(t, fresh, nil)
	if at, err := s.OldestAudit(ctx); err != nil || !at.IsZero() {
		t.Errorf("an empty audit begins at %v, %v", at, err)
	}
	threeChains(t, s)
	for _, test := range []struct {
		q    stagedoor.AuditQuery
		want string
	}{
		{stagedoor.AuditQuery{Limit: 10}, "2/1 1/1 2/2 "},
		{stagedoor.AuditQuery{Limit: 2}, "2/1 1/1 "},
		{stagedoor.AuditQuery{Limit: 10, Actor: "ada"}, "1/1 2/2 "},
		{stagedoor.AuditQuery{Limit: 10, Action: "act.2", Credential: "acme"}, "2/2 "},
		{stagedoor.AuditQuery{Limit: 10, Credential: "other"}, ""},
		{stagedoor.AuditQuery{Limit: 10, Failed: true}, ""},
		{stagedoor.AuditQuery{Limit: 10, Since: auditBegan.Add(time.Minute), Until: auditBegan.Add(3 * time.Minute)}, "1/1 "},
		{stagedoor.AuditQuery{Limit: 10, Following: true}, "1/1 2/1 2/2 "},
		{stagedoor.AuditQuery{Limit: 10, Following: true, After: 4}, "2/2 "},
	} {
		rows, err := s.Audit(ctx, test.q)
		if err != nil || places(rows) != test.want {
			t.Errorf("%+v: %s, %v, want %s", test.q, places(rows), err, test.want)
		}
	}
	rows, err := s.Audit(ctx, stagedoor.AuditQuery{Limit: 1})
	must(t, err)
	if want := auditLine(2, 1, 3, "eve"); rows[0].Line != want.Line || string(rows[0].MAC) != string(want.MAC) || !rows[0].At.Equal(want.At) || rows[0].Arrival != 4 {
		t.Errorf("it came back as %+v", rows[0])
	}
	if arrived, err := s.AuditArrived(ctx); err != nil || arrived != 6 {
		t.Errorf("the newest arrived as %d, %v", arrived, err)
	}
	if at, err := s.OldestAudit(ctx); err != nil || !at.Equal(auditBegan) {
		t.Errorf("the oldest is of %v, %v", at, err)
	}
}

func auditState(t *testing.T, fresh Fresh) {
	ctx, s := context.Background(), open(t, fresh, nil)
	look := func(chain int64) (state stagedoor.AuditState) {
		t.Helper()
		must(t, s.AppendAudit(ctx, chain, func(found stagedoor.AuditState) ([]stagedoor.AuditRow, error) {
			state = found
			return nil, nil
		}))
		return state
	}
	if state := look(0); state.Own.Chain != 0 || state.Opening.Chain != 0 || state.Ends != nil || state.Anchor != nil {
		t.Errorf("an empty audit ends as %+v", state)
	}
	threeChains(t, s)
	state := look(2)
	if state.Own.Chain != 2 || state.Own.Sequence != 2 || state.Own.MAC[1] != 2 {
		t.Errorf("chain 2 ends as %+v", state.Own)
	}
	// Since chain 3 was opened only chain 2 grew.
	if state.Opening.Chain != 3 || state.Opening.Sequence != 0 || len(state.Ends) != 1 || state.Ends[0].Chain != 2 {
		t.Errorf("the newest opening is %+v, and since then grew %+v", state.Opening, state.Ends)
	}
	broken := errors.New("no")
	err := s.AppendAudit(ctx, 0, func(stagedoor.AuditState) ([]stagedoor.AuditRow, error) {
		return []stagedoor.AuditRow{auditLine(9, 0, 0, "lost")}, broken
	})
	if !errors.Is(err, broken) || look(9).Own.Chain != 0 {
		t.Errorf("the error of compose came back as %v", err)
	}
	err = s.AppendAudit(ctx, 0, func(stagedoor.AuditState) ([]stagedoor.AuditRow, error) {
		return []stagedoor.AuditRow{auditLine(4, 0, 0, "lost"), auditLine(2, 1, 0, "twice")}, nil
	})
	if stagedoor.KindOf(err) != stagedoor.KindStore || look(4).Own.Chain != 0 {
		t.Errorf("a place that is taken: %v", err)
	}
}

func auditSnapshot(t *testing.T, fresh Fresh) {
	ctx, again := context.Background(), fresh(t)
	s, other := opened(t, again, nil), opened(t, again, nil)
	threeChains(t, s)
	must(t, s.ReadAudit(ctx, func(r stagedoor.AuditReader) error {
		first, err := r.Rows(stagedoor.AuditRow{}, 2)
		must(t, err)
		appendAudit(t, other, auditLine(3, 1, 9, "late"))
		rest, err := r.Rows(first[1], 10)
		must(t, err)
		if got := places(first) + places(rest); got != "1/0 1/1 2/0 2/1 2/2 3/0 " {
			t.Errorf("read %s", got)
		}
		end, err := r.End(2)
		must(t, err)
		row, err := r.Row(1, 1)
		must(t, err)
		none, err := r.Row(3, 1)
		must(t, err)
		if end.Sequence != 2 || row.Chain != 1 || none.Chain != 0 {
			t.Errorf("read %+v, %+v, %+v", end, row, none)
		}
		ends, err := r.Ends(1, 10)
		must(t, err)
		if len(ends) != 2 || ends[0].Sequence != 2 || ends[1].Sequence != 0 {
			t.Errorf("noted is %+v", ends)
		}
		anchor, err := r.Anchor()
		if anchor != nil {
			t.Errorf("the anchor is %s", anchor)
		}
		return err
	}))
	broken := errors.New("no")
	if err := s.ReadAudit(ctx, func(stagedoor.AuditReader) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("the error of reading came back as %v", err)
	}
}

func auditPruned(t *testing.T, fresh Fresh) {
	ctx, s := context.Background(), open(t, fresh, nil)
	prune := func(limit int, last int64, anchor string, want string) {
		t.Helper()
		must(t, s.PruneAudit(ctx, limit, func(o stagedoor.AuditOldest) (int64, []byte, error) {
			if got := places(o.Rows); got != want {
				t.Errorf("the oldest are %s, want %s", got, want)
			}
			for _, r := range o.Rows {
				if o.Ends[r.Chain].Chain != r.Chain {
					t.Errorf("the end of chain %d is not told", r.Chain)
				}
			}
			return last, []byte(anchor), nil
		}))
	}
	prune(10, 0, "", "")
	threeChains(t, s)
	prune(3, 3, `{"a":1}`, "1/0 1/1 2/0 ")
	prune(10, 0, "not kept", "2/1 3/0 ") // the newest of all is not offered
	must(t, s.ReadAudit(ctx, func(r stagedoor.AuditReader) error {
		rows, err := r.Rows(stagedoor.AuditRow{}, 10)
		must(t, err)
		ends, err := r.Ends(0, 10)
		must(t, err)
		anchor, err := r.Anchor()
		if places(rows) != "2/1 2/2 3/0 " || len(ends) != 2 || string(anchor) != `{"a":1}` {
			t.Errorf("left are %s, %+v, %s", places(rows), ends, anchor)
		}
		return err
	}))
	prune(1, 4, `{"a":2}`, "2/1 ")
	must(t, s.AppendAudit(ctx, 1, func(state stagedoor.AuditState) ([]stagedoor.AuditRow, error) {
		if state.Own.Chain != 0 || string(state.Anchor) != `{"a":2}` {
			t.Errorf("it ends as %+v", state)
		}
		return nil, nil
	}))
}

func auditConcurrent(t *testing.T, fresh Fresh) {
	ctx, again := context.Background(), fresh(t)
	const processes, each = 6, 10
	var all sync.WaitGroup
	for range processes {
		s := opened(t, again, nil)
		all.Go(func() {
			for range each {
				err := s.AppendAudit(ctx, 0, func(state stagedoor.AuditState) ([]stagedoor.AuditRow, error) {
					return []stagedoor.AuditRow{auditLine(state.Opening.Chain+1, 0, 0, "process")}, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	must(t, opened(t, again, nil).AppendAudit(ctx, 0, func(state stagedoor.AuditState) ([]stagedoor.AuditRow, error) {
		if state.Opening.Chain != processes*each {
			t.Errorf("%d chains were opened, want %d", state.Opening.Chain, processes*each)
		}
		return nil, nil
	}))
}
