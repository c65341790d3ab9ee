package cli_test

import (
	"syscall"
	"testing"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// timeout(1) signals a program twice within a moment, and means it once.
func TestASignalWithItsEchoStopsGracefully(t *testing.T) {
	t.Parallel()
	w := newWorld(t, zoomsim.Options{Meetings: 1, Users: 1})
	d := w.serve(w.at())
	for range 2 {
		if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	<-d.ended
	if d.err != nil {
		t.Errorf("it ended with %v\n%s", d.err, d.said())
	}
}
