package postgres

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync/atomic"
)

const (
	// chunkBytes is how spools take memory, and spoolMemory how much those of all
	// open slices take together before the one that wants more goes to a file.
	chunkBytes  = 128 << 10
	spoolMemory = 12 << 20
)

// memory is what the spools of a destination share.
type memory struct {
	held atomic.Int64
	free chan []byte // chunks that were given back
}

func newMemory() *memory { return &memory{free: make(chan []byte, spoolMemory/chunkBytes)} }

func (m *memory) take(bytes int) []byte {
	size := max(chunkBytes, bytes)
	m.held.Add(int64(size))
	if size == chunkBytes {
		select {
		case chunk := <-m.free:
			return chunk[:0]
		default:
		}
	}
	return make([]byte, 0, size)
}

func (m *memory) give(chunks [][]byte) {
	for _, chunk := range chunks {
		m.held.Add(-int64(cap(chunk)))
		if cap(chunk) != chunkBytes {
			continue
		}
		select {
		case m.free <- chunk:
		default:
		}
	}
}

// errSpool is in the chain of every error of the temporary file.
var errSpool = errors.New("the temporary file")

// spool keeps rows until they are sent: each with its length before it, in memory
// or, when there are many, the first ones in a temporary file.
type spool struct {
	memory *memory
	rows   int
	chunks [][]byte // what is not in the file
	file   *os.File
	size   int64  // of the file
	name   string // of the file, where it could not be unnamed at once
}

func (s *spool) add(row []byte) error {
	n := len(s.chunks) - 1
	if need := 4 + len(row); n < 0 || cap(s.chunks[n])-len(s.chunks[n]) < need {
		if len(s.chunks) > 1 && s.memory.held.Load()+int64(max(chunkBytes, need)) > spoolMemory {
			if err := s.flush(); err != nil {
				return err
			}
		}
		s.chunks = append(s.chunks, s.memory.take(need))
		n = len(s.chunks) - 1
	}
	s.chunks[n] = append(binary.BigEndian.AppendUint32(s.chunks[n], uint32(len(row))), row...)
	s.rows++
	return nil
}

func (s *spool) flush() error {
	if s.file == nil {
		file, err := os.CreateTemp("", "stagedoor-rows-*") // mode 0600
		if err != nil {
			return errors.Join(errSpool, err)
		}
		s.file = file
		if os.Remove(file.Name()) != nil { // not while it is open, on Windows
			s.name = file.Name()
		}
	}
	for _, chunk := range s.chunks {
		n, err := s.file.Write(chunk)
		s.size += int64(n)
		if err != nil {
			return errors.Join(errSpool, err)
		}
	}
	s.forget()
	return nil
}

func (s *spool) forget() {
	s.memory.give(s.chunks)
	clear(s.chunks)
	s.chunks = s.chunks[:0]
}

// close forgets the rows.
func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close() // nothing of it is wanted any more
		if s.name != "" {
			_ = os.Remove(s.name)
		}
	}
	s.forget()
	*s = spool{memory: s.memory}
}

// copying reads the spool in COPY's binary format, with the fields of head
// before each row's own. It may be read as often as needed.
func (s *spool) copying(fields int, head []byte) *copying {
	var from []io.Reader
	if s.file != nil {
		from = append(from, io.NewSectionReader(s.file, 0, s.size))
	}
	for _, chunk := range s.chunks {
		from = append(from, bytes.NewReader(chunk))
	}
	c := &copying{from: bufio.NewReaderSize(io.MultiReader(from...), 64<<10), out: make([]byte, 0, 80<<10)}
	c.head = append(binary.BigEndian.AppendUint16(nil, uint16(fields)), head...)
	// The signature, no flags, no extension.
	// Source: postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS, read 2026-11.
	c.out = append(c.out, "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	return c
}

type copying struct {
	from *bufio.Reader
	head []byte
	out  []byte
	sent int // bytes of out that were read
	over bool
	err  error // of the temporary file
}

func (c *copying) Read(p []byte) (int, error) {
	if c.sent == len(c.out) {
		if c.over {
			return 0, io.EOF
		}
		c.out, c.sent = c.out[:0], 0
	}
	for !c.over && len(c.out) < 64<<10 {
		if err := c.next(); err != nil {
			c.err = errors.Join(errSpool, err)
			return 0, c.err
		}
	}
	n := copy(p, c.out[c.sent:])
	c.sent += n
	return n, nil
}

// next appends a row, or the trailer.
func (c *copying) next() error {
	var length [4]byte
	switch _, err := io.ReadFull(c.from, length[:]); {
	case err == io.EOF:
		c.over = true
		c.out = append(c.out, 0xff, 0xff)
		return nil
	case err != nil:
		return err
	}
	c.out = append(c.out, c.head...)
	begin, n := len(c.out), int(binary.BigEndian.Uint32(length[:]))
	for cap(c.out) < begin+n {
		c.out = append(c.out[:cap(c.out)], 0)
	}
	c.out = c.out[:begin+n]
	_, err := io.ReadFull(c.from, c.out[begin:])
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
