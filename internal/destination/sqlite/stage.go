package sqlite

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Staged rows lie in chunks of memory. All open slices of a destination share
// what is there for them: whoever holds a good deal when it is used up puts its
// rows, sorted, into a file.
const (
	chunkBytes = 128 << 10
	stageBytes = 12 << 20 // of all slices together
	spillBytes = 1 << 20  // the least that is worth a run of its own in the file
)

// stage keeps the rows of one slice until its commit, and then gives them in the
// order of their keys: rows that are written in the order of the table's index
// touch each page of it once. Memory stays flat, however long the slice.
type stage struct {
	memory *memory
	chunks [][]byte
	held   int64 // bytes of chunks
	rows   []staged
	line   []byte // the row that is being staged
	bytes  int    // of all rows so far

	first, last []byte // the least and the greatest key so far

	file *os.File // runs of sorted rows, one after another; nil until one is needed
	end  int64    // of the file
	runs []sorted
}

// memory is what the stages of a destination share.
type memory struct {
	held atomic.Int64 // bytes of chunks
	free chan []byte  // chunks that were given back
}

func newMemory() *memory { return &memory{free: make(chan []byte, stageBytes/chunkBytes)} }

func (m *memory) take(bytes int) []byte {
	m.held.Add(int64(max(chunkBytes, bytes)))
	if bytes <= chunkBytes {
		select {
		case chunk := <-m.free:
			return chunk[:0]
		default:
		}
	}
	return make([]byte, 0, max(chunkBytes, bytes))
}

func (m *memory) give(chunk []byte) {
	m.held.Add(-int64(cap(chunk)))
	if cap(chunk) != chunkBytes {
		return
	}
	select {
	case m.free <- chunk:
	default:
	}
}

// staged is where a row lies in the chunks. Of two with the same key the later
// one counts.
type staged struct {
	chunk, at, size uint32
	start           uint64 // of the key, after what all keys begin with; set by sort
}

// sorted is a run of sorted rows in the file.
type sorted struct{ from, to int64 }

// A row is written as a length and a key, and then each value: what it is, and
// its bytes. Numbers are little-endian.
const (
	isNull byte = iota
	isInteger
	isReal
	isText
	isBlob
)

// add stages a record, with its values as SQLite keeps them.
func (s *stage) add(record stagedoor.Record) error {
	line := append(binary.AppendUvarint(s.line[:0], uint64(len(record.Key))), record.Key...)
	for _, v := range record.Values {
		var err error
		if line, err = appendValue(line, v); err != nil {
			return err
		}
	}
	kind := isText
	if !isSQLiteText(record.Raw) {
		kind = isBlob
	}
	line = append(binary.AppendUvarint(append(line, kind), uint64(len(record.Raw))), record.Raw...)
	s.line = line
	if cap(line) > chunkBytes {
		s.line = nil // one long row is no reason to hold as much for all others
	}
	s.bytes += len(line)
	s.bound(record.Key)
	if err := s.room(len(line)); err != nil {
		return err
	}
	last := len(s.chunks) - 1
	at := len(s.chunks[last])
	s.chunks[last] = append(s.chunks[last], line...)
	s.rows = append(s.rows, staged{chunk: uint32(last), at: uint32(at), size: uint32(len(line))})
	return nil
}

func (s *stage) bound(key string) {
	if len(s.first) == 0 || key < string(s.first) {
		s.first = append(s.first[:0], key...)
	}
	if key > string(s.last) {
		s.last = append(s.last[:0], key...)
	}
}

func appendValue(line []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(line, isNull), nil
	case string:
		return append(binary.AppendUvarint(append(line, isText), uint64(len(v))), v...), nil
	case int64:
		return binary.LittleEndian.AppendUint64(append(line, isInteger), uint64(v)), nil
	case bool:
		n := uint64(0)
		if v {
			n = 1
		}
		return binary.LittleEndian.AppendUint64(append(line, isInteger), n), nil
	case float64:
		return binary.LittleEndian.AppendUint64(append(line, isReal), math.Float64bits(v)), nil
	case time.Time:
		return appendTime(append(line, isText, byte(len(timeFormat))), v), nil
	}
	return nil, fmt.Errorf("a value is of the type %T, which no column has", v)
}

// room makes the last chunk take so many bytes more.
func (s *stage) room(bytes int) error {
	if n := len(s.chunks); n > 0 && cap(s.chunks[n-1])-len(s.chunks[n-1]) >= bytes {
		return nil
	}
	if s.memory.held.Load()+int64(max(chunkBytes, bytes)) > stageBytes && s.held >= spillBytes {
		if err := s.spill(); err != nil {
			return err
		}
	}
	chunk := s.memory.take(bytes)
	s.chunks = append(s.chunks, chunk)
	s.held += int64(cap(chunk))
	return nil
}

// spill sorts what lies in memory and puts it into the file.
func (s *stage) spill() error {
	if s.file == nil {
		var err error
		if s.file, err = unnamedFile(); err != nil {
			return err
		}
	}
	s.sort()
	out := writerAt{file: s.file, at: s.end, buffer: make([]byte, 0, chunkBytes)}
	for _, r := range s.rows {
		line := s.chunks[r.chunk][r.at : r.at+r.size]
		if err := out.write(binary.LittleEndian.AppendUint32(nil, r.size), line); err != nil {
			return err
		}
	}
	if err := out.flush(); err != nil {
		return err
	}
	s.runs = append(s.runs, sorted{s.end, out.at})
	s.end = out.at
	s.forget()
	return nil
}

// forget gives the chunks back.
func (s *stage) forget() {
	for _, chunk := range s.chunks {
		s.memory.give(chunk)
	}
	clear(s.chunks)
	s.chunks, s.rows, s.held = s.chunks[:0], s.rows[:0], 0
}

// sort brings the rows in memory into the order of keys, those of one key in the
// order in which they came.
func (s *stage) sort() {
	common := 0 // to the least and the greatest, and so to all
	for common < min(len(s.first), len(s.last)) && s.first[common] == s.last[common] {
		common++
	}
	for i := range s.rows {
		var start [8]byte
		copy(start[:], s.key(s.rows[i])[common:])
		s.rows[i].start = binary.BigEndian.Uint64(start[:])
	}
	slices.SortFunc(s.rows, func(a, b staged) int {
		if a.start != b.start {
			return cmp.Compare(a.start, b.start)
		}
		if by := bytes.Compare(s.key(a), s.key(b)); by != 0 {
			return by
		}
		if a.chunk != b.chunk {
			return int(a.chunk) - int(b.chunk)
		}
		return int(a.at) - int(b.at)
	})
}

func (s *stage) key(r staged) []byte { return keyOf(s.chunks[r.chunk][r.at : r.at+r.size]) }

func keyOf(line []byte) []byte {
	length, n := binary.Uvarint(line)
	return line[n : n+int(length)]
}

// close gives all memory back, and the file.
func (s *stage) close() {
	s.forget()
	s.chunks, s.rows = nil, nil
	if s.file != nil {
		_ = s.file.Close() // what was staged is of no use any more
		_ = os.Remove(s.file.Name())
		s.file = nil
	}
}

// unnamedFile makes a file that only this process sees: its name goes at once
// where the system lets a name go while the file is open, and else with its end.
func unnamedFile() (*os.File, error) {
	file, err := os.CreateTemp("", "stagedoor-stage-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(file.Name()) // Windows refuses; close does it then
	return file, nil
}
