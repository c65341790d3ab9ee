package store

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// asNobody runs f without root's right to write anywhere, where the tests run
// as root (containers do). The thread is not given back: it keeps the loss.
func asNobody(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if os.Getuid() == 0 {
			runtime.LockOSThread()
			const nobody = 65534
			if err := syscall.Setfsuid(nobody); err != nil {
				panic(err)
			}
		}
		f()
	}()
	<-done
}

func TestReadOnlyFolderIsExplained(t *testing.T) {
	folder := t.TempDir()
	if err := os.Chmod(filepath.Dir(folder), 0o755); err != nil {
		t.Fatal(err)
	}
	old := openAt(t, filepath.Join(folder, "old.db"))
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(old.Path(), 0o444); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(folder, 0o700) })
	asNobody(func() {
		refused(t, "sqlite:"+filepath.Join(folder, "new.db"), stagedoor.KindStore, folder, "may not write")
		s, err := Open(t.Context(), Options{Database: "sqlite:" + old.Path()})
		if err == nil {
			err = s.SetMeta(t.Context(), "key", []byte("value"))
			_ = s.Close()
		}
		wantExplained(t, err, stagedoor.KindStore, old.Path(), "may not be written")
	})
}
