package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	codes "modernc.org/sqlite/lib"

	"github.com/stagedoor/stagedoor"
)

// errNotFile tells that a folder or a device stands where the file should be.
var errNotFile = errors.New("not a file")

// coded is an error with SQLite's result code: the driver's own type, and [refusal].
type coded interface {
	error
	Code() int
}

// explain tells a person what SQLite said. An error that is explained already
// gets the destination as its subject; nil stays nil.
func (d *Destination) explain(op string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*stagedoor.Error](err); ok {
		if e.Subject == "" {
			e.Subject = d.Name()
		}
		return e
	}
	e := &stagedoor.Error{Op: op, Subject: d.Name(), Kind: stagedoor.KindDestination, Err: err}
	said, ok := errors.AsType[coded](err)
	code := 0
	if ok {
		code = said.Code() & 0xff // the primary code; sqlite.org/rescode.html, read 2026-11
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || code == codes.SQLITE_INTERRUPT {
		e.Kind, e.Cause, e.Fix = stagedoor.KindInterrupted, "it was stopped before the slice was written", "Run the command again: it goes on after the last slice that was written."
		return e
	}
	folder := filepath.Dir(d.path)
	// On a full disk SQLite can not even make the files beside the database,
	// and calls that a fault of the disk.
	if (code == codes.SQLITE_IOERR || code == codes.SQLITE_CANTOPEN) && full(folder) {
		code = codes.SQLITE_FULL
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) { // of the staged rows' own file
		code = codes.SQLITE_FULL
	}
	switch code {
	case codes.SQLITE_FULL:
		e.Cause, e.Fix = "the disk is full", "Free some space below "+folder+" (and in the folder for temporary files), then run the command again; nothing was half written."
	case codes.SQLITE_READONLY, codes.SQLITE_PERM, codes.SQLITE_CANTOPEN, codes.SQLITE_AUTH:
		e.Cause, e.Fix = "the file or its folder may not be written by this user", "Let this user write the file and the folder "+folder+" (SQLite keeps two more files beside it), or choose another path."
	case codes.SQLITE_NOTADB:
		e.Cause, e.Fix = "the file is not a SQLite database; it was left as it is", "Choose another path, or move the file away."
	case codes.SQLITE_CORRUPT:
		e.Cause, e.Fix = "the database file is damaged", "Move the file away and run the sync again with --full-refresh."
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		e.Cause, e.Fix = "another program kept the file locked for 10 seconds", "See which with `fuser "+d.path+"`, end it or wait for it, and run the command again."
	case codes.SQLITE_IOERR:
		e.Cause, e.Fix = "the disk failed while the file was read or written", "Look at the disk and at the system's log, then run the command again; nothing was half written."
	case codes.SQLITE_CONSTRAINT:
		e.Cause, e.Fix = "a rule that somebody added to the table refused a row: "+said.Error(), "Drop the constraint, index or trigger, then run the command again."
	default:
		e.Cause, e.Fix = "SQLite answered with an error: "+err.Error(), "Run the command again, or choose another path."
	}
	return e
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

func isBusy(err error) bool {
	said, ok := errors.AsType[coded](err)
	return ok && (said.Code()&0xff == codes.SQLITE_BUSY || said.Code()&0xff == codes.SQLITE_LOCKED)
}

// explainFile tells a person why the file could not be made or looked at.
func explainFile(path string, err error) error {
	e := &stagedoor.Error{Op: "open the destination", Subject: "sqlite:" + path, Kind: stagedoor.KindDestination, Err: err}
	folder := filepath.Dir(path)
	switch {
	case errors.Is(err, errNotFile):
		e.Cause, e.Fix = "there is a folder or a device of that name, not a file", "Name a file, for example sqlite:"+filepath.Join(path, "zoom.db")+"."
	case errors.Is(err, fs.ErrNotExist):
		e.Cause, e.Fix = "the folder "+folder+" does not exist", "Make it with `mkdir -p "+folder+"`, or choose another path."
	case errors.Is(err, syscall.ENOTDIR):
		e.Cause, e.Fix = folder+" is not a folder", "Choose another path."
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		e.Cause, e.Fix = "this user may not write in "+folder, "Let this user write there, or choose another path."
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Cause, e.Fix = "the disk is full", "Free some space below "+folder+" and run the command again."
	default:
		e.Cause, e.Fix = "the file could not be made or read: "+err.Error(), "Choose another path."
	}
	return e
}
