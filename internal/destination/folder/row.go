package folder

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/stagedoor/stagedoor"
)

// A row that waits lies in memory, or in a temporary file, as its key and its
// body: the cells in the order of the stream's columns, then the raw record.
// A cell is a byte that tells what it is, and what that needs.
const (
	cellNull byte = iota
	cellText
	cellInteger
	cellReal
	cellFalse
	cellTrue
	cellTime
)

// appendBody appends the cells and the raw record to body.
func appendBody(body []byte, stream stagedoor.Stream, r stagedoor.Record) ([]byte, error) {
	if len(r.Values) != len(stream.Columns) {
		return body, fmt.Errorf("the record has %d values, and the stream %d columns", len(r.Values), len(stream.Columns))
	}
	for i, v := range r.Values {
		kind := kindOf(stream.Columns[i].Type)
		fits := true
		switch v := v.(type) {
		case nil:
			body = append(body, cellNull)
		case string:
			fits = kind == stagedoor.Text || kind == stagedoor.JSON
			body = append(body, cellText)
			body = binary.AppendUvarint(body, uint64(len(v)))
			body = append(body, v...)
		case int64:
			fits = kind == stagedoor.Integer
			body = append(body, cellInteger)
			body = binary.LittleEndian.AppendUint64(body, uint64(v))
		case float64:
			fits = kind == stagedoor.Real
			body = append(body, cellReal)
			body = binary.LittleEndian.AppendUint64(body, math.Float64bits(v))
		case bool:
			fits = kind == stagedoor.Boolean
			if v {
				body = append(body, cellTrue)
			} else {
				body = append(body, cellFalse)
			}
		case time.Time:
			fits = kind == stagedoor.Timestamp
			body = append(body, cellTime)
			body = binary.LittleEndian.AppendUint64(body, uint64(micros(v)))
		default:
			fits = false
		}
		if !fits {
			return body, fmt.Errorf("the column %s of type %s was given a %T", stream.Columns[i].Name, stream.Columns[i].Type, v)
		}
	}
	return append(body, r.Raw...), nil
}

// micros is a time as files hold it: whole milliseconds, as in every other
// destination, counted in microseconds.
func micros(t time.Time) int64 { return t.UnixMilli() * 1000 }

// cell is a cell of a body.
type cell struct {
	kind   byte
	text   []byte
	number uint64
}

// cellsOf cuts a body into its cells and the raw record. The error means that a
// temporary file was changed by somebody.
func cellsOf(body []byte, cells []cell) (raw []byte, err error) {
	for i := range cells {
		if len(body) == 0 {
			return nil, errBroken
		}
		c := &cells[i]
		c.kind, body = body[0], body[1:]
		switch c.kind {
		case cellText:
			size, n := binary.Uvarint(body)
			if n <= 0 || size > uint64(len(body)-n) {
				return nil, errBroken
			}
			c.text, body = body[n:n+int(size)], body[n+int(size):]
		case cellInteger, cellReal, cellTime:
			if len(body) < 8 {
				return nil, errBroken
			}
			c.number, body = binary.LittleEndian.Uint64(body), body[8:]
		}
	}
	return body, nil
}

// to writes the cell.
func (c *cell) to(w Writer) {
	switch c.kind {
	case cellText:
		w.Text(c.text)
	case cellInteger:
		w.Integer(int64(c.number))
	case cellReal:
		w.Real(math.Float64frombits(c.number))
	case cellFalse:
		w.Boolean(false)
	case cellTrue:
		w.Boolean(true)
	case cellTime:
		w.Time(int64(c.number))
	default:
		w.Null()
	}
}

// kindOf is the type that files know a column by.
func kindOf(t stagedoor.ColumnType) stagedoor.ColumnType {
	switch t {
	case stagedoor.Integer, stagedoor.Real, stagedoor.Boolean, stagedoor.JSON:
		return t
	case stagedoor.Timestamp, stagedoor.ActivityTime, stagedoor.MinuteTime:
		return stagedoor.Timestamp
	}
	return stagedoor.Text
}

// Before the stream's own columns stands the key, and after them these.
const (
	afterParams = iota
	afterRun
	afterPulled
	afterDeleted
	afterRaw
	afterCount
)

// fileColumns are all columns of a file.
func fileColumns(own []stagedoor.Column) []stagedoor.Column {
	all := make([]stagedoor.Column, 0, len(own)+1+afterCount)
	all = append(all, stagedoor.Column{Name: "_key", Type: stagedoor.Text})
	all = append(all, own...)
	return append(all,
		stagedoor.Column{Name: "_params", Type: stagedoor.Text},
		stagedoor.Column{Name: "_run", Type: stagedoor.Text},
		stagedoor.Column{Name: "_pulled_at", Type: stagedoor.Timestamp},
		stagedoor.Column{Name: "_deleted_at", Type: stagedoor.Timestamp},
		stagedoor.Column{Name: "_raw", Type: stagedoor.Text},
	)
}

// base64Prefix stands before a raw record that is no text: not UTF-8, or with a
// NUL in it, which many readers of files stop at. A record that begins with the
// word itself is written in this way too, so that it is never in doubt.
const base64Prefix = "base64:"

// appendRaw appends the raw record as files hold it.
func appendRaw(to, raw []byte) []byte {
	if utf8.Valid(raw) && bytes.IndexByte(raw, 0) < 0 && !bytes.HasPrefix(raw, []byte(base64Prefix)) {
		return append(to, raw...)
	}
	return base64.StdEncoding.AppendEncode(append(to, base64Prefix...), raw)
}

// odd reports whether appendRaw would change the record.
func odd(raw []byte) bool {
	return !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 || bytes.HasPrefix(raw, []byte(base64Prefix))
}
