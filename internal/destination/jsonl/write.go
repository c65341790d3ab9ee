package jsonl

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stagedoor/stagedoor"
)

const (
	blockSize = 64 << 10
)

// Writer writes rows. It fulfils folder.Writer.
type Writer struct {
	to    io.Writer
	names [][]byte // what stands before each value: `{"_key":`, `,"name":`
	json  []bool
	block []byte
	i     int // the column that comes
	err   error
	times times
}

// NewWriter returns a writer of rows with these columns.
func NewWriter(to io.Writer, columns []stagedoor.Column) (*Writer, error) {
	w := &Writer{to: to, block: make([]byte, 0, blockSize+blockSize/4)}
	for i, c := range columns {
		name := []byte{','}
		if i == 0 {
			name[0] = '{'
		}
		name, err := jsontext.AppendQuote(name, c.Name)
		if err != nil {
			return nil, fmt.Errorf("the column name %q is no text: %w", c.Name, err)
		}
		w.names = append(w.names, append(name, ':'))
		w.json = append(w.json, c.Type == stagedoor.JSON)
	}
	return w, nil
}

func (w *Writer) next() {
	w.block = append(w.block, w.names[w.i]...)
	w.i++
}

// Null writes null.
func (w *Writer) Null() {
	w.next()
	w.block = append(w.block, "null"...)
}

// Text writes text, or the value of a JSON column.
func (w *Writer) Text(text []byte) {
	isJSON := w.json[w.i]
	w.next()
	if isJSON && itself(text) {
		w.block = append(w.block, text...)
		return
	}
	var err error
	if w.block, err = jsontext.AppendQuote(w.block, text); err != nil && w.err == nil {
		w.err = fmt.Errorf("the text %q is not UTF-8: %w", text, err)
	}
}

// itself reports whether the value of a JSON column may stand as it is.
func itself(text []byte) bool {
	switch jsontext.Value(text).Kind() {
	case '{', '[', '0', 't', 'f':
		return !bytes.ContainsAny(text, "\n\r") && jsontext.Value(text).IsValid() && len(bytes.TrimSpace(text)) == len(text)
	}
	return false
}

// Integer writes a number.
func (w *Writer) Integer(i int64) {
	w.next()
	w.block = strconv.AppendInt(w.block, i, 10)
}

// Real writes a number.
func (w *Writer) Real(f float64) {
	w.next()
	switch {
	case math.IsNaN(f):
		w.block = append(w.block, `"NaN"`...)
	case math.IsInf(f, 1):
		w.block = append(w.block, `"Infinity"`...)
	case math.IsInf(f, -1):
		w.block = append(w.block, `"-Infinity"`...)
	default:
		w.block = strconv.AppendFloat(w.block, f, 'g', -1, 64)
	}
}

// Boolean writes true or false.
func (w *Writer) Boolean(b bool) {
	w.next()
	w.block = strconv.AppendBool(w.block, b)
}

// Time writes a time.
func (w *Writer) Time(micros int64) {
	w.next()
	w.block = append(w.block, '"')
	w.block = w.times.append(w.block, micros)
	w.block = append(w.block, '"')
}

// End ends the row.
func (w *Writer) End() error {
	w.block = append(w.block, '}', '\n')
	w.i = 0
	if len(w.block) >= blockSize {
		w.flush()
	}
	return w.err
}

func (w *Writer) flush() {
	if w.err == nil {
		_, w.err = w.to.Write(w.block)
	}
	w.block = w.block[:0]
}

// Close writes what is held back.
func (w *Writer) Close() error {
	w.flush()
	return w.err
}
