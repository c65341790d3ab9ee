package folder

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
)

// source gives rows by key, each key once. What row returns is valid until the
// next call of next.
type source interface {
	next() (bool, error)
	row() (key, body []byte)
}

// memory gives the sorted rows of a sorter's chunks.
type memory struct {
	of        *sorter
	i         int
	key, body []byte
}

func (m *memory) next() (bool, error) {
	rows := m.of.rows
	if m.i >= len(rows) {
		return false, nil
	}
	m.key, m.body = m.of.at(rows[m.i])
	for m.i++; m.i < len(rows); m.i++ { // the last of equal keys
		key, body := m.of.at(rows[m.i])
		if !bytes.Equal(key, m.key) {
			break
		}
		m.body = body
	}
	return true, nil
}

func (m *memory) row() (key, body []byte) { return m.key, m.body }

// stored gives the rows of a run in a temporary file.
type stored struct {
	from  *bufio.Reader
	left  int64
	whole []byte
	key   int
}

func (s *stored) next() (bool, error) {
	if s.left == 0 {
		return false, nil
	}
	var header [headerSize]byte
	if _, err := io.ReadFull(s.from, header[:]); err != nil {
		return false, err
	}
	s.key = int(binary.LittleEndian.Uint32(header[:]))
	size := s.key + int(binary.LittleEndian.Uint32(header[4:]))
	if s.left -= int64(headerSize + size); s.left < 0 {
		return false, errBroken
	}
	if cap(s.whole) < size {
		s.whole = make([]byte, size, size+size/4)
	}
	s.whole = s.whole[:size]
	_, err := io.ReadFull(s.from, s.whole)
	return err == nil, err
}

func (s *stored) row() (key, body []byte) { return s.whole[:s.key], s.whole[s.key:] }

// merged gives the rows of several sources; of equal keys that of the last one.
type merged struct {
	sources []source
	heap    []int // numbers of sources that have a row, the least key first, of equal keys the last source
	taken   bool  // the row at the top was given
	key     []byte
}

func (m *merged) begin() error {
	for i, s := range m.sources {
		ok, err := s.next()
		if err != nil {
			return err
		}
		if ok {
			m.heap = append(m.heap, i)
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	return nil
}

func (m *merged) less(a, b int) bool {
	keyA, _ := m.sources[m.heap[a]].row()
	keyB, _ := m.sources[m.heap[b]].row()
	if c := bytes.Compare(keyA, keyB); c != 0 {
		return c < 0
	}
	return m.heap[a] > m.heap[b]
}

func (m *merged) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(m.heap); child++ {
			if m.less(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}

// advance moves the source at the top to its next row.
func (m *merged) advance() error {
	ok, err := m.sources[m.heap[0]].next()
	if err != nil {
		return err
	}
	if !ok {
		m.heap[0] = m.heap[len(m.heap)-1]
		m.heap = m.heap[:len(m.heap)-1]
	}
	m.down(0)
	return nil
}

func (m *merged) next() (bool, error) {
	if m.taken {
		given, _ := m.row()
		m.key = append(m.key[:0], given...) // its source moves on
		for len(m.heap) > 0 {
			if now, _ := m.row(); !bytes.Equal(now, m.key) {
				break
			}
			if err := m.advance(); err != nil {
				return false, err
			}
		}
	}
	m.taken = len(m.heap) > 0
	return m.taken, nil
}

func (m *merged) row() (key, body []byte) { return m.sources[m.heap[0]].row() }
