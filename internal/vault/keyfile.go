package vault

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/stagedoor/stagedoor"
)

// keyFile is a keyset in a file that only its owner may read.
type keyFile struct {
	path string
	// handed: systemd made the file for this service alone (LoadCredential=). The
	// folder is the service's; what looks like the group's right to read the file
	// is then the mask of an access list that names the service's user.
	// Source: systemd.exec(5), "Credentials", read 2026-11-25, and acl(5).
	handed bool
}

// handed reports whether a file lies in the folder in which systemd hands secrets
// to a service; folder is what CREDENTIALS_DIRECTORY says.
func handed(path, folder string) bool {
	return filepath.IsAbs(folder) && filepath.Dir(path) == filepath.Clean(folder)
}

func (k keyFile) name() string { return "file:" + k.path }

// mode is the file's mode as `ls -l` shows it.
func (k keyFile) mode() string {
	info, err := os.Stat(k.path)
	if err != nil {
		return ""
	}
	return info.Mode().String()
}

func (k keyFile) keyset(_ context.Context, known *fingerprint) (keyset, error) {
	text, err := k.read()
	if errors.Is(err, fs.ErrNotExist) {
		if known != nil {
			return keyset{}, known.lost(k.name(), "the key file is missing, and the database has rows that only it opens", " to "+k.path+" (mode 0600)")
		}
		if err := k.create(); err != nil {
			return keyset{}, err
		}
		text, err = k.read()
	}
	if err != nil {
		return keyset{}, k.explain("read the key", err)
	}
	k.sweep()
	return parseKeyset(text, k.name())
}

// read returns the file's bytes, and refuses a file that others can read: a
// key that was seen is no key.
func (k keyFile) read() ([]byte, error) {
	file, err := os.Open(k.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	// Windows keeps who may read elsewhere; its mode bits say nothing.
	others := os.FileMode(0o077)
	if k.handed {
		others = 0o037
	}
	if mode := info.Mode().Perm(); mode&others != 0 && runtime.GOOS != "windows" {
		return nil, &stagedoor.Error{
			Op: "read the key", Subject: k.path, Kind: stagedoor.KindKey,
			Cause: fmt.Sprintf("other users of this machine may read the key file (mode %04o)", mode),
			Fix:   "Close it with `chmod 600 " + k.path + "`, and if somebody may have copied it, replace the client secrets.",
		}
	}
	return io.ReadAll(io.LimitReader(file, 1<<20))
}

// create puts a new keyset in place, whole or not at all: it is written and
// synced under a name of its own and then linked, which fails if another
// process was first. Then that one's key is the key.
func (k keyFile) create() error {
	const op = "make the key"
	keys, err := newKeyset()
	if err != nil {
		return err
	}
	draft := filepath.Join(filepath.Dir(k.path), k.draftPrefix()+rand.Text())
	file, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return k.explain(op, err)
	}
	defer os.Remove(draft)
	_, err = file.Write(keys.text)
	if err := errors.Join(err, file.Chmod(0o600), file.Sync(), file.Close()); err != nil {
		return k.explain(op, err)
	}
	if err := os.Link(draft, k.path); err != nil {
		if _, there := os.Stat(k.path); there == nil {
			return nil
		}
		return k.explain(op, err)
	}
	// The name must survive a power cut too, or the first credential would
	// outlive its key. Not every system can sync a folder.
	if folder, err := os.Open(filepath.Dir(k.path)); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
	return nil
}

func (k keyFile) draftPrefix() string {
	return "." + filepath.Base(k.path) + ".stagedoor-draft-"
}

// sweep removes the drafts of processes that were killed in create: one may be
// a second name of the key itself. A draft of a process that is alive is of no
// use any more either, since the key is there.
func (k keyFile) sweep() {
	folder := filepath.Dir(k.path)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // the key was read, which is what counts
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), k.draftPrefix()) {
			_ = os.Remove(filepath.Join(folder, entry.Name()))
		}
	}
}

// explain tells a person why the file could not be read or made.
func (k keyFile) explain(op string, err error) error {
	if e, ok := errors.AsType[*stagedoor.Error](err); ok {
		return e
	}
	e := &stagedoor.Error{Op: op, Subject: k.path, Kind: stagedoor.KindKey, Err: err}
	folder := filepath.Dir(k.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Cause, e.Fix = "the key's folder does not exist", "Make it with `mkdir -m 700 -p "+folder+"`, or choose another with --key file:PATH."
	case errors.Is(err, fs.ErrPermission):
		e.Cause, e.Fix = "this user may not read or write there", "Run as the user whose key it is, or choose another place with --key file:PATH."
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Cause, e.Fix = "the disk is full", "Free some space on the disk of "+folder+" (`df -h "+folder+"` shows how much there is) and run the command again."
	default:
		e.Cause, e.Fix = "the key file could not be read or made: "+err.Error(), "Choose a place on a local disk that knows hard links with --key file:PATH."
	}
	return e
}
