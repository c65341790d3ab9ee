package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// A commit is a join of the slice's rows with the parts that hold rows of the
// same keys, or of the same days and part. What lies in the slice goes into one
// new part; what is left of the others is written anew. So each key lies in one
// part of its stream, and days that were read again do not pile up.

// work is a commit that is being prepared.
type work struct {
	s       *slice
	c       stagedoor.Checkpoint
	gone    bool
	columns []stagedoor.Column // of the files
	order   []int              // for each of the stream's own columns in the files: its place in the records; -1 if the stream lacks it
	cells   []cell
	raw     []byte
	readAt  int64

	fresh  *part // the slice's new part; nil while it has no row
	inputs []*input
	done   []output

	written stagedoor.Written
}

// output is a part that is ready, and what the manifest will say of it.
type output struct {
	part *part
	file *file
}

func (s *slice) commit(ctx context.Context, c stagedoor.Checkpoint, gone bool) (stagedoor.Written, error) {
	early, err := s.early(ctx, c, gone)
	if err != nil {
		return stagedoor.Written{}, err
	}
	var written stagedoor.Written
	err = s.d.locked(ctx, func() error {
		if err := s.d.vacant(s.stream); err != nil {
			return err
		}
		w, err := s.plan(c, gone)
		if err != nil {
			return err
		}
		defer w.drop()
		if early != nil && len(w.inputs) == 0 && sameColumns(early.columns, w.columns) {
			w.fresh, w.done, w.written = early.fresh, early.done, early.written
		} else if err := w.join(ctx); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if w.written == (stagedoor.Written{}) { // what is there stays as it is
			w.drop()
			w.inputs, w.done, w.fresh = nil, nil, nil
		}
		written = w.written
		return w.publish()
	})
	if early != nil {
		early.drop()
	}
	return written, err
}

// early writes the part before the folder is locked, where no other part is
// concerned as far as can be seen: then slices are written side by side.
func (s *slice) early(ctx context.Context, c stagedoor.Checkpoint, gone bool) (*work, error) {
	s.d.mu.Lock()
	st := s.d.state.streams[s.stream.Name]
	alone := st == nil
	if !alone {
		inner, outer := s.concerned(st, c, gone)
		alone = len(inner)+len(outer) == 0
	}
	w, err := s.begin(st, c)
	s.d.mu.Unlock()
	if err != nil || !alone || s.rows.empty() {
		return nil, err
	}
	select {
	case s.d.early <- struct{}{}:
		defer func() { <-s.d.early }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := w.join(ctx); err != nil {
		w.drop()
		return nil, err
	}
	return w, nil
}

func (s *slice) begin(st *streamState, c stagedoor.Checkpoint) (*work, error) {
	if st == nil {
		st = &streamState{}
	}
	all, _, err := st.widen(s.stream)
	if err != nil {
		return nil, err
	}
	w := &work{s: s, c: c, readAt: micros(c.ReadAt), cells: make([]cell, len(s.stream.Columns))}
	own := make([]stagedoor.Column, len(all))
	for i, column := range all {
		own[i] = stagedoor.Column{Name: column.Name, Type: column.Type}
		at := -1
		for j, declared := range s.stream.Columns {
			if declared.Name == column.Name {
				at = j
			}
		}
		w.order = append(w.order, at)
	}
	w.columns = fileColumns(own)
	return w, nil
}

func sameColumns(a, b []stagedoor.Column) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || a[i].Type != b[i].Type {
			return false
		}
	}
	return true
}

// concerned returns the parts that hold rows of the slice's days and part, or
// may, and those of others in whose span of keys some of the slice's keys lie.
func (s *slice) concerned(st *streamState, c stagedoor.Checkpoint, gone bool) (inner, outer []*file) {
	if s.rows.empty() && !c.Ended && !gone {
		return nil, nil
	}
	first, after, known := s.keySpan()
	id := s.slice.ID()
	for _, f := range st.files {
		ofPart := f.Partition == s.slice.Partition
		switch {
		case ofPart && (c.Ended || f.Slice == id || known && f.First < after && f.Last >= first):
			inner = append(inner, f)
		case !s.rows.empty() && f.First <= string(s.rows.last) && f.Last >= string(s.rows.first):
			outer = append(outer, f)
		}
	}
	return inner, outer
}

// plan finds the parts that the commit must write anew. The caller has the lock.
func (s *slice) plan(c stagedoor.Checkpoint, gone bool) (*work, error) {
	st := s.d.state.streams[s.stream.Name]
	w, err := s.begin(st, c)
	if err != nil || st == nil {
		return w, err
	}
	w.gone = gone
	inner, outer := s.concerned(st, c, gone)
	for _, f := range inner {
		w.inputs = append(w.inputs, &input{f: f, inner: true})
	}
	if len(outer) == 0 {
		return w, nil
	}
	hit, err := w.hit(st, outer)
	for _, f := range hit {
		w.inputs = append(w.inputs, &input{f: f})
	}
	return w, err
}

// hit returns those of the files that may hold one of the slice's keys, less
// those that are inputs already.
func (w *work) hit(st *streamState, files []*file) ([]*file, error) {
	if st.index == nil {
		st.index = newKeys()
	}
	for _, f := range files {
		if f.indexed { // a hundred thousand are gone through at each commit
			continue
		}
		if err := w.s.d.readKeys(f, func(key []byte) { st.index.add(key, f.serial) }); err != nil {
			return nil, err
		}
		st.index.known[f.serial] = f
		f.indexed = true
	}
	rows, err := w.s.rows.sorted()
	if err != nil {
		return nil, err
	}
	var hit []*file
	for {
		ok, err := rows.next()
		if err != nil || !ok {
			return hit, err
		}
		key, _ := rows.row()
		st.index.find(key, func(f *file) {
			if !slices.Contains(hit, f) && !slices.ContainsFunc(w.inputs, func(in *input) bool { return in.f == f }) {
				hit = append(hit, f)
			}
		})
	}
}

func (d *Destination) readKeys(f *file, each func(key []byte)) error {
	r, err := openPart(d.format, d.at(f.Path), f.Bytes, []stagedoor.Column{{Name: "_key", Type: stagedoor.Text}})
	if err != nil {
		return err
	}
	defer r.close()
	for {
		if err := r.Next(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		key, _ := r.Text(0)
		each(key)
	}
}

// publish gives the parts their names and changes the manifest. The caller has
// the lock.
func (w *work) publish() error {
	d, s := w.s.d, w.s
	c := change{Stream: s.stream.Name}
	st := d.state.streams[s.stream.Name]
	if st == nil {
		st = &streamState{folder: safe(s.stream.Name)}
		c.Folder = st.folder
	}
	all, added, err := st.widen(s.stream)
	if err != nil {
		return err
	}
	if added || c.Folder != "" {
		c.Columns = all
		if all == nil {
			c.Columns = []column{}
		}
	}
	for _, in := range w.inputs {
		c.Drop = append(c.Drop, in.f.Path)
	}
	announced := append([]string(nil), c.Drop...)
	named := map[string]bool{}
	for _, out := range w.done {
		if err := d.name(st.folder, out.file, named); err != nil {
			return err
		}
		announced = append(announced, out.file.Path)
		c.Add = append(c.Add, out.file)
	}
	if len(announced) > 0 {
		if err := d.announce(announced); err != nil {
			return err
		}
	}
	if err := w.place(st.folder); err != nil {
		d.mu.Lock()
		d.sweep()
		d.mu.Unlock()
		return err
	}
	switch {
	case w.c.Ended:
		c.Ended = &ended{Params: s.slice.Params, Partition: s.slice.Partition}
	case !w.c.Cut:
		point := w.c
		point.Slice, point.Run, point.Written = s.slice, s.run, w.written.Rows
		point.Stream = s.stream.Name
		c.Checkpoint = pointOf(point)
	}
	if err := d.record(c); err != nil {
		d.mu.Lock()
		d.sweep()
		d.mu.Unlock()
		return err
	}
	if st.index != nil {
		for _, in := range w.inputs {
			st.index.forget(in.f)
		}
	}
	return nil
}

// place renames the parts into the stream's folder.
func (w *work) place(folder string) error {
	if len(w.done) == 0 {
		return nil
	}
	d := w.s.d
	where := d.in(folder)
	err := os.Mkdir(where, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err == nil {
		if err := syncFolder(d.path); err != nil {
			return err
		}
	}
	for _, out := range w.done {
		if err := os.Rename(out.part.file.Name(), d.at(out.file.Path)); err != nil {
			return err
		}
	}
	return syncFolder(where)
}

// name gives the part a path that nothing has: that of its slice, and a number
// above the one that it replaces, so that a name never means two contents.
func (d *Destination) name(folder string, f *file, taken map[string]bool) error {
	for version := max(f.version, 1); ; version++ {
		path := pathOf(folder, f.Slice, version, d.format.Suffix())
		if lower := strings.ToLower(path); taken[lower] || d.state.paths[lower] != nil {
			continue
		}
		_, err := os.Lstat(d.at(path))
		if err == nil {
			continue // somebody's, or one that is kept until the journal is folded in
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("look for %s: %w", path, err)
		}
		taken[strings.ToLower(path)] = true
		f.Path, f.version = path, version
		return nil
	}
}
