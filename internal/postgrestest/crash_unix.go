//go:build unix

package postgrestest

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Stall stops the server's process that brings to the disk what no COMMIT waited
// for, so that a crash loses all of that, and not only what came in the last
// moment. Only for a server of the test's own; the next Crash ends it.
func (c *Cluster) Stall() error {
	writer, err := c.walWriter()
	if err != nil {
		return err
	}
	return syscall.Kill(writer, syscall.SIGSTOP)
}

// Crash kills a process of the server without warning. The server then ends all
// sessions, forgets what is in memory only, recovers from its log, and goes on.
// It returns when that is done.
func (c *Cluster) Crash() error {
	before, err := c.walWriter()
	if err != nil {
		return err
	}
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		return err
	}
	for give := time.Now().Add(60 * time.Second); time.Now().Before(give); time.Sleep(10 * time.Millisecond) {
		var now int
		if now, err = c.walWriter(); err == nil && now != before {
			return nil
		}
	}
	return fmt.Errorf("the server did not come back: %w", err)
}

// walWriter is the process, by its id.
func (c *Cluster) walWriter() (pid int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL(Admin, "postgres"))
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'").Scan(&pid)
	return pid, err
}
