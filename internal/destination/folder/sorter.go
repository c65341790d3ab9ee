package folder

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
	"sync"
)

const (
	// chunkSize is how rows that wait take memory.
	chunkSize = 128 << 10
	// spaceLimit is how much all slices that are open together keep in memory
	// before the one that wants more writes its rows to a temporary file.
	spaceLimit = 12 << 20
	// leastSpill is what a slice may keep in any case.
	leastSpill = 2 * chunkSize
	// mostRuns is how many sorted runs a slice's temporary file has before they
	// are made one, since each takes a buffer when they are read side by side.
	mostRuns  = 48
	runBuffer = 64 << 10
)

// errBroken tells that a temporary file does not hold what was written to it.
var errBroken = errors.New("a temporary file was changed while it was in use")

// space is the memory that the rows of all open slices share.
type space struct {
	mu   sync.Mutex
	used int
	free [][]byte
	temp func() (*os.File, error) // a new temporary file, which goes with its close
}

func (s *space) take() (chunk []byte, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used += chunkSize
	if n := len(s.free); n > 0 {
		chunk, s.free = s.free[n-1], s.free[:n-1]
		return chunk[:0], s.used > spaceLimit
	}
	return make([]byte, 0, chunkSize), s.used > spaceLimit
}

func (s *space) give(chunks [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, chunk := range chunks {
		if cap(chunk) == chunkSize {
			s.used -= chunkSize
			if len(s.free) < spaceLimit/chunkSize {
				s.free = append(s.free, chunk)
			}
		}
	}
}

// sorter takes rows in any order and gives them by key, the last one of equal
// keys. Its memory is bounded by its space; a row that is larger than a chunk
// counts for itself. It is used by one goroutine.
type sorter struct {
	space  *space
	chunks [][]byte
	rows   []place // of the rows in chunks
	large  int     // bytes in chunks of their own
	file   *os.File
	size   int64
	runs   []run

	first, last []byte // the least and the greatest key; nil while there is none
}

// place is where a row lies: its header (the sizes of key and body), key and
// body. By prefix most rows are sorted without a look at their keys.
type place struct {
	prefix    uint64
	chunk, at uint32
}

const headerSize = 8

// run is a sorted part of the temporary file.
type run struct{ at, size int64 }

func (s *sorter) add(key string, body []byte) error {
	size := headerSize + len(key) + len(body)
	if err := s.room(size); err != nil {
		return err
	}
	i := len(s.chunks) - 1
	chunk := s.chunks[i]
	s.rows = append(s.rows, place{chunk: uint32(i), at: uint32(len(chunk))})
	chunk = binary.LittleEndian.AppendUint32(chunk, uint32(len(key)))
	chunk = binary.LittleEndian.AppendUint32(chunk, uint32(len(body)))
	chunk = append(chunk, key...)
	s.chunks[i] = append(chunk, body...)
	if s.first == nil || key < string(s.first) {
		s.first = append(s.first[:0], key...)
		if s.first == nil {
			s.first = []byte{}
		}
	}
	if s.last == nil || key > string(s.last) {
		s.last = append(s.last[:0], key...)
		if s.last == nil {
			s.last = []byte{}
		}
	}
	return nil
}

// room makes the last chunk one that size more bytes fit into.
func (s *sorter) room(size int) error {
	if n := len(s.chunks); n > 0 && cap(s.chunks[n-1])-len(s.chunks[n-1]) >= size {
		return nil
	}
	if size > chunkSize {
		if s.large+size > spaceLimit/2 && len(s.rows) > 0 {
			if err := s.spill(); err != nil {
				return err
			}
		}
		s.large += size
		s.chunks = append(s.chunks, make([]byte, 0, size))
		return nil
	}
	chunk, over := s.space.take()
	if over && len(s.chunks)*chunkSize >= leastSpill {
		s.space.give([][]byte{chunk})
		if err := s.spill(); err != nil {
			return err
		}
		chunk, _ = s.space.take()
	}
	s.chunks = append(s.chunks, chunk)
	return nil
}

// empty reports whether no row came.
func (s *sorter) empty() bool { return s.first == nil }

func (s *sorter) at(p place) (key, body []byte) {
	row := s.chunks[p.chunk][p.at:]
	keySize, bodySize := binary.LittleEndian.Uint32(row), binary.LittleEndian.Uint32(row[4:])
	row = row[headerSize:]
	return row[:keySize], row[keySize : keySize+bodySize]
}

// sort orders the rows in memory by key, and equal ones as they came. The eight
// bytes behind what all keys have in common (their day, mostly) tell most apart.
func (s *sorter) sort() {
	common := 0
	for common < len(s.first) && common < len(s.last) && s.first[common] == s.last[common] {
		common++
	}
	for i := range s.rows {
		var prefix [8]byte
		key, _ := s.at(s.rows[i])
		copy(prefix[:], key[common:])
		s.rows[i].prefix = binary.BigEndian.Uint64(prefix[:])
	}
	slices.SortFunc(s.rows, func(a, b place) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		keyA, _ := s.at(a)
		keyB, _ := s.at(b)
		return cmp.Or(bytes.Compare(keyA, keyB), cmp.Compare(a.chunk, b.chunk), cmp.Compare(a.at, b.at))
	})
}

// spill writes the rows in memory to the temporary file as a run.
func (s *sorter) spill() error {
	if s.file == nil {
		file, err := s.space.temp()
		if err != nil {
			return err
		}
		s.file = file
	}
	s.sort()
	if err := s.append(s.file, &memory{of: s}); err != nil {
		return err
	}
	s.forget()
	if len(s.runs) < mostRuns {
		return nil
	}
	return s.join()
}

// append writes rows behind what the file holds.
func (s *sorter) append(file *os.File, rows source) error {
	w := bufio.NewWriterSize(io.NewOffsetWriter(file, s.size), 256<<10)
	began := s.size
	var header [headerSize]byte
	for {
		ok, err := rows.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		key, body := rows.row()
		binary.LittleEndian.PutUint32(header[:], uint32(len(key)))
		binary.LittleEndian.PutUint32(header[4:], uint32(len(body)))
		_, _ = w.Write(header[:]) // a bufio.Writer tells its error again
		_, _ = w.Write(key)
		if _, err := w.Write(body); err != nil {
			return err
		}
		s.size += int64(headerSize + len(key) + len(body))
	}
	s.runs = append(s.runs, run{began, s.size - began})
	return w.Flush()
}

// join makes one run of all, in a new file.
func (s *sorter) join() error {
	rows, err := s.sorted()
	if err != nil {
		return err
	}
	file, err := s.space.temp()
	if err != nil {
		return err
	}
	former := s.file
	s.size, s.runs = 0, nil
	if err := s.append(file, rows); err != nil {
		_ = file.Close()
		return err
	}
	s.file = file
	return former.Close()
}

// forget gives the memory back.
func (s *sorter) forget() {
	s.space.give(s.chunks)
	s.chunks, s.rows, s.large = nil, s.rows[:0], 0
}

func (s *sorter) close() {
	s.forget()
	s.rows = nil
	if s.file != nil {
		_ = s.file.Close() // nothing of it is kept
		s.file = nil
	}
}

// sorted gives all rows by key; it may be called again.
func (s *sorter) sorted() (source, error) {
	s.sort()
	if len(s.runs) == 0 {
		return &memory{of: s}, nil
	}
	m := &merged{}
	for _, r := range s.runs {
		from := bufio.NewReaderSize(io.NewSectionReader(s.file, r.at, r.size), runBuffer)
		m.sources = append(m.sources, &stored{from: from, left: r.size})
	}
	m.sources = append(m.sources, &memory{of: s})
	return m, m.begin()
}
