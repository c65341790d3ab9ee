package postgres

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stagedoor/stagedoor"
)

// Fields are written as PostgreSQL's binary COPY takes them: the length, then
// the value in the form that its type sends. Source: postgresql.org/docs/current/
// sql-copy.html and the types' receive functions, read 2026-11.

// declared returns the type that a column is declared with, as PostgreSQL itself
// spells it.
func declared(t stagedoor.ColumnType) string {
	switch t {
	case stagedoor.Integer:
		return "bigint"
	case stagedoor.Real:
		return "double precision"
	case stagedoor.Boolean:
		return "boolean"
	case stagedoor.Timestamp, stagedoor.ActivityTime, stagedoor.MinuteTime:
		return "timestamp with time zone"
	case stagedoor.JSON:
		return "json"
	}
	return "text"
}

// appendValue appends the field of v for a column of the declared kind.
func appendValue(b []byte, kind string, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return appendNull(b), nil
	case string:
		if kind == "text" || kind == "json" {
			return appendText(b, storable(v)), nil
		}
	case int64:
		if kind == "bigint" {
			return appendInt(b, v), nil
		}
	case float64:
		if kind == "double precision" {
			return appendInt(b, int64(math.Float64bits(v))), nil
		}
	case bool:
		if kind == "boolean" {
			b = append(b, 0, 0, 0, 1, 0)
			if v {
				b[len(b)-1] = 1
			}
			return b, nil
		}
	case time.Time:
		if kind == "timestamp with time zone" {
			return appendTime(b, v), nil
		}
	}
	return b, fmt.Errorf("a value of type %T came for a column of type %s", v, kind)
}

func appendNull(b []byte) []byte { return append(b, 0xff, 0xff, 0xff, 0xff) }

func appendText[T string | []byte](b []byte, text T) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(text))), text...)
}

func appendInt(b []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(append(b, 0, 0, 0, 8), uint64(n))
}

// epoch is the first of January 2000, from which PostgreSQL counts microseconds.
const epoch = 946_684_800_000_000

func appendTime(b []byte, t time.Time) []byte { return appendInt(b, t.UnixMicro()-epoch) }

// appendRaw appends the fields of _raw and _raw_bytes.
func appendRaw(b, raw []byte) []byte {
	if utf8.Valid(raw) && bytes.IndexByte(raw, 0) < 0 {
		return appendNull(appendText(b, raw))
	}
	return appendText(appendText(b, storable(string(raw))), raw)
}

// storable returns the text with U+FFFD where PostgreSQL's text can not hold it.
func storable(text string) string {
	if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// keyLimit keeps keys below what an index takes: a third of a page of 8192
// bytes, less what the index itself needs.
const keyLimit = 2000

// storedKey returns the key as it is stored: itself, or where PostgreSQL can not
// hold or index it, its beginning and a hash.
func storedKey(key string) string {
	if len(key) <= keyLimit && utf8.ValidString(key) && strings.IndexByte(key, 0) < 0 {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return storable(key[:min(len(key), keyLimit/4)]) + "#" + hex.EncodeToString(sum[:])
}

// when is the time as it is stored, to the microsecond.
func when(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
