package jsonl

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stagedoor/stagedoor"
)

// Reader reads what a Writer wrote. It fulfils folder.Reader.
type Reader struct {
	from    *jsontext.Decoder
	columns map[string]int
	values  [][]byte // of the row, as they stand; empty where the row lacks one
	texts   [][]byte // unquoted, used again
}

// NewReader returns a reader that gives these columns.
func NewReader(from io.Reader, columns []stagedoor.Column) (*Reader, error) {
	r := &Reader{
		from:    jsontext.NewDecoder(from, jsontext.AllowDuplicateNames(true)),
		columns: make(map[string]int, len(columns)), values: make([][]byte, len(columns)), texts: make([][]byte, len(columns)),
	}
	for i, c := range columns {
		r.columns[c.Name] = i
	}
	return r, nil
}

// Next reads a row.
func (r *Reader) Next() error {
	for i := range r.values {
		r.values[i] = r.values[i][:0]
	}
	open, err := r.from.ReadToken()
	if err != nil {
		return err // io.EOF too
	}
	if open.Kind() != '{' {
		return fmt.Errorf("a row begins with %s", open.Kind())
	}
	for r.from.PeekKind() != '}' {
		name, err := r.from.ReadToken()
		if err != nil {
			return unfinished(err)
		}
		i, ok := r.columns[name.String()]
		value, err := r.from.ReadValue()
		if err != nil {
			return unfinished(err)
		}
		if ok {
			r.values[i] = append(r.values[i], value...)
		}
	}
	_, err = r.from.ReadToken()
	return unfinished(err)
}

func unfinished(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (r *Reader) null(i int) bool { return len(r.values[i]) == 0 || r.values[i][0] == 'n' }

// Text returns text, or the value of a JSON column.
func (r *Reader) Text(i int) ([]byte, bool) {
	if r.null(i) {
		return nil, false
	}
	if r.values[i][0] != '"' {
		return r.values[i], true
	}
	r.texts[i], _ = jsontext.AppendUnquote(r.texts[i][:0], r.values[i]) // it was read as valid
	return r.texts[i], true
}

// Integer returns a number.
func (r *Reader) Integer(i int) (int64, bool) {
	if r.null(i) {
		return 0, false
	}
	n, err := strconv.ParseInt(string(r.values[i]), 10, 64)
	return n, err == nil
}

// Real returns a number.
func (r *Reader) Real(i int) (float64, bool) {
	if r.null(i) {
		return 0, false
	}
	switch string(r.values[i]) {
	case `"NaN"`:
		return math.NaN(), true
	case `"Infinity"`:
		return math.Inf(1), true
	case `"-Infinity"`:
		return math.Inf(-1), true
	}
	f, err := strconv.ParseFloat(string(r.values[i]), 64)
	return f, err == nil
}

// Boolean returns true or false.
func (r *Reader) Boolean(i int) (b, ok bool) {
	if r.null(i) {
		return false, false
	}
	return r.values[i][0] == 't', true
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
