package cli_test

import (
	"bufio"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// daemonOf is where pages have their daemon, as `stagedoor serve` has it by
// itself.
const daemonOf = "127.0.0.1:8700"

// needsDaemon reports whether a page speaks to a daemon that it does not start.
func needsDaemon(blocks []block) bool {
	for _, b := range blocks {
		if b.kind != "text" && strings.Contains(b.text, "stagedoor serve") {
			return false
		}
	}
	for _, b := range blocks {
		if b.kind != "text" && strings.Contains(b.text, daemonOf) {
			return true
		}
	}
	return false
}

// daemon runs `stagedoor serve` on the world's home until the test ends, when it
// must stop well. Commands find it at the address that stands for [daemonOf].
func (w *world) daemon(t *testing.T) {
	t.Helper()
	cmd := exec.Command("stagedoor", "serve", "--listen", "127.0.0.1:0")
	cmd.Dir, cmd.Env = w.dir, w.env
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	hung := time.AfterFunc(5*time.Minute, func() { _ = cmd.Process.Kill() })
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(stderr)
	first, _ := said.ReadString('\n')
	ended := make(chan string, 1)
	go func() {
		rest, _ := io.ReadAll(said)
		if err := cmd.Wait(); err != nil {
			ended <- err.Error() + "\n" + first + string(rest)
		}
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if how := <-ended; how != "" {
			t.Errorf("the daemon ends with %s", how)
		}
		hung.Stop()
	})
	url, ok := strings.CutPrefix(strings.TrimSpace(first), "listening on ")
	if !ok {
		t.Fatalf("the daemon says first %q", first)
	}
	w.gate = strings.TrimPrefix(url, "http://")
	w.env = append(w.env, "STAGEDOOR_PUBLIC_URL="+url)
}
