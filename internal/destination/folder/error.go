package folder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/stagedoor/stagedoor"
)

// explain tells a person what went wrong with a file. An error that is explained
// already gets the destination as its subject where it has none; nil stays nil.
func explain(op, subject, path string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*stagedoor.Error](err); ok {
		if e.Subject == "" {
			e.Subject = subject
		}
		return e
	}
	e := &stagedoor.Error{Op: op, Subject: subject, Kind: stagedoor.KindDestination, Err: err}
	folder := filepath.Dir(path)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Cause, e.Fix = stagedoor.KindInterrupted, "it was stopped before the slice was written", "Run the command again: it goes on after the last slice that was written."
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Cause, e.Fix = "the disk is full", "Free some space below "+path+", then run the command again; nothing was half written."
	case errors.Is(err, syscall.EFBIG):
		e.Cause, e.Fix = "a file reached the size that this user, or this file system, permits", "Raise the limit (ulimit -f), or choose another disk, then run the command again; nothing was half written."
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		e.Cause, e.Fix = "this user may not write in "+nearest(path), "Let this user write there, or choose another path."
	case errors.Is(err, syscall.ENOTDIR):
		e.Cause, e.Fix = "a file stands where a folder should be: "+err.Error(), "Choose another path, or move the file away."
	case errors.Is(err, fs.ErrNotExist) && absent(folder):
		e.Cause, e.Fix = "the folder "+folder+" does not exist", "Make it with `mkdir -p "+folder+"`, or choose another path."
	case errors.Is(err, fs.ErrNotExist):
		e.Cause, e.Fix = "a file that manifest.json lists was taken away: "+err.Error(), "Bring it back, or move the rest away and run the sync with --full-refresh."
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		e.Cause, e.Fix = "too many files are open", "Raise the limit (ulimit -n), then run the command again."
	default:
		e.Cause, e.Fix = "the files could not be read or written: "+err.Error(), "Look at the disk, then run the command again; nothing was half written."
	}
	return e
}

// absent reports whether nothing is at path.
func absent(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// nearest is path where that is a folder, and else the folder that it would lie in:
// a right to write is one of folders.
func nearest(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return path
	}
	return filepath.Dir(path)
}
