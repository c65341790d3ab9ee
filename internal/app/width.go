package app

import (
	"context"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/quota"
)

// widths are how many lists a run reads side by side, of each label: as many as
// use the quota up, and no more, since what is begun and not ended is lost when a
// run is killed. It begins narrow, and grows by what it sees: twice as many lists
// make twice as many calls, until the quota holds them back.
type widths struct {
	conn *Connection
	ctx  context.Context // of the run; what is left of the day is asked with it

	mu     sync.Mutex // guards what follows
	labels map[string]*width
}

type width struct {
	now, most int
	looked    time.Time // at the pace
}

const (
	narrowest = 2
	widest    = 64
	unlimited = 8 // where the plan limits nothing
	// When the day is used up, what is under way is lost and read again the next
	// day; this many calls of the day are worth one that may be.
	worthOne = 50
	// tryWidth is how long a width is tried before it changes.
	tryWidth = time.Second
)

func newWidths(ctx context.Context, conn *Connection) *widths {
	return &widths{conn: conn, ctx: ctx, labels: map[string]*width{}}
}

func (w *widths) of(st stagedoor.Stream) int {
	op := operation(st)
	limit := w.conn.Provider.Limit(op.Family(), op.Label, w.conn.quota.TakenAs())
	w.mu.Lock()
	defer w.mu.Unlock()
	label := w.labels[laneOf(st)]
	if label == nil {
		label = &width{now: narrowest, most: widest, looked: now()}
		if limit.PerSecond == 0 && limit.PerMinute == 0 {
			label.now = unlimited
		}
		if comes, err := w.conn.quota.Forecast(w.ctx, op, 0); err == nil && comes.Left >= 0 {
			label.most = min(max(comes.Left/worthOne, 1), widest)
		}
		label.now = min(label.now, label.most)
		w.labels[laneOf(st)] = label
	}
	if limit.PerSecond > 0 && now().Sub(label.looked) >= tryWidth {
		label.looked = now()
		label.now = label.grown(w.conn.quota.Pace(op))
	}
	return label.now
}

// grown is the width that would use the quota up.
func (w *width) grown(pace quota.Pace) int {
	if pace.Calls == 0 || float64(pace.Calls) >= 0.9*pace.Left {
		return w.now
	}
	wanted := int(float64(w.now)*pace.Left/float64(pace.Calls)) + 1
	return min(max(wanted, w.now), 2*w.now, w.most)
}
