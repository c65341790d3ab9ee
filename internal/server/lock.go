package server

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Lock says that a daemon runs on a home. It is the system's own lock of a file,
// which ends with the process, however that ends; the file stays.
type Lock struct{ file *os.File }

// errLocked is what lock returns where another process has it.
var errLocked = errors.New("locked by another process")

// LockHome takes the lock of a home, or says who has it.
func LockHome(home string) (*Lock, error) {
	path := filepath.Join(home, "serve.lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = lock(file)
	}
	// Who only looks whether there is a daemon ([Running]) is gone in a moment.
	for range 10 {
		if !errors.Is(err, errLocked) {
			break
		}
		time.Sleep(10 * time.Millisecond)
		err = lock(file)
	}
	if err != nil {
		e := &stagedoor.Error{
			Op: opServe, Subject: home, Kind: stagedoor.KindStore, Err: err,
			Cause: "its lock file " + path + " can not be taken: " + err.Error(), Fix: "Look at the owner and mode of the folder.",
		}
		if errors.Is(err, errLocked) {
			e.Kind = stagedoor.KindExists
			e.Cause = "a daemon runs on this home already" + holder(file)
			e.Fix = "Use that one, or stop it first; for a second daemon take another home with --home DIR."
		}
		if file != nil {
			_ = file.Close() // nothing was written
		}
		return nil, e
	}
	host, _ := os.Hostname()
	if err := errors.Join(file.Truncate(0), writeAt(file, fmt.Sprintf("process %d on %s\n", os.Getpid(), host))); err != nil {
		return nil, errors.Join(&stagedoor.Error{
			Op: opServe, Subject: path, Kind: stagedoor.KindStore, Err: err,
			Cause: "it can not be written: " + err.Error(), Fix: "Free some space on the disk, and start again.",
		}, file.Close())
	}
	return &Lock{file}, nil
}

// Running reports whether a daemon runs on a home. Where the lock can not be looked
// at, none does as far as can be told.
func Running(home string) bool {
	file, err := os.OpenFile(filepath.Join(home, "serve.lock"), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer file.Close() // which gives the lock back
	return errors.Is(lock(file), errLocked)
}

// Tell writes into the lock's file where the daemon answers callers, and where
// operators (the same, unless they have a listener of their own), so that commands
// can name it ([Whereabouts]).
func (l *Lock) Tell(callers, operators string) error {
	at, err := l.file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = l.file.WriteAt([]byte(callers+"\n"+operators+"\n"), at)
	}
	return err
}

// Whereabouts returns what a running daemon has told of where it is; empty where
// none runs, or it has not told yet.
func Whereabouts(home string) (callers, operators string) {
	if !Running(home) {
		return "", ""
	}
	text, err := os.ReadFile(filepath.Join(home, "serve.lock"))
	lines := strings.Split(string(text), "\n")
	if err != nil || len(lines) < 4 {
		return "", ""
	}
	return lines[1], lines[2]
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

// holder is what the file says of the process that has the lock.
func holder(file *os.File) string {
	text := make([]byte, 300)
	n, err := file.ReadAt(text, 0)
	if said := strings.TrimSpace(string(text[:n])); (err == nil || errors.Is(err, io.EOF)) && said != "" {
		said, _, _ = strings.Cut(said, "\n") // where it listens is on the lines after
		return ": " + stagedoor.Outside(said, 200)
	}
	return ""
}

// Release gives the lock back.
func (l *Lock) Release() error { return l.file.Close() }
