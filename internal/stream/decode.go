package stream

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/stagedoor/stagedoor"
)

// lenient takes what Zoom's edge may send: a repeated name (the last one
// counts) and text that is not UTF-8 or holds lone surrogates.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// Decoder turns the rows of one slice into records; of a slice that holds several
// parts, those of one part. It counts equal rows, so each slice and part, and
// each new reading of it, takes a new one. It is not safe for concurrent use.
type Decoder struct {
	stream  stagedoor.Stream
	first   string         // the slice's first day, for rows whose own can't be read
	columns map[string]int // field of Zoom's record → column
	given   []given        // what the part fills, whatever the record says
	days    []int          // the columns of Stream.Day
	ids     [][]int        // the columns of Stream.ID
	content []int          // the columns of Stream.Content
	seen    map[string]int // content hash with its day → how many came
	values  []any
	former  []any   // texts of the row before, by column
	fields  []field // names of the row before, in their order
	line    []byte  // the key, while it is made
	text    []byte  // a value of a row without an id
	hashed  []byte  // all of them

	dated   time.Time // the time whose day was written last
	dayText []byte
}

// given is a column that the part fills.
type given struct {
	column int
	value  any
}

// NewDecoder returns a decoder for the rows of a slice that belong to the part;
// the zero part is that of a stream which is read as one.
func NewDecoder(s stagedoor.Stream, slice stagedoor.Slice, part stagedoor.Part) *Decoder {
	d := &Decoder{
		stream: s, first: slice.Days.Since.Format(time.DateOnly),
		columns: make(map[string]int, len(s.Columns)),
		seen:    map[string]int{},
		values:  make([]any, len(s.Columns)),
		former:  make([]any, len(s.Columns)),
	}
	names := make(map[string]int, len(s.Columns))
	for i, c := range s.Columns {
		d.columns[c.Source()] = i
		names[c.Name] = i
		if s.Partition != nil && s.Partition.Into == c.Name && part.Value != "" {
			d.given = append(d.given, given{i, part.Value})
		} else if value, ok := part.Carried[c.Name]; ok {
			d.given = append(d.given, given{i, value})
		}
	}
	places := func(list []string) []int {
		var columns []int
		for _, name := range list {
			if i, ok := names[name]; ok {
				columns = append(columns, i)
			}
		}
		return columns
	}
	d.days, d.content = places(s.Day), places(s.Content)
	for _, alternative := range s.ID {
		d.ids = append(d.ids, places(alternative))
	}
	if len(s.Content) == 0 {
		for i := range s.Columns {
			d.content = append(d.content, i)
		}
	}
	return d
}

// Decode reads one row. The record shares raw, and its values are valid until
// the next call. A row that is no JSON object is an error.
func (d *Decoder) Decode(raw []byte) (stagedoor.Decoded, error) {
	out := stagedoor.Decoded{Record: stagedoor.Record{Values: d.values, Raw: raw}}
	clear(d.values)
	if !d.plain(raw, &out) {
		out.Unknown, out.Changed, out.Cleaned = nil, nil, 0
		if err := d.read(raw, &out); err != nil {
			return out, err
		}
	}
	for _, g := range d.given {
		d.values[g.column] = g.value
	}
	out.Key = d.key()
	return out, nil
}

// read fills in the values of the columns that the record names.
func (d *Decoder) read(raw []byte, out *stagedoor.Decoded) error {
	clear(d.values) // plain has filled in some
	dec := jsontext.NewDecoder(bytes.NewReader(raw), lenient)
	if open, err := dec.ReadToken(); err != nil || open.Kind() != '{' {
		return d.refuse("it is not a JSON object")
	}
	known := 0
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return d.refuse("it is not valid JSON")
		}
		field := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return d.refuse("it is not valid JSON")
		}
		i, declared := d.columns[field]
		if !declared {
			out.Unknown = append(out.Unknown, field)
			continue
		}
		known++
		d.take(i, value, out)
	}
	if known == 0 {
		return d.refuse("it has none of the stream's fields")
	}
	return nil
}

// take fills in a value of a column.
func (d *Decoder) take(i int, value jsontext.Value, out *stagedoor.Decoded) {
	column := d.stream.Columns[i]
	converted, ok := convert(column.Type, value)
	if !ok {
		d.values[i] = nil // the field may have come before: the last one counts
		out.Changed = append(out.Changed, column.Name)
		return
	}
	if text, isText := converted.(string); isText {
		cleaned, dirty := clean(text, value)
		if dirty {
			out.Cleaned++
		}
		converted = cleaned
	}
	d.values[i] = converted
}

func (d *Decoder) refuse(cause string) error {
	return &stagedoor.Error{Op: "read a row of " + d.stream.Name, Kind: stagedoor.KindBadAnswer, Cause: cause}
}

// longestID is the most bytes of an id that stand in a key as they are. An index
// of PostgreSQL takes 2,704 bytes (its page on B-tree limits, read 2026-11), and
// some of what identifies people are names that they chose themselves.
const longestID = 512

// key returns the record's key: its UTC day and then its id, or a hash of its
// content and an ordinal among its equals.
func (d *Decoder) key() string {
	line := d.line[:0]
	if len(d.days) > 0 {
		line = append(d.day(line), ':')
	}
	day := len(line)
	for _, columns := range d.ids {
		if len(columns) == 0 || d.empty(columns[0]) {
			continue
		}
		line = d.id(line, columns)
		if len(line)-day > longestID {
			sum := sha256.Sum256(line[day:])
			line = hex.AppendEncode(line[:day], sum[:])
		}
		d.line = line
		return string(line)
	}
	hashed := d.hashed[:0]
	for _, i := range d.content {
		d.text = appendText(d.text[:0], d.values[i])
		if len(d.text) > 0 {
			// The length keeps "ab"+"c" apart from "a"+"bc".
			hashed = append(append(hashed, d.stream.Columns[i].Name...), '=')
			hashed = append(strconv.AppendInt(hashed, int64(len(d.text)), 10), ':')
			hashed = append(append(hashed, d.text...), '\n')
		}
	}
	d.hashed = hashed
	sum := sha256.Sum256(hashed)
	line = hex.AppendEncode(line, sum[:16])
	times := d.seen[string(line)] + 1
	d.seen[string(line)] = times
	d.line = strconv.AppendInt(append(line, ':'), int64(times), 10)
	return string(d.line)
}

// id appends the texts of the columns with colons between. Times hold as many
// colons always, and in other texts before the last they are written %3A: so
// two ids are never one.
func (d *Decoder) id(line []byte, columns []int) []byte {
	for n, i := range columns {
		if n > 0 {
			line = append(line, ':')
		}
		before := len(line)
		line = appendText(line, d.values[i])
		if _, isTime := d.values[i].(time.Time); !isTime && n < len(columns)-1 && (bytes.IndexByte(line[before:], ':') >= 0 || bytes.IndexByte(line[before:], '%') >= 0) {
			escaped := strings.NewReplacer("%", "%25", ":", "%3A").Replace(string(line[before:]))
			line = append(line[:before], escaped...)
		}
	}
	return line
}

// day appends the day that the key starts with. A row whose own day can't be
// read belongs to the first day of the slice that it came with.
func (d *Decoder) day(line []byte) []byte {
	for _, i := range d.days {
		if t, ok := d.values[i].(time.Time); ok {
			if t != d.dated || d.dayText == nil { // of a meeting, all rows have one
				d.dated, d.dayText = t, t.AppendFormat(d.dayText[:0], time.DateOnly)
			}
			return append(line, d.dayText...)
		}
	}
	return append(line, d.first...)
}

func (d *Decoder) empty(column int) bool {
	value := d.values[column]
	return value == nil || value == ""
}

func text(value any) string { return string(appendText(nil, value)) }

// appendText appends a value as it stands in keys.
func appendText(line []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return line
	case string:
		return append(line, v...)
	case time.Time:
		return v.AppendFormat(line, time.RFC3339Nano)
	case int64:
		return strconv.AppendInt(line, v, 10)
	default:
		return fmt.Append(line, v)
	}
}

// clean replaces what databases do not take in text: NUL, and lone surrogates,
// which the decoder has turned into U+FFFD already.
func clean(text string, raw jsontext.Value) (string, bool) {
	dirty := false
	if strings.ContainsRune(text, 0) {
		text = strings.ReplaceAll(text, "\x00", "\uFFFD")
		dirty = true
	}
	if strings.ContainsRune(text, '\uFFFD') && !bytes.Contains(raw, []byte("\uFFFD")) && !bytes.Contains(bytes.ToLower(raw), []byte(`\ufffd`)) {
		dirty = true
	}
	return text, dirty
}
