package salesforce

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// Write puts the project into the folder dir, which is made where it is missing.
// A file that is there and is another stops it before anything is written, unless
// force is set; so does whatever else can be seen before. A file is written
// beside its place and moved there, so that none is ever half written. The paths
// of the files that were written are returned, in order: those that are there
// already and the same are left as they are.
func (p *Project) Write(dir string, force bool) ([]string, error) {
	var changed, others []string
	for _, path := range slices.Sorted(maps.Keys(p.Files)) {
		there, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			changed = append(changed, path)
		case err != nil:
			return nil, unwritable(dir, err)
		case !bytes.Equal(there, p.Files[path]):
			changed, others = append(changed, path), append(others, path)
		}
	}
	if len(others) > 0 && !force {
		return nil, &stagedoor.Error{
			Op: "write a Salesforce project", Subject: dir, Kind: stagedoor.KindExists,
			Cause: fmt.Sprintf("there are other files in the way, and nothing was written: %s", some(others)),
			Fix:   "Name an empty folder, or write over them with --force.",
		}
	}
	for _, path := range changed {
		if err := replace(filepath.Join(dir, filepath.FromSlash(path)), p.Files[path]); err != nil {
			return nil, unwritable(dir, err)
		}
	}
	return changed, nil
}

// replace writes a file beside its place and moves it there.
func replace(path string, content []byte) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, ".stagedoor-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	// Another's project is read by other people's tools: the mode that any file has.
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func unwritable(dir string, err error) error {
	cause := err
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		cause = path.Err
	}
	return &stagedoor.Error{
		Op: "write a Salesforce project", Subject: dir, Kind: stagedoor.KindUsage, Err: err,
		Cause: "it can not be written there: " + cause.Error(), Fix: "Name a folder that you may write to.",
	}
}

// some names the first of many files.
func some(paths []string) string {
	const most = 3
	if len(paths) <= most {
		return strings.Join(paths, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(paths[:most], ", "), len(paths)-most)
}
