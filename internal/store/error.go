package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/stagedoor/stagedoor"
)

// explain tells a person what the database said, and leaves an error that is
// explained already as it is. nil stays nil.
func (s *Store) explain(op string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*stagedoor.Error](err); ok {
		return e
	}
	e := &stagedoor.Error{Op: op, Subject: s.path, Kind: stagedoor.KindStore, Err: err}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		e.Kind, e.Cause, e.Fix = stagedoor.KindInterrupted, "it was stopped before it was done", "Run the command again."
		return e
	}
	e.Cause, e.Fix = "the database answered with an error: "+err.Error(), "Run `stagedoor doctor`."
	said, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return e
	}
	folder := filepath.Dir(s.path)
	code := said.Code() & 0xff
	// On a full disk SQLite can not even make the files beside the database,
	// and calls that a fault of the disk (SQLITE_IOERR_SHMSIZE and its like).
	if (code == sqlite3.SQLITE_IOERR || code == sqlite3.SQLITE_CANTOPEN) && full(folder) {
		code = sqlite3.SQLITE_FULL
	}
	switch code {
	case sqlite3.SQLITE_FULL:
		e.Cause, e.Fix = diskFull, freeSpace(folder)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH:
		e.Cause = "the database or its folder may not be written by this user"
		e.Fix = "Give this user the folder " + folder + " with mode 0700 and the file with mode 0600 (SQLite keeps two more files beside it), or choose another with --home."
	case sqlite3.SQLITE_NOTADB:
		e.Cause, e.Fix = "the file is not a SQLite database", "Point --database at Stagedoor's own file, or restore the file from a backup."
	case sqlite3.SQLITE_CORRUPT:
		e.Cause, e.Fix = "the database file is damaged", "Keep a copy of the file and restore it from a backup."
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		e.Cause = "another process kept the database locked for 10 seconds"
		e.Fix = "See which with `fuser " + s.path + "` (a `stagedoor serve` of an older version has to be stopped for an upgrade), end it or wait for it, and run the command again."
	case sqlite3.SQLITE_IOERR:
		e.Cause, e.Fix = "the disk failed while the file was read or written", "Look at the disk and at the system's log, then run the command again."
	}
	return e
}

// explainFile tells a person why the file could not be made or looked at.
func explainFile(path string, err error) error {
	e := &stagedoor.Error{Op: "open the database", Subject: path, Kind: stagedoor.KindStore, Err: err}
	folder := filepath.Dir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Cause, e.Fix = "its folder does not exist", "Make it with `mkdir -m 700 -p "+folder+"`, or choose another with --home."
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		e.Cause, e.Fix = "this user may not write in its folder", "Give this user the folder "+folder+" with mode 0700, or choose another with --home."
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Cause, e.Fix = diskFull, freeSpace(folder)
	default:
		e.Cause, e.Fix = "the file could not be made or read: "+err.Error(), "Choose another place with --home."
	}
	return e
}

const diskFull = "the disk is full"

func freeSpace(folder string) string {
	return "Free some space on the disk of " + folder + " (`df -h " + folder + "` shows how much there is) and run the command again; nothing was half written."
}

// full tries whether the folder's disk, or its user's quota, still takes as
// much as SQLite wants to begin with.
func full(folder string) bool {
	file, err := os.CreateTemp(folder, ".stagedoor-space-*")
	if err == nil {
		_, err = file.Write(make([]byte, 64<<10))
		_ = file.Close()
		_ = os.Remove(file.Name())
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// busy reports whether err says that another process is in the way.
func busy(err error) bool {
	said, ok := errors.AsType[*sqlite.Error](err)
	return ok && said.Code()&0xff == sqlite3.SQLITE_BUSY
}

// violates reports whether err says that a row with one of these extended
// result codes was refused.
// Source: sqlite.org/rescode.html, read 2026-11.
func violates(err error, codes ...int) bool {
	said, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	for _, code := range codes {
		if said.Code() == code {
			return true
		}
	}
	return false
}
