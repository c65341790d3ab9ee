package gateway

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

var errIdle = errors.New("no byte moved for too long")

// idle watches over a request: it has an end if no byte moves in either
// direction for so long, and none while they do.
type idle struct {
	began   time.Time
	limit   atomic.Int64 // a [time.Duration]
	last    atomic.Int64 // since began
	expired func()

	mu    sync.Mutex // guards what follows, and holds the end of the watch off while it expires
	timer *time.Timer
	over  bool
}

func watch(limit time.Duration, expired func()) *idle {
	i := &idle{began: time.Now(), expired: expired}
	i.limit.Store(int64(limit))
	return i
}

// start begins the watch, when all that expired looks at is in place.
func (i *idle) start() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.timer = time.AfterFunc(time.Duration(i.limit.Load()), i.look)
}

func (i *idle) moved() { i.last.Store(int64(time.Since(i.began))) }

func (i *idle) look() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.over {
		return
	}
	left := time.Duration(i.last.Load()+i.limit.Load()) - time.Since(i.began)
	if left > 0 {
		i.timer.Reset(left)
		return
	}
	i.expired()
}

// allow gives the request more time, or less.
func (i *idle) allow(limit time.Duration) {
	i.moved()
	i.limit.Store(int64(limit))
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.over {
		i.timer.Reset(limit)
	}
}

// stop ends the watch: after it, nothing expires, so that the connection's next
// request is left alone.
func (i *idle) stop() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.over = true
	i.timer.Stop()
}
