package stdout

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stagedoor/stagedoor"
)

// timeFormat is RFC 3339 with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z"

// objects lays rows out as JSON objects, each in one line.
type objects struct{ several bool }

func (o objects) append(b []byte, stream stagedoor.Stream, values []any) ([]byte, error) {
	b = append(b, '{')
	if o.several {
		b = append(b, `"_stream":`...)
		b = appendText(b, stream.Name)
		b = append(b, ',')
	}
	for i, column := range stream.Columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, column.Name)
		b = append(b, ':')
		var err error
		if b, err = appendValue(b, column, values[i]); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

func appendValue(b []byte, column stagedoor.Column, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) { // JSON has no word for them
			return append(b, "null"...), nil
		}
		text, err := json.Marshal(v)
		return append(b, text...), err
	case time.Time:
		b = append(b, '"')
		b = v.UTC().AppendFormat(b, timeFormat)
		return append(b, '"'), nil
	case string:
		if column.Type == stagedoor.JSON && json.Valid([]byte(v)) {
			// Compact drops blanks and line ends between tokens and leaves
			// the tokens, so that numbers keep every digit.
			var line bytes.Buffer
			err := json.Compact(&line, []byte(v))
			return append(b, line.Bytes()...), err
		}
		return appendText(b, v), nil
	}
	return b, fmt.Errorf("column %s holds a %T", column.Name, v)
}

// appendText quotes text; what is not UTF-8 becomes U+FFFD.
func appendText(b []byte, text string) []byte {
	b, _ = jsontext.AppendQuote(b, text) // the error only tells of a replacement
	return b
}

// ndjsonFormat prints an object a line.
type ndjsonFormat struct{ several bool }

func (f *ndjsonFormat) layout() layout { return objects{f.several} }

func (f *ndjsonFormat) print(w *bufio.Writer, _ stagedoor.Stream, _ layout, rows rowsOf) error {
	return rows(func(row []byte) error {
		_, _ = w.Write(row) // a bufio.Writer tells its error again
		return w.WriteByte('\n')
	})
}

func (f *ndjsonFormat) close(*bufio.Writer) error { return nil }

// jsonFormat prints one array over all slices.
type jsonFormat struct {
	several bool
	started bool
}

func (f *jsonFormat) layout() layout { return objects{f.several} }

func (f *jsonFormat) print(w *bufio.Writer, _ stagedoor.Stream, _ layout, rows rowsOf) error {
	return rows(func(row []byte) error {
		between := ",\n"
		if !f.started {
			between, f.started = "[\n", true
		}
		_, _ = w.WriteString(between)
		_, err := w.Write(row)
		return err
	})
}

func (f *jsonFormat) close(w *bufio.Writer) error {
	end := "\n]\n"
	if !f.started {
		end = "[]\n"
	}
	_, err := w.WriteString(end)
	return err
}
