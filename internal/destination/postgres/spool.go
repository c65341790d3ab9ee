package postgres

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// spoolMemory is how much of a spool stays in memory.
const spoolMemory = 256 << 10

// errSpool is in the chain of every error of the temporary file.
var errSpool = errors.New("the temporary file")

// spool keeps rows until they are sent: each with its length before it, the
// first ones in memory and all of them in a temporary file when there are many.
type spool struct {
	rows int
	tail []byte // what is not in the file yet
	file *os.File
	size int64  // of the file
	name string // of the file, where it could not be unnamed at once
}

func (s *spool) add(row []byte) error {
	s.tail = binary.BigEndian.AppendUint32(s.tail, uint32(len(row)))
	s.tail = append(s.tail, row...)
	s.rows++
	if len(s.tail) < spoolMemory {
		return nil
	}
	return s.flush()
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
	n, err := s.file.Write(s.tail)
	s.size += int64(n)
	if err != nil {
		return errors.Join(errSpool, err)
	}
	s.tail = s.tail[:0]
	return nil
}

// close forgets the rows.
func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close() // nothing of it is wanted any more
		if s.name != "" {
			_ = os.Remove(s.name)
		}
	}
	*s = spool{}
}

// copying reads the spool in COPY's binary format, with the fields of head
// before each row's own. It may be read as often as needed.
func (s *spool) copying(fields int, head []byte) *copying {
	var from io.Reader = bytes.NewReader(s.tail)
	if s.file != nil {
		from = io.MultiReader(io.NewSectionReader(s.file, 0, s.size), from)
	}
	c := &copying{from: bufio.NewReaderSize(from, 128<<10), out: make([]byte, 0, 80<<10)}
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
