package job

import (
	"crypto/rand"
	"fmt"
	"os"
	"time"

	"github.com/stagedoor/stagedoor"
)

// ThisProcess names the process that calls. daemon says that it is the one daemon
// of its home.
func ThisProcess(daemon bool) stagedoor.Process {
	host, _ := os.Hostname()
	return stagedoor.Process{ID: rand.Text(), Host: host, PID: os.Getpid(), Daemon: daemon}
}

// lost reports whether nobody works on a run that is noted as running, as far as
// can be told: a process that is there may be asleep, and goes on.
func (q *Rows) lost(run stagedoor.Run, now time.Time) bool {
	p := run.Process
	switch silent := now.Sub(run.Heartbeat); {
	case run.State != stagedoor.RunRunning || p.ID == q.Self.ID:
		return false
	case p.Daemon && q.Self.Daemon && run.Heartbeat.Before(q.Began):
		return true // of a home there is one daemon at a time
	case silent < LostAfter:
		return false
	case silent >= strangerAfter:
		return true
	case p.Host != q.Self.Host:
		return false
	default:
		// One of our own number that is not us was there before: in a container
		// every start has the same.
		return p.PID == q.Self.PID || !q.alive(p.PID)
	}
}

// who is a process in the words of a message.
func who(p stagedoor.Process) string {
	kind := "process"
	if p.Daemon {
		kind = "daemon, process"
	}
	return fmt.Sprintf("%s %d on %s", kind, p.PID, p.Host)
}
