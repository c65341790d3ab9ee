package destination

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// FuzzHostileFolder opens a folder whose bookkeeping somebody else wrote, and syncs
// into it: whatever it says, no file outside of the folder is made, changed or
// removed, and what fails is told as an error of the destination.
func FuzzHostileFolder(f *testing.F) {
	manifest := func(streams, files, slices string) string {
		return `{"stagedoor_manifest":1,"generation":           7,"format":"jsonl","streams":{` + streams + `},"files":[` + files + `],"slices":[` + slices + `]}`
	}
	out := `{"stream":"users","path":"../outside.txt","slice":"all"}`
	in := `{"stream":"users","path":"users/all.jsonl","slice":"all","first_key":"a","last_key":"z"}`
	f.Add(manifest("", "", ""), "", "")
	f.Add(manifest(`"users":{"folder":"users","columns":[]}`, in, `{"stream":"users","run":"r","read_at":"2026-11-25T00:00:00.000Z"}`), "", "users/all.jsonl\n")
	f.Add(manifest(`"users":{"folder":"..","columns":[]}`, "", ""), "", "")
	f.Add(manifest("", out, ""), "", "")
	f.Add(manifest("", "", ""), "{\"After\":7}\n{\"stream\":\"users\",\"add\":[null]}\n", "")
	f.Add(manifest("", "", ""), "{\"After\":7}\n{\"stream\":\"users\",\"folder\":\"../other\",\"add\":["+out+"]}\n{\"stream\":\"users\",\"drop\":[\"../outside.txt\"]}\n", "")
	f.Add(manifest("", "", ""), "{\"After\":7}\n{\"stream\":\"users\",\"add\":["+in+"],\"checkpoint\":{},\"ended\":{}}\n", "../outside.txt\n/etc/passwd\n")
	f.Add("", "{\"After\":0}\n", "\x00\n..\n.\n")
	f.Fuzz(func(t *testing.T, manifest, journal, pending string) {
		around := t.TempDir()
		place := filepath.Join(around, "place")
		write := func(text string, path ...string) {
			name := filepath.Join(append([]string{around}, path...)...)
			if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		write("mine", "outside.txt")
		write("mine", "other", "all.jsonl")
		write("{\"_key\":\"k\"}\n", "place", "users", "all.jsonl")
		for name, text := range map[string]string{"manifest.json": manifest, ".stagedoor/journal": journal, ".stagedoor/pending": pending} {
			if text != "" {
				write(text, "place", filepath.FromSlash(name))
			}
		}
		err := intoFolder(t.Context(), place)
		if _, ok := errors.AsType[*stagedoor.Error](err); err != nil && !ok {
			t.Errorf("an error that nobody explains: %v", err)
		}
		found := map[string]string{}
		_ = filepath.WalkDir(around, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && path == place {
				return filepath.SkipDir
			}
			if err == nil && !entry.IsDir() {
				text, _ := os.ReadFile(path)
				name, _ := filepath.Rel(around, path)
				found[filepath.ToSlash(name)] = string(text)
			}
			return err
		})
		if len(found) != 2 || found["outside.txt"] != "mine" || found["other/all.jsonl"] != "mine" {
			t.Errorf("outside of the folder there is now %q", found)
		}
	})
}

// intoFolder opens a folder, looks what it holds, writes a row, and closes it.
func intoFolder(ctx context.Context, place string) error {
	d, err := Open(ctx, "jsonl:"+place, Options{})
	if err != nil {
		return err
	}
	users := stagedoor.Stream{Name: "users", Columns: []stagedoor.Column{{Name: "id", Type: stagedoor.Text}}}
	write := func() error {
		if _, err := d.Checkpoints(ctx, users, "", ""); err != nil {
			return err
		}
		if _, err := d.Parts(ctx, users, ""); err != nil {
			return err
		}
		slice := stagedoor.Slice{Stream: "users"}
		w, err := d.Begin(ctx, users, slice, "run")
		if err != nil {
			return err
		}
		if err := w.Write(ctx, stagedoor.Record{Key: "a", Values: []any{"a"}, Raw: []byte(`{"id":"a"}`)}); err != nil {
			return errors.Join(err, w.Abort())
		}
		_, err = w.Commit(ctx, stagedoor.Checkpoint{Slice: slice, Run: "run", ReadAt: time.Now().UTC(), Returned: 1}, true)
		return err
	}
	err = write()
	if closing := d.Close(); err == nil {
		err = closing
	}
	return err
}
