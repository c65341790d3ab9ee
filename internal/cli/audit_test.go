package cli_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestAuditFollow follows the audit while another process does something, and ends
// it as a person does.
func TestAuditFollow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, zoomsim.Options{})
	w.addCredential()
	following := exec.Command("stagedoor", "audit", "--follow", "--limit", "1")
	following.Dir = w.dir
	following.Env = append(os.Environ(), w.env...)
	out, err := following.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := following.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	next := func() (e stagedoor.Event) {
		if !lines.Scan() {
			t.Fatal("no line came")
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	if e := next(); e.Action != "credential.add" {
		t.Errorf("the newest line is %+v", e)
	}
	for range 3 {
		w.succeeds("token", "acme")
		if e := next(); e.Action != "token.hand-out" || e.Credential != "acme" {
			t.Errorf("then came %+v", e)
		}
	}
	if err := following.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := following.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v", err)
	}
}
