package sqlite

import (
	"bytes"
	"time"
	"unicode/utf8"

	"github.com/stagedoor/stagedoor"
)

// timeFormat sorts as text in the order of time.
const timeFormat = "2006-01-02T15:04:05.000Z"

func timeText(t time.Time) string { return string(appendTime(nil, t)) }

// appendTime is what Format does with timeFormat, faster: rows have several. A
// year has four digits, as the streams hold.
func appendTime(line []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	line = append(twoDigits(twoDigits(line, year/100), year%100), '-')
	line = append(twoDigits(line, int(month)), '-')
	line = append(twoDigits(line, day), 'T')
	line = append(twoDigits(line, hour), ':')
	line = append(twoDigits(line, minute), ':')
	line = append(twoDigits(line, second), '.')
	milliseconds := t.Nanosecond() / 1e6
	return append(twoDigits(line, milliseconds/10), '0'+byte(milliseconds%10), 'Z')
}

func twoDigits(line []byte, n int) []byte { return append(line, '0'+byte(n/10), '0'+byte(n%10)) }

// isSQLiteText reports whether a record can lie as text, byte for byte; with a
// NUL readers would cut it there, and other bytes are no text.
func isSQLiteText(raw []byte) bool {
	return utf8.Valid(raw) && bytes.IndexByte(raw, 0) < 0
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
