package sqlite

import (
	"bytes"
	"container/heap"
	"encoding/binary"
	"io"
	"os"
)

// mergeBytes is what reading all runs of a file may take of memory.
const mergeBytes = 4 << 20

// each gives every staged row in the order of keys, of rows with one key the
// last that came. It may be called again. The line is valid until do returns.
func (s *stage) each(do func(line []byte) error) error {
	s.sort()
	var sources sources
	size := max(4<<10, mergeBytes/(len(s.runs)+1))
	for i, r := range s.runs {
		source := &source{order: i, read: (&readerAt{file: s.file, at: r.from, to: r.to, size: size}).line}
		if err := sources.add(source); err != nil {
			return err
		}
	}
	next := 0
	memory := &source{order: len(s.runs), read: func() ([]byte, error) {
		if next == len(s.rows) {
			return nil, io.EOF
		}
		r := s.rows[next]
		next++
		return s.chunks[r.chunk][r.at : r.at+r.size], nil
	}}
	if err := sources.add(memory); err != nil {
		return err
	}
	heap.Init(&sources)
	var held []byte // a row whose key may come again
	for len(sources) > 0 {
		held = append(held[:0], sources[0].line...) // reading on may reuse its bytes
		if err := sources.next(); err != nil {
			return err
		}
		if len(sources) > 0 && bytes.Equal(keyOf(held), keyOf(sources[0].line)) {
			continue
		}
		if err := do(held); err != nil {
			return err
		}
	}
	return nil
}

// source is a run, or what lies in memory, while runs are merged.
type source struct {
	order int // of two with the same key, which came first
	line  []byte
	read  func() ([]byte, error) // the next row; io.EOF after the last
}

// sources is a heap: the smallest key first.
type sources []*source

func (s sources) Len() int { return len(s) }
func (s sources) Less(i, j int) bool {
	by := bytes.Compare(keyOf(s[i].line), keyOf(s[j].line))
	return by < 0 || by == 0 && s[i].order < s[j].order
}
func (s sources) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *sources) Push(x any)   { *s = append(*s, x.(*source)) }
func (s *sources) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

// add takes a source in, unless it is empty; heap.Init follows.
func (s *sources) add(new *source) error {
	var err error
	if new.line, err = new.read(); err == io.EOF {
		return nil
	}
	*s = append(*s, new)
	return err
}

// next moves the first source on.
func (s *sources) next() error {
	first := (*s)[0]
	var err error
	if first.line, err = first.read(); err == io.EOF {
		heap.Pop(s)
		return nil
	}
	heap.Fix(s, 0)
	return err
}

// writerAt gathers what is written into a file.
type writerAt struct {
	file   *os.File
	at     int64
	buffer []byte
}

func (w *writerAt) write(parts ...[]byte) error {
	for _, part := range parts {
		if len(w.buffer)+len(part) > cap(w.buffer) {
			if err := w.flush(); err != nil {
				return err
			}
		}
		w.buffer = append(w.buffer, part...) // longer than the buffer: it grows
	}
	return nil
}

func (w *writerAt) flush() error {
	n, err := w.file.WriteAt(w.buffer, w.at)
	w.at += int64(n)
	w.buffer = w.buffer[:0]
	return err
}

// readerAt reads the rows of a run.
type readerAt struct {
	file     *os.File
	at, to   int64
	size     int
	buffer   []byte
	from, up int // of the buffer: what is read and not given
}

// line returns the next row, which is valid until the next call.
func (r *readerAt) line() ([]byte, error) {
	if err := r.fill(4); err != nil {
		return nil, err
	}
	size := int(binary.LittleEndian.Uint32(r.buffer[r.from:]))
	if err := r.fill(4 + size); err != nil {
		return nil, err
	}
	line := r.buffer[r.from+4 : r.from+4+size]
	r.from += 4 + size
	return line, nil
}

// fill makes the buffer hold so many bytes that were not given yet.
func (r *readerAt) fill(bytes int) error {
	if r.up-r.from >= bytes {
		return nil
	}
	if r.up == r.from && r.at == r.to {
		return io.EOF
	}
	kept := r.buffer[r.from:r.up]
	if len(r.buffer) < bytes {
		r.buffer = make([]byte, max(r.size, bytes))
	}
	r.up = copy(r.buffer, kept)
	r.from = 0
	n, err := r.file.ReadAt(r.buffer[r.up:min(int64(len(r.buffer)), int64(r.up)+r.to-r.at)], r.at)
	r.at += int64(n)
	r.up += n
	if r.up < bytes {
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return nil
}
