package csv

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Reader reads what a Writer wrote. It fulfils folder.Reader.
type Reader struct {
	from   *bufio.Reader
	at     []int // for each column that is wanted: its place in the file; -1 if the file lacks it
	row    []byte
	fields []field
}

type field struct {
	from, to int
	null     bool
}

// NewReader returns a reader that gives these columns; it reads the header.
func NewReader(from io.Reader, columns []stagedoor.Column) (*Reader, error) {
	r := &Reader{from: bufio.NewReaderSize(from, 64<<10)}
	if err := r.Next(); err != nil {
		return nil, fmt.Errorf("the header can not be read: %w", err)
	}
	places := map[string]int{}
	for i, f := range r.fields {
		places[string(r.row[f.from:f.to])] = i
	}
	for _, c := range columns {
		i, ok := places[c.Name]
		if !ok {
			i = -1
		}
		r.at = append(r.at, i)
	}
	return r, nil
}

// Next reads a row.
func (r *Reader) Next() error {
	r.row, r.fields = r.row[:0], r.fields[:0]
	b, err := r.from.ReadByte()
	if err != nil {
		return err // io.EOF: the rows have ended
	}
	for {
		f := field{from: len(r.row)}
		if b == '"' {
			b, err = r.quoted()
		} else {
			for err == nil && b != ',' && b != '\r' {
				if b == '"' || b == '\n' {
					return fmt.Errorf("a field that is not between quotation marks has %q in it", b)
				}
				r.row = append(r.row, b)
				b, err = r.from.ReadByte()
			}
			f.null = len(r.row) == f.from
		}
		f.to = len(r.row)
		r.fields = append(r.fields, f)
		switch {
		case err != nil:
			return unfinished(err)
		case b == '\r':
			if b, err = r.from.ReadByte(); err != nil || b != '\n' {
				return errors.Join(errors.New("a row does not end with CR LF"), err)
			}
			return nil
		case b != ',':
			return fmt.Errorf("%q comes after a quotation mark", b)
		}
		if b, err = r.from.ReadByte(); err != nil {
			return unfinished(err)
		}
	}
}

// quoted reads the rest of a field that began with a quotation mark, and returns
// the byte after it.
func (r *Reader) quoted() (byte, error) {
	for {
		part, err := r.from.ReadSlice('"')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return 0, err
		}
		r.row = append(r.row, part...)
		if err != nil {
			continue
		}
		b, err := r.from.ReadByte()
		if err != nil || b != '"' {
			r.row = r.row[:len(r.row)-1]
			return b, err
		}
	}
}

func unfinished(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Text returns text.
func (r *Reader) Text(i int) ([]byte, bool) {
	if r.at[i] < 0 || r.at[i] >= len(r.fields) {
		return nil, false
	}
	f := r.fields[r.at[i]]
	return r.row[f.from:f.to], !f.null
}

// Integer returns a number.
func (r *Reader) Integer(i int) (int64, bool) {
	text, ok := r.Text(i)
	n, err := strconv.ParseInt(string(text), 10, 64)
	return n, ok && err == nil
}

// Real returns a number.
func (r *Reader) Real(i int) (float64, bool) {
	text, ok := r.Text(i)
	f, err := strconv.ParseFloat(string(text), 64)
	return f, ok && err == nil
}

// Boolean returns true or false.
func (r *Reader) Boolean(i int) (b, ok bool) {
	text, ok := r.Text(i)
	return string(text) == "true", ok
}

// Time returns a time.
func (r *Reader) Time(i int) (int64, bool) {
	text, ok := r.Text(i)
	if !ok {
		return 0, false
	}
	t, err := time.Parse(timeFormat, string(text))
	return t.UnixMicro(), err == nil
}

// Close does nothing.
func (r *Reader) Close() error { return nil }
