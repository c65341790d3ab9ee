package job

import (
	"context"
	"encoding/json"
	"time"

	"github.com/stagedoor/stagedoor"
)

const (
	// HeartbeatEvery is how often whoever works on a run gives a sign of life.
	HeartbeatEvery = 10 * time.Second
	// LostAfter is how old the last sign of life of a process that is gone must be
	// for its run to be taken as interrupted.
	LostAfter = 30 * time.Second
	// strangerAfter is the same for a process of which nobody here can say whether
	// it is gone: one on another host, or one that has the number of another by now.
	strangerAfter = 5 * time.Minute
	// lookEvery is how often whoever works on a run asks whether it should end.
	lookEvery = time.Second
)

// Engine keeps runs. Its methods may be called at the same time, by any number of
// processes. Every error is a [stagedoor.Error].
type Engine interface {
	// Enqueue puts in a run, which waits for somebody to claim it. One that has a
	// process is that one's at once, as its first attempt.
	Enqueue(ctx context.Context, run stagedoor.Run) error
	// Claim makes a run that waits the process's. False: it waits no more, or
	// another was faster.
	Claim(ctx context.Context, run stagedoor.Run, process stagedoor.Process) (stagedoor.Run, bool, error)
	// Beat gives a sign of life of a run that the process claimed, with how far it
	// is.
	Beat(ctx context.Context, run stagedoor.Run, progress json.RawMessage) error
	// Finish says how the attempt ended: State, Receipt, Error, NotBefore, Held and
	// Note are taken from the run that is given. False: the run was another's by
	// then, and nothing was noted.
	Finish(ctx context.Context, run stagedoor.Run) (bool, error)
	// Cancel asks for a run's end. One that nobody works on ends at once.
	Cancel(ctx context.Context, id, by string) (stagedoor.Run, error)
}

// Queue is what a [Worker] needs beside the engine's acts.
type Queue interface {
	Engine
	// Waiting returns the runs that somebody may claim now, the oldest first, after
	// it has noted as interrupted what processes that are gone have left behind.
	Waiting(ctx context.Context) ([]stagedoor.Run, error)
	// Explain keeps why a run that waits is not taken up here.
	Explain(ctx context.Context, id, note string) error
}

// Follower is what [Work] needs beside the engine's acts.
type Follower interface {
	Engine
	// Lease tells whether the run is still the process's, and whether somebody
	// wants it to end.
	Lease(ctx context.Context, id string) (stagedoor.RunLease, error)
	// KeepSlices keeps how slices ended.
	KeepSlices(ctx context.Context, id string, slices []stagedoor.RunSlice) error
}
