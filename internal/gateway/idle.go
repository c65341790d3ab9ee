package gateway

import (
	"errors"
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
	timer   *time.Timer
	expired func()
}

func watch(limit time.Duration, expired func()) *idle {
	i := &idle{began: time.Now(), expired: expired}
	i.limit.Store(int64(limit))
	i.timer = time.AfterFunc(limit, i.look)
	return i
}

func (i *idle) moved() { i.last.Store(int64(time.Since(i.began))) }

func (i *idle) look() {
	left := time.Duration(i.last.Load()+i.limit.Load()) - time.Since(i.began)
	if left > 0 {
		i.timer.Reset(left)
		return
	}
	i.expired()
}

// allow gives the request more time, or less.
func (i *idle) allow(limit time.Duration) {
	i.limit.Store(int64(limit))
	i.timer.Reset(limit)
}

func (i *idle) stop() { i.timer.Stop() }
