package cli_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestFullDisk fills the disk of the home: a small one in memory, which only
// root may mount.
func TestFullDisk(t *testing.T) {
	w := newWorld(t, zoomsim.Options{Meetings: 60})
	if err := os.Mkdir(w.path("home"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", w.path("home"), "tmpfs", 0, "size=2m,mode=0700"); err != nil {
		t.Skipf("a full disk needs a small one, and mounting a tmpfs needs root: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(w.path("home"), syscall.MNT_DETACH) })
	w.addCredential()
	w.doctor(0, nil, []string{"acme"}, finding{"disk", "warn", "store", "nearly full .1 MB free", "df -h"})
	fill, err := os.Create(w.path("home/fill"))
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := fill.Write(make([]byte, 4096)); err != nil {
			break
		}
	}
	fill.Close()
	r := w.run("credential", "disable", "acme")
	if r.status != 1 || !strings.Contains(r.stderr, "the disk is full") || !strings.Contains(r.stderr, w.path("home")) {
		t.Errorf("credential disable: %d %s", r.status, r.stderr)
	}
	r = w.run("doctor", "acme")
	for _, want := range []string{"fail  disk", "the disk of " + w.path("home") + " is full", "df -h"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("doctor does not say %q:\n%s%s", want, r.stdout, r.stderr)
		}
	}
	if r.status != 1 {
		t.Errorf("doctor ends with %d", r.status)
	}
}

// TestFullOutput writes to a device that takes nothing.
func TestFullOutput(t *testing.T) {
	w := newWorld(t, zoomsim.Options{Meetings: 60})
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("there is no /dev/full: %v", err)
	}
	defer full.Close()
	for _, args := range [][]string{{"version"}, {"doctor"}} {
		command := exec.Command("stagedoor", args...)
		command.Env, command.Stdout, command.Stderr = w.env, full, &strings.Builder{}
		_ = command.Run() // what it says of it is what counts
		stderr := command.Stderr.(*strings.Builder).String()
		if !strings.Contains(stderr, "the device is full") || !strings.Contains(stderr, "kind   destination, exit status 1") {
			t.Errorf("%v: %s", args, stderr)
		}
	}
}
