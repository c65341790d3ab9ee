package folder

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/stagedoor/stagedoor"
)

// File is a destination that is one file of one stream. It holds what one run
// read, and is renamed into place when the run ends; until then, and if the run
// fails, what was there before stays. It has no checkpoints: each run reads all.
type File struct {
	path   string
	format Format
	lock   *os.File
	space  *space

	mu     sync.Mutex // guards all below
	stream *stagedoor.Stream
	rows   sorter
	head   []byte
	run    string
}

var (
	_ stagedoor.Destination = (*File)(nil)
	_ stagedoor.Finisher    = (*File)(nil)
)

// OpenFile opens the file at path, which need not be there; its folder must. Two
// runs into one file at once are refused.
func OpenFile(ctx context.Context, path string, format Format) (*File, error) {
	path, err := filepath.Abs(path)
	f := &File{path: path, format: format}
	f.space = &space{temp: f.temp}
	f.rows.space = f.space
	if err == nil {
		err = f.open(ctx)
	}
	if err != nil {
		return nil, f.explain("open the destination", err)
	}
	return f, nil
}

func (f *File) open(ctx context.Context) error {
	if info, err := os.Lstat(f.path); err == nil && info.IsDir() {
		return &stagedoor.Error{
			Op: "open the destination", Kind: stagedoor.KindDestination, Cause: "there is a folder of that name",
			Fix: "A path that ends so is one file: choose another name for it, or a folder whose name does not end so.",
		}
	}
	var err error
	f.lock, err = lockFile(ctx, f.beside("lock"), 0)
	return err
}

// beside is a hidden name beside the file.
func (f *File) beside(ending string) string {
	return filepath.Join(filepath.Dir(f.path), "."+filepath.Base(f.path)+"."+ending)
}

func (f *File) temp() (*os.File, error) {
	file, err := os.CreateTemp(filepath.Dir(f.path), "."+filepath.Base(f.path)+".rows-*")
	if err == nil {
		_ = os.Remove(file.Name()) // on Windows it stays until its close
	}
	return file, err
}

// Name returns the format and the file's absolute path.
func (f *File) Name() string { return f.format.Name + ":" + f.path }

func (f *File) explain(op string, err error) error {
	return explain(op, f.Name(), f.path, err)
}

// Checkpoints returns none.
func (f *File) Checkpoints(context.Context, stagedoor.Stream, string, string) ([]stagedoor.Checkpoint, error) {
	return nil, nil
}

// Parts returns none.
func (f *File) Parts(context.Context, stagedoor.Stream, string) ([]string, error) { return nil, nil }

// Begin opens a slice; of another stream than the first it is refused.
func (f *File) Begin(ctx context.Context, stream stagedoor.Stream, s stagedoor.Slice, run string) (stagedoor.SliceWriter, error) {
	if err := ctx.Err(); err != nil {
		return nil, f.explain("write "+stream.Name, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stream == nil {
		f.stream, f.run = &stream, run
	}
	if f.stream.Name != stream.Name {
		return nil, &stagedoor.Error{
			Op: "write " + stream.Name, Subject: f.Name(), Kind: stagedoor.KindDestination,
			Cause: "one file holds one stream, and this run writes " + f.stream.Name + " into it",
			Fix:   "Name a folder, for example --into " + f.format.Name + ":out, which gets a folder for each stream.",
		}
	}
	return &fileSlice{f: f, stream: stream, slice: s, rows: sorter{space: f.space}, state: writing}, nil
}

// fileSlice keeps the records of one slice apart until they are committed.
type fileSlice struct {
	f      *File
	stream stagedoor.Stream
	slice  stagedoor.Slice
	rows   sorter
	body   []byte
	state  stateOfSlice
}

// Write keeps one record.
func (s *fileSlice) Write(ctx context.Context, record stagedoor.Record) error {
	err := ctx.Err()
	if s.state != writing {
		err = s.misuse("a record came")
	}
	if err == nil {
		s.body, err = appendBody(s.body[:0], s.stream, record)
	}
	if err == nil {
		err = s.rows.add(record.Key, s.body)
	}
	return s.f.explain("write "+s.stream.Name, err)
}

// Commit puts the rows to those of the slices before. Of a row that came before
// this is the later reading; there is nothing to mark.
func (s *fileSlice) Commit(ctx context.Context, c stagedoor.Checkpoint, _ bool) (stagedoor.Written, error) {
	var written stagedoor.Written
	err := ctx.Err()
	if s.state != writing {
		err = s.misuse("Commit came")
	}
	if err == nil {
		written.Rows, err = s.commit(c)
		s.end(committed)
	}
	if err != nil {
		s.state = failed
		return stagedoor.Written{}, s.f.explain("write "+s.stream.Name, err)
	}
	return written, nil
}

func (s *fileSlice) commit(c stagedoor.Checkpoint) (int, error) {
	rows, err := s.rows.sorted()
	if err != nil {
		return 0, err
	}
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	for n := 0; ; n++ {
		ok, err := rows.next()
		if err != nil || !ok {
			return n, err
		}
		key, body := rows.row()
		head := binary.LittleEndian.AppendUint64(s.f.head[:0], uint64(micros(c.ReadAt)))
		head = binary.AppendUvarint(head, uint64(len(s.slice.Params)))
		head = append(append(head, s.slice.Params...), body...)
		s.f.head = head
		if err := s.f.rows.add(string(key), head); err != nil {
			return n, err
		}
	}
}

// Abort forgets the slice.
func (s *fileSlice) Abort() error {
	s.end(aborted)
	return nil
}

func (s *fileSlice) end(state stateOfSlice) {
	if s.state == writing {
		s.state = state
		s.rows.close()
	}
}

func (s *fileSlice) misuse(what string) error {
	return &stagedoor.Error{
		Op: "write " + s.stream.Name, Subject: s.f.Name(), Kind: stagedoor.KindInternal,
		Cause: what + " for a slice that was " + string(s.state),
	}
}

// Finish writes the file and renames it into place.
func (f *File) Finish(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stream == nil {
		return nil // nothing was read, which says nothing of what is there
	}
	name := f.stream.Name
	return f.explain("write "+name, f.finish(ctx))
}

func (f *File) finish(ctx context.Context) error {
	var own []stagedoor.Column
	for _, c := range f.stream.Columns {
		own = append(own, stagedoor.Column{Name: c.Name, Type: kindOf(c.Type)})
	}
	// The lock is ours, so this is nobody else's; a kill leaves it to the next run.
	file, err := os.OpenFile(f.beside("part"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	p, err := newPart(f.format, file, fileColumns(own))
	if err != nil {
		return err
	}
	if err := f.fill(ctx, p); err != nil {
		p.drop()
		return err
	}
	if _, err := p.finish(); err != nil {
		p.drop()
		return err
	}
	if err := os.Rename(file.Name(), f.path); err != nil {
		p.drop()
		return err
	}
	f.rows.close()
	f.stream = nil
	return syncFolder(filepath.Dir(f.path))
}

func (f *File) fill(ctx context.Context, p *part) error {
	rows, err := f.rows.sorted()
	if err != nil {
		return err
	}
	cells := make([]cell, len(f.stream.Columns))
	var written []byte
	for n := 0; ; n++ {
		ok, err := rows.next()
		if err != nil || !ok {
			return err
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		key, body := rows.row()
		pulled := int64(binary.LittleEndian.Uint64(body))
		size, used := binary.Uvarint(body[8:])
		params := body[8+used : 8+used+int(size)]
		raw, err := cellsOf(body[8+used+int(size):], cells)
		if err != nil {
			return err
		}
		p.Text(key)
		for i := range cells {
			cells[i].to(p)
		}
		p.Text(params)
		p.Text([]byte(f.run))
		p.Time(pulled)
		p.Null()
		if odd(raw) {
			written = appendRaw(written[:0], raw)
			raw = written
		}
		p.Text(raw)
		if err := p.ended(key, false); err != nil {
			return err
		}
	}
}

// Close forgets what was not finished.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lock == nil {
		return nil
	}
	f.rows.close()
	err := f.lock.Close()
	if removed := os.Remove(f.lock.Name()); !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	f.lock = nil
	return f.explain("close the destination", err)
}
