//go:build unix

package destinationtest

import (
	"os"
	"os/signal"
	"syscall"
	"testing"
)

const filesCanBeLimited = true

// limitFiles lets no file of this process grow beyond size bytes: a write then
// fails as on a full disk, with another number.
func limitFiles(t *testing.T, size uint64) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: size, Max: size}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
}

// becomeNobody gives up the rights of root, whom no mode of a file binds.
func becomeNobody(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	const nobody = 65534
	if err := syscall.Setgroups(nil); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setgid(nobody); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setuid(nobody); err != nil {
		t.Fatal(err)
	}
}
