package folder

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// A small manifest is written anew at each commit. Of one that is larger than
// foldAlways, a commit writes one line into the journal instead, and the two are
// made one when the journal has grown to a part of the manifest: so a hundred
// thousand slices take some ten manifests' worth of writing, and not a hundred
// thousand. Until then manifest.json tells of an earlier moment, exactly: what
// it lists is removed only when it no longer lists it.
const (
	foldAlways  = 64 << 10
	foldPart    = 8 // the journal is folded in when it is this part of the manifest
	journalName = "journal"
	pendingName = "pending"
)

func errManifest(err error) error {
	return &stagedoor.Error{
		Op: "open the destination", Kind: stagedoor.KindDestination, Err: err,
		Cause: manifestName + " is not of Stagedoor's making, or was changed: " + err.Error() + "; it was left as it is",
		Fix:   "Choose another folder, or move this one away and run the sync with --full-refresh.",
	}
}

// current reports whether the state is what lies on the disk. The caller has mu.
func (d *Destination) current() (bool, error) {
	generation, err := d.generation()
	if err != nil || generation != d.state.generation {
		return false, err
	}
	info, err := os.Stat(d.in(hidden, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return d.journal == 0, nil
	}
	return err == nil && info.Size() == d.journal, err
}

// generation reads the manifest's; 0 where there is none.
func (d *Destination) generation() (int, error) {
	file, err := os.Open(d.in(manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	head := make([]byte, headSize)
	if _, err := io.ReadFull(file, head); err != nil {
		return 0, errManifest(err)
	}
	_, number, ok := strings.Cut(string(head), `"generation":`)
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || !ok {
		return 0, errManifest(errors.New("it does not begin as one"))
	}
	return n, nil
}

// refresh reads the manifest and the journal where they are not as the state is.
// The caller has the lock.
func (d *Destination) refresh() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now, err := d.current(); now || err != nil {
		return err
	}
	state, base := newState(), int64(0)
	file, err := os.Open(d.in(manifestName))
	if err == nil {
		defer file.Close()
		var m manifest
		if err := json.NewDecoder(bufio.NewReaderSize(file, 64<<10)).Decode(&m); err != nil {
			return errManifest(err)
		}
		switch {
		case m.Version != manifestVersion:
			return errManifest(fmt.Errorf("it is of version %d, and this program knows %d", m.Version, manifestVersion))
		case m.Format != d.format.Name:
			return &stagedoor.Error{
				Op: "open the destination", Kind: stagedoor.KindDestination,
				Cause: "the folder holds " + m.Format + " files", Fix: "Write " + m.Format + ":" + d.path + ", or choose another folder.",
			}
		}
		if err := m.inside(); err != nil {
			return errManifest(err)
		}
		info, err := file.Stat()
		if err != nil {
			return err
		}
		state, base = stateOf(m), info.Size()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	journal, err := d.replay(state)
	if err != nil {
		return err
	}
	d.state, d.base, d.journal = state, base, journal
	return nil
}

// replay applies the journal's whole lines and returns their length. A line that
// a kill cut off was never committed, and is cut off the file.
func (d *Destination) replay(state *state) (int64, error) {
	file, err := os.OpenFile(d.in(hidden, journalName), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	r := bufio.NewReaderSize(file, 64<<10)
	size, first := int64(0), true
	for {
		line, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		var c change
		var head struct{ After int }
		switch {
		case err != nil: // no line's end
			return size, file.Truncate(size)
		case first:
			if json.Unmarshal(line, &head) != nil || head.After != state.generation {
				return 0, errors.Join(file.Truncate(0), file.Sync()) // it was folded in already
			}
		default:
			if json.Unmarshal(line, &c) != nil {
				return size, file.Truncate(size)
			}
			if err := inside(c.Stream, c.Folder, c.Add); err != nil {
				return 0, errManifest(err)
			}
			for _, f := range c.Add {
				f.version = versionOf(f.Path)
			}
			state.apply(c)
		}
		first = false
		size += int64(len(line))
	}
}

// record makes a change last: it is the moment of the commit. The caller has
// the lock.
func (d *Destination) record(c change) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.base < foldAlways {
		former := d.state.undo(c)
		d.state.apply(c)
		if err := d.write(); err != nil {
			former()
			return err
		}
		d.sweep()
		return nil
	}
	text, err := marshal(c)
	if err != nil {
		return err
	}
	line := append(text, '\n')
	if d.journal == 0 {
		line = append(fmt.Appendf(nil, "{\"after\":%d}\n", d.state.generation), line...)
	}
	file, err := os.OpenFile(d.in(hidden, journalName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(line, d.journal)
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		_ = file.Truncate(d.journal) // a full disk; the next line is written over what is there
		_ = file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	d.journal += int64(len(line))
	d.state.apply(c)
	if d.journal*foldPart > d.base {
		if err := d.write(); err == nil { // otherwise the journal has it
			d.sweep()
		}
	}
	return nil
}

// fold makes the manifest what the journal made of it, and removes the files
// that it then does not list. The caller has the lock.
func (d *Destination) fold() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.journal > 0 {
		if err := d.write(); err != nil {
			return err
		}
	}
	d.sweep()
	return nil
}

// write writes the manifest. The caller has mu and the lock.
func (d *Destination) write() error {
	name := d.in(hidden, manifestName)
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	d.state.generation++
	err = d.state.write(file, d.format)
	if err == nil {
		err = file.Sync()
	}
	size, sizeErr := file.Seek(0, io.SeekEnd)
	err = errors.Join(err, sizeErr, file.Close())
	if err == nil {
		err = os.Rename(name, d.in(manifestName))
	}
	if err != nil {
		d.state.generation--
		_ = os.Remove(name)
		return err
	}
	_ = syncFolder(d.path) // it is there; a power cut may bring the former one back, which is whole too
	if d.journal > 0 {
		_ = os.Remove(d.in(hidden, journalName)) // one of another generation counts for nothing
	}
	d.base, d.journal = size, 0
	return nil
}

// announce notes the paths of files that will be made, or will be left out of
// the manifest, before either is done: what of them the manifest does not list
// is swept away, whoever was killed.
func (d *Destination) announce(paths []string) error {
	file, err := os.OpenFile(d.in(hidden, pendingName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString("\n" + strings.Join(paths, "\n") + "\n") // the first line end closes a line that was cut off
	return errors.Join(err, file.Close())
}

// sweep removes the announced files that the manifest does not list. What it can
// not remove it leaves to the next one: a reader may have it open, on Windows.
// While there is a journal, manifest.json lists files that the state does not.
func (d *Destination) sweep() {
	if d.journal > 0 {
		return
	}
	name := d.in(hidden, pendingName)
	text, err := os.ReadFile(name)
	if err != nil || len(text) == 0 {
		return
	}
	var left []string
	for path := range strings.SplitSeq(string(text), "\n") {
		if path == "" || d.state.paths[strings.ToLower(path)] != nil || !filepath.IsLocal(filepath.FromSlash(path)) {
			continue // also what lies outside the folder: none of that is ours
		}
		if err := os.Remove(d.at(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			left = append(left, path)
		}
	}
	if len(left) == 0 {
		_ = os.Remove(name)
		return
	}
	_ = os.WriteFile(name, []byte(strings.Join(left, "\n")+"\n"), 0o600)
}

// versionOf reads the number in a part's name; 1 where there is none.
func versionOf(path string) int {
	name := path[strings.LastIndexByte(path, '/')+1:]
	for range 3 { // "all.2.jsonl.gz"
		i := strings.LastIndexByte(name, '.')
		if i < 0 {
			break
		}
		if n, err := strconv.Atoi(name[i+1:]); err == nil && n > 1 {
			return n
		}
		name = name[:i]
	}
	return 1
}

// undo returns what makes the state again what it is before a change.
func (s *state) undo(c change) func() {
	st, had := s.streams[c.Stream]
	var before streamState
	if had {
		before = *st
		before.files = append([]*file(nil), st.files...)
	}
	points := map[group][]checkpoint{}
	note := func(g group) { points[g] = append([]checkpoint(nil), s.points[g]...) }
	if c.Checkpoint != nil {
		note(group{c.Stream, c.Checkpoint.Params, c.Checkpoint.Partition})
	}
	if c.Ended != nil {
		note(group{c.Stream, c.Ended.Params, c.Ended.Partition})
	}
	return func() {
		for _, f := range c.Add {
			delete(s.paths, strings.ToLower(f.Path))
		}
		if had {
			*st = before
			for _, f := range st.files {
				s.paths[strings.ToLower(f.Path)] = f
			}
		} else {
			delete(s.streams, c.Stream)
		}
		for g, list := range points {
			if s.points[g] = list; len(list) == 0 {
				delete(s.points, g)
			}
		}
	}
}
