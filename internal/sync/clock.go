package sync

import (
	"fmt"
	"time"

	"github.com/stagedoor/stagedoor"
)

// clockSlack is how far this machine's clock may be from the provider's: days settle
// in many hours, so that an hour does no harm.
const clockSlack = time.Hour

// clockAhead is by how much this machine's clock is wrong: checkpoints tell by the
// provider's when a slice was read. A machine that is a month ahead would else note
// days as settled that had not been, and they would never be read again.
func (r *run) clockAhead() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clock
}

// clockNotice tells of a clock that is ahead; nil where none is. The caller holds mu.
func (r *run) clockNotice() *stagedoor.Notice {
	if r.clock == 0 {
		return nil
	}
	return &stagedoor.Notice{
		Kind:  stagedoor.KindUsage,
		Cause: fmt.Sprintf("this machine's clock is %s ahead of the provider's: its days were noted as read by the provider's clock, and are read again", r.clock.Round(time.Minute)),
		Fix:   "Set the clock, for example with `timedatectl set-ntp true`, and run the sync once with --full-refresh: by a clock that is ahead, Zoom's oldest days were taken for lost.",
	}
}

// believable leaves out checkpoints that were read in the future: they are of a clock
// that was ahead, and say nothing of when their days were read.
func believable(done []stagedoor.Checkpoint, now time.Time) []stagedoor.Checkpoint {
	var list []stagedoor.Checkpoint
	for _, c := range done {
		if !c.ReadAt.After(now.Add(clockSlack)) {
			list = append(list, c)
		}
	}
	return list
}
