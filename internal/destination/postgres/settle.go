package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stagedoor/stagedoor"
)

const (
	// unsureSlices is how many slices of a stream may be committed without the
	// server's disk before one waits for it.
	unsureSlices = 64
	// closePatience is how long Close waits for the server's disk, where a run was
	// stopped or failed.
	closePatience = 5 * time.Second
)

// ledger has the slices whose COMMIT did not wait for the server's disk. A server
// that crashes loses what it committed last: each slice with its checkpoint, and
// never one without what was committed before. So a commit into a table first
// looks that those before it stand, or a later day could be there without an
// earlier one, which the next run would not look for; and a run is not done before
// all were seen to stand by a transaction that does wait.
type ledger struct {
	mu     sync.Mutex
	unsure map[string]map[string]kept // by stream, and by what else makes a slice
}

// kept is a slice that was committed, and by which transaction; empty where that
// is not known, since its COMMIT had no answer.
type kept struct {
	stagedoor.Checkpoint
	transaction string
}

// of returns what is unsure of a stream, or of all.
func (l *ledger) of(stream string) (list []kept) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, unsure := range l.unsure {
		if stream == "" || name == stream {
			list = slices.AppendSeq(list, maps.Values(unsure))
		}
	}
	return list
}

func (l *ledger) count(stream string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.unsure[stream])
}

func (l *ledger) add(c kept) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unsure == nil {
		l.unsure = map[string]map[string]kept{}
	}
	if l.unsure[c.Stream] == nil {
		l.unsure[c.Stream] = map[string]kept{}
	}
	l.unsure[c.Stream][placeOf(c.Checkpoint)] = c
}

// settle strikes out what was seen to stand, but for slices that were committed
// again meanwhile.
func (l *ledger) settle(list []kept) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range list {
		if l.unsure[c.Stream][placeOf(c.Checkpoint)].ReadAt.Equal(c.ReadAt) {
			delete(l.unsure[c.Stream], placeOf(c.Checkpoint))
		}
	}
}

// end strikes out the slices of a part whose checkpoints were dropped.
func (l *ledger) end(part stagedoor.Slice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.unsure[part.Stream], func(_ string, c kept) bool {
		return c.Params == part.Params && c.Partition == part.Partition
	})
}

func (l *ledger) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.unsure)
}

func placeOf(c stagedoor.Checkpoint) string { return c.Params + "\x00" + c.Partition + "\x00" + c.ID() }

// Finish returns when all that was committed is on the server's disk (or wherever
// its synchronous_commit wants it), and looks that none of it was lost.
func (d *Destination) Finish(ctx context.Context) error {
	unsure := d.ledger.of("")
	if len(unsure) == 0 {
		return nil
	}
	err := d.again(ctx, func() error {
		// Writing the checkpoints once more is what makes COMMIT wait.
		return d.change(ctx, slicesTable, true, func(ctx context.Context, tx pgx.Tx) error {
			stand, err := changed(tx.Exec(ctx, "UPDATE "+d.in(slicesTable)+` AS held SET "run" = held."run" FROM `+checkpointsGiven+" WHERE "+stands, given(unsure)...))
			if err == nil && stand < len(unsure) {
				err = d.lost(len(unsure) - stand)
			}
			return err
		})
	})
	if err != nil {
		return d.explain("settle what was written", err)
	}
	d.ledger.settle(unsure)
	return nil
}

// stillThere fails where a slice that was committed is not there any more.
func (d *Destination) stillThere(ctx context.Context, q querier, unsure []kept) error {
	if len(unsure) == 0 {
		return nil
	}
	var stand int
	// LATERAL and LIMIT have each looked up by the primary key, however the planner counts.
	err := q.QueryRow(ctx, "SELECT count(*) FROM "+checkpointsGiven+" CROSS JOIN LATERAL (SELECT 1 FROM "+d.in(slicesTable)+" AS held WHERE "+stands+" LIMIT 1) AS one",
		given(unsure)...).Scan(&stand)
	if err == nil && stand < len(unsure) {
		err = d.lost(len(unsure) - stand)
	}
	return err
}

// A checkpoint stands also where another run has put its own in its place: one that
// has read the same slice later, or was slower and has read it before, which the age of
// the row's transaction tells. What a crash took has left an older row, or none.
const (
	checkpointsGiven = `unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[]) AS given ("stream", "params", "partition", "slice", "read_at", "transaction")`
	stands           = `held."stream" = given."stream" AND held."params" = given."params" AND held."partition" = given."partition"
	AND held."slice" = given."slice" AND (held."read_at" >= given."read_at" OR age(held.xmin) <= age(NULLIF(given."transaction", '')::xid))`
)

func given(list []kept) []any {
	texts := make([][]string, 5)
	var times []time.Time
	for _, c := range list {
		for i, text := range []string{c.Stream, c.Params, c.Partition, c.ID(), c.transaction} {
			texts[i] = append(texts[i], text)
		}
		times = append(times, when(c.ReadAt))
	}
	return []any{texts[0], texts[1], texts[2], texts[3], times, texts[4]}
}

func (d *Destination) lost(count int) error {
	slices := fmt.Sprintf("%d slices that this run had written are", count)
	if count == 1 {
		slices = "a slice that this run had written is"
	}
	return &stagedoor.Error{
		Op: "settle what was written", Subject: d.name, Kind: stagedoor.KindDestination,
		Cause: slices + " not there any more, rows and checkpoint: the server went down before its disk had them, or somebody put an earlier state back",
		Fix:   "Run the same command again: it reads what is missing, and nothing is doubled.",
	}
}
