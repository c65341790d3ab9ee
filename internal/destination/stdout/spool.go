package stdout

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// inMemory is how many bytes of rows a slice keeps before they go to a file.
const inMemory = 4 << 20

// spool keeps the rows of one slice until it is printed or forgotten. Rows
// beyond [inMemory] lie in a temporary file, mode 0600, whose name is removed
// at once. What grows in memory is an index of about 40 bytes a row, by which
// a key that comes again replaces its former row.
type spool struct {
	buffer   bytes.Buffer // the last rows: length, then bytes
	file     *os.File     // the rows before them; nil while all fit in memory
	total    int
	last     map[[16]byte]int // the hash of a key → the number of its last row
	replaced map[int]bool     // rows that are not printed
}

func (s *spool) add(key string, row []byte) error {
	if s.last == nil {
		s.last, s.replaced = map[[16]byte]int{}, map[int]bool{}
	}
	sum := sha256.Sum256([]byte(key))
	hash := [16]byte(sum[:16])
	if before, ok := s.last[hash]; ok {
		s.replaced[before] = true
	}
	s.last[hash] = s.total
	s.total++
	var size [4]byte
	binary.BigEndian.PutUint32(size[:], uint32(len(row)))
	s.buffer.Write(size[:])
	s.buffer.Write(row)
	if s.buffer.Len() < inMemory {
		return nil
	}
	return s.flush()
}

func (s *spool) flush() error {
	if s.file == nil {
		file, err := os.CreateTemp("", "stagedoor-rows-*")
		if err != nil {
			return err
		}
		s.file = file
		_ = os.Remove(file.Name()) // Windows keeps it until close, which tries again
	}
	_, err := s.buffer.WriteTo(s.file)
	return err
}

// count is how many rows will be printed.
func (s *spool) count() int { return s.total - len(s.replaced) }

// rows calls f for each row that was not replaced, in the order they came.
func (s *spool) rows(f func(row []byte) error) error {
	var from io.Reader = bytes.NewReader(s.buffer.Bytes())
	if s.file != nil {
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		from = io.MultiReader(bufio.NewReaderSize(s.file, 64<<10), from)
	}
	var size [4]byte
	var row []byte
	for i := range s.total {
		if _, err := io.ReadFull(from, size[:]); err != nil {
			return errors.Join(errors.New("the temporary file is too short"), err)
		}
		n := int(binary.BigEndian.Uint32(size[:]))
		if cap(row) < n {
			row = make([]byte, n)
		}
		row = row[:n]
		if _, err := io.ReadFull(from, row); err != nil {
			return errors.Join(errors.New("the temporary file is too short"), err)
		}
		if s.replaced[i] {
			continue
		}
		if err := f(row); err != nil {
			return err
		}
	}
	return nil
}

func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name()) // gone already, except on Windows
		s.file = nil
	}
	s.buffer, s.last = bytes.Buffer{}, nil
}
