package sqlite

import (
	"bytes"
	"time"
	"unicode/utf8"

	"github.com/stagedoor/stagedoor"
)

// timeFormat sorts as text in the order of time.
const timeFormat = "2006-01-02T15:04:05.000Z"

func timeText(t time.Time) string { return t.UTC().Format(timeFormat) }

// value returns v as SQLite keeps it.
func value(v any) any {
	switch v := v.(type) {
	case time.Time:
		return timeText(v)
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	}
	return v
}

// rawValue returns the record as text, byte for byte; as a BLOB where text
// would be cut at a NUL by readers, or is not text.
func rawValue(raw []byte) any {
	if utf8.Valid(raw) && bytes.IndexByte(raw, 0) < 0 {
		return string(raw)
	}
	return bytes.Clone(raw)
}

// declared returns the type that a column is declared with.
func declared(t stagedoor.ColumnType) string {
	switch t {
	case stagedoor.Integer, stagedoor.Boolean:
		return "INTEGER"
	case stagedoor.Real:
		return "REAL"
	}
	return "TEXT"
}
