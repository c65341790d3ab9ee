package server

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

func errorOf(err error) (*stagedoor.Error, bool) { return errors.AsType[*stagedoor.Error](err) }

// TestLock has another process hold a home's lock: it is refused with the name of
// that process, and is free at once when it was killed.
func TestLock(t *testing.T) {
	if home := os.Getenv("LOCK_THIS_HOME"); home != "" { // the other process
		if _, err := LockHome(home); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("has it")
		time.Sleep(time.Hour)
	}
	home := t.TempDir()
	other := exec.Command(os.Args[0], "-test.run=^TestLock$")
	other.Env = append(os.Environ(), "LOCK_THIS_HOME="+home)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Process.Kill() })
	said := make([]byte, 6)
	if _, err := out.Read(said); err != nil || string(said) != "has it" {
		t.Fatalf("%q %v", said, err)
	}
	host, _ := os.Hostname()
	for range 2 { // the first refusal changes nothing
		_, err = LockHome(home)
		isExplained(t, err, stagedoor.KindExists, fmt.Sprintf("a daemon runs on this home already: process %d on %s", other.Process.Pid, host), "--home DIR")
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait()
	mine, err := LockHome(home)
	if err != nil {
		t.Fatalf("the lock of a process that was killed is held: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(home, "serve.lock"))
	if want := fmt.Sprintf("process %d on %s\n", os.Getpid(), host); err != nil || string(text) != want {
		t.Errorf("it says %q, want %q (%v)", text, want, err)
	}
	if err := mine.Release(); err != nil {
		t.Error(err)
	}
	again, err := LockHome(home)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Release()
	_, err = LockHome(filepath.Join(home, "nowhere"))
	isExplained(t, err, stagedoor.KindStore, "can not be taken", "owner and mode")
}

// TestLockTamesWhatTheFileSays holds that nobody speaks to a terminal by the file.
func TestLockTamesWhatTheFileSays(t *testing.T) {
	home := t.TempDir()
	held, err := LockHome(home)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	if err := os.WriteFile(filepath.Join(home, "serve.lock"), []byte("process \x1b[31m7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = LockHome(home)
	if err == nil || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("%q", err)
	}
}
