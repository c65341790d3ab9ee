package stdout

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"time"

	"github.com/stagedoor/stagedoor"
)

// csvFormat prints RFC 4180 with a header. Lines end with LF: encoding/csv can
// end them with CRLF only by changing line ends inside the data too.
type csvFormat struct{ started bool }

func (f *csvFormat) layout() layout { return &csvRows{} }

func (f *csvFormat) print(w *bufio.Writer, stream stagedoor.Stream, _ layout, rows rowsOf) error {
	if !f.started {
		f.started = true
		var names []string
		for _, column := range stream.Columns {
			names = append(names, column.Name)
		}
		header := csv.NewWriter(w)
		if err := header.Write(names); err != nil {
			return err
		}
		header.Flush()
		if err := header.Error(); err != nil {
			return err
		}
	}
	return rows(func(row []byte) error {
		_, err := w.Write(row)
		return err
	})
}

func (f *csvFormat) close(*bufio.Writer) error { return nil }

// csvRows lays rows out as lines of CSV.
type csvRows struct {
	line  bytes.Buffer
	cells []string
}

func (l *csvRows) append(b []byte, _ stagedoor.Stream, values []any) ([]byte, error) {
	l.line.Reset()
	l.cells = l.cells[:0]
	for _, v := range values {
		l.cells = append(l.cells, cell(v))
	}
	w := csv.NewWriter(&l.line)
	if err := w.Write(l.cells); err != nil {
		return b, err
	}
	w.Flush()
	return append(b, l.line.Bytes()...), w.Error()
}

// cell is a value as text: null is empty.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return v.UTC().Format(timeFormat)
	}
	return fmt.Sprint(v)
}
