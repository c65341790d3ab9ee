package csv

import (
	"bytes"
	"io"
	"strconv"

	"github.com/stagedoor/stagedoor"
)

const (
	blockSize = 64 << 10
)

// Writer writes rows. It fulfils folder.Writer.
type Writer struct {
	to    io.Writer
	block []byte
	begun bool // a field of the row is there
	err   error
	times times
}

// NewWriter returns a writer of rows with these columns; it writes the header.
func NewWriter(to io.Writer, columns []stagedoor.Column) (*Writer, error) {
	w := &Writer{to: to, block: make([]byte, 0, blockSize+blockSize/4)}
	for _, c := range columns {
		w.Text([]byte(c.Name))
	}
	return w, w.End()
}

func (w *Writer) next() {
	if w.begun {
		w.block = append(w.block, ',')
	}
	w.begun = true
}

// Null writes an empty field.
func (w *Writer) Null() { w.next() }

// Text writes text.
func (w *Writer) Text(text []byte) {
	w.next()
	if !quoted(text) {
		w.block = append(w.block, text...)
		return
	}
	w.block = append(w.block, '"')
	for {
		i := bytes.IndexByte(text, '"')
		if i < 0 {
			break
		}
		w.block = append(append(w.block, text[:i+1]...), '"')
		text = text[i+1:]
	}
	w.block = append(append(w.block, text...), '"')
}

// quoted reports whether text stands between quotation marks: where it must, and
// where some reader would take blanks away or end the data (a line \. is the end
// for PostgreSQL's COPY).
func quoted(text []byte) bool {
	if len(text) == 0 || text[0] == ' ' || text[len(text)-1] == ' ' || text[0] == '\\' {
		return true
	}
	return bytes.ContainsAny(text, ",\"\r\n\t\x00")
}

// Integer writes a number.
func (w *Writer) Integer(i int64) {
	w.next()
	w.block = strconv.AppendInt(w.block, i, 10)
}

// Real writes a number.
func (w *Writer) Real(f float64) {
	w.next()
	w.block = strconv.AppendFloat(w.block, f, 'g', -1, 64)
}

// Boolean writes true or false.
func (w *Writer) Boolean(b bool) {
	w.next()
	w.block = strconv.AppendBool(w.block, b)
}

// Time writes a time.
func (w *Writer) Time(micros int64) {
	w.next()
	w.block = w.times.append(w.block, micros)
}

// End ends the row.
func (w *Writer) End() error {
	w.block = append(w.block, '\r', '\n')
	w.begun = false
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
