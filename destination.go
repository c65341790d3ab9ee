package stagedoor

import (
	"context"
)

// Destination is where records go. It keeps its own checkpoints, written
// together with the rows they speak of, so that a runner without any memory of
// its own goes on where the last one stopped.
//
// A Destination is used by one run at a time; two runs into one place are kept
// apart by the place itself. Of one run several slices are open at once, each in
// the hands of one goroutine at a time, and are begun and committed side by side.
type Destination interface {
	// Name is what receipts and messages call it; it holds no secret.
	Name() string
	// Checkpoints returns the slices of the stream, under these parameters and
	// of this part (empty for streams that are read as one), that were written
	// whole. Those of another part are never among them.
	Checkpoints(ctx context.Context, stream Stream, params, partition string) ([]Checkpoint, error)
	// Parts returns the parts that have checkpoints of the stream under these
	// parameters, in order; none for streams that are read as one.
	Parts(ctx context.Context, stream Stream, params string) ([]string, error)
	// Begin opens a slice. Nothing of it is to be seen until Commit.
	Begin(ctx context.Context, stream Stream, slice Slice, run string) (SliceWriter, error)
	// Close ends the use; what was committed stays.
	Close() error
}

// SliceWriter takes the records of one slice, then either Commit or Abort.
type SliceWriter interface {
	// Write takes one record; its Raw and Values may be used only until Write
	// returns. A key that came before in this slice replaces the former row.
	Write(ctx context.Context, record Record) error
	// Commit makes the slice and its checkpoint seen, both or neither. A slice
	// that was written before is replaced: rows that came again are updated,
	// and with gone, rows of the slice that did not come again get a
	// _deleted_at, for streams that show what is gone by leaving it out. The
	// rules of that stand in package destinationtest; a slice without any row
	// marks too, since the engine asks for it only where that proves something.
	// A slice of one part says
	// nothing of the rows of another. Of a checkpoint that is Ended every row of
	// the part that is in the care of its parameters is marked, whatever gone
	// says.
	Commit(ctx context.Context, checkpoint Checkpoint, gone bool) (Written, error)
	// Abort forgets the slice. It may be called after Commit, and then does nothing.
	Abort() error
}

// Finisher is a destination that makes all of a run seen at once. Finish comes
// once, after the last slice of a run that ended by itself, done or in part; a
// run that was stopped or failed closes the destination without it, and leaves
// what was there before.
type Finisher interface {
	Finish(ctx context.Context) error
}

// Written tells what a commit did.
type Written struct {
	Rows int // rows that the slice now holds and that came with this commit
	Gone int // rows that got a _deleted_at
}
