package postgres

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

var canMount = os.Getuid() == 0

// mountSmall makes a disk of two megabytes that is whose the folder above it is.
func mountSmall(t *testing.T, folder string) (unmount func()) {
	t.Helper()
	info, err := os.Stat(filepath.Dir(folder))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", folder, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("this machine lets nobody mount a small disk: %v", err)
	}
	unmount = func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) }
	t.Cleanup(unmount)
	owner := info.Sys().(*syscall.Stat_t)
	if err := os.Chown(folder, int(owner.Uid), int(owner.Gid)); err != nil {
		t.Fatal(err)
	}
	return unmount
}
