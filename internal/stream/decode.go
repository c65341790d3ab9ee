package stream

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
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

// Decoder turns the rows of one slice into records. It counts equal rows, so
// each slice, and each new reading of it, takes a new one. It is not safe for
// concurrent use.
type Decoder struct {
	stream  stagedoor.Stream
	days    stagedoor.Days
	part    string         // of a stream that is read in parts
	into    int            // its column; -1 for streams that are read as one
	columns map[string]int // field of Zoom's record → column
	seen    map[string]int // content hash with its day → how many came
	values  []any
}

// NewDecoder returns a decoder for one slice of the stream.
func NewDecoder(s stagedoor.Stream, slice stagedoor.Slice) *Decoder {
	d := &Decoder{
		stream: s, days: slice.Days, part: slice.Partition, into: -1,
		columns: make(map[string]int, len(s.Columns)),
		seen:    map[string]int{},
		values:  make([]any, len(s.Columns)),
	}
	for i, c := range s.Columns {
		d.columns[c.Source()] = i
		if s.Partition != nil && s.Partition.Into == c.Name {
			d.into = i
		}
	}
	return d
}

// Decode reads one row. The record shares raw, and its values are valid until
// the next call. A row that is no JSON object is an error.
func (d *Decoder) Decode(raw []byte) (stagedoor.Decoded, error) {
	out := stagedoor.Decoded{Record: stagedoor.Record{Values: d.values, Raw: raw}}
	clear(d.values)
	dec := jsontext.NewDecoder(bytes.NewReader(raw), lenient)
	if open, err := dec.ReadToken(); err != nil || open.Kind() != '{' {
		return out, &stagedoor.Error{
			Op: "read a row of " + d.stream.Name, Kind: stagedoor.KindBadAnswer,
			Cause: "it is not a JSON object",
		}
	}
	known := 0
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return out, d.broken(err)
		}
		field := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return out, d.broken(err)
		}
		i, declared := d.columns[field]
		if !declared {
			out.Unknown = append(out.Unknown, field)
			continue
		}
		column := d.stream.Columns[i]
		converted, ok := convert(column.Type, value)
		known++
		if !ok {
			d.values[i] = nil // the field may have come before: the last one counts
			out.Changed = append(out.Changed, column.Name)
			continue
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
	if known == 0 {
		return out, &stagedoor.Error{
			Op: "read a row of " + d.stream.Name, Kind: stagedoor.KindBadAnswer,
			Cause: "it has none of the stream's fields",
		}
	}
	if d.into >= 0 {
		d.values[d.into] = d.part
	}
	out.Key = d.key()
	return out, nil
}

func (d *Decoder) broken(error) error {
	return &stagedoor.Error{
		Op: "read a row of " + d.stream.Name, Kind: stagedoor.KindBadAnswer,
		Cause: "it is not valid JSON",
	}
}

// key returns the record's key: its UTC day and then its id, or a hash of its
// content and an ordinal among its equals.
func (d *Decoder) key() string {
	day := d.day()
	for _, columns := range d.stream.ID {
		if d.text(columns[0]) == "" {
			continue
		}
		var id []string
		for _, name := range columns {
			id = append(id, d.text(name))
		}
		return join(day, strings.Join(id, ":"))
	}
	content := d.stream.Content
	if len(content) == 0 {
		for _, c := range d.stream.Columns {
			content = append(content, c.Name)
		}
	}
	hash := sha256.New()
	for _, name := range content {
		if text := d.text(name); text != "" {
			// The length keeps "ab"+"c" apart from "a"+"bc".
			fmt.Fprintf(hash, "%s=%d:%s\n", name, len(text), text)
		}
	}
	sum := hash.Sum(nil)
	key := join(day, hex.EncodeToString(sum[:16]))
	d.seen[key]++
	return key + ":" + strconv.Itoa(d.seen[key])
}

// day returns the day that the key starts with. A row whose own day can't be
// read belongs to the first day of the slice that it came with.
func (d *Decoder) day() string {
	if len(d.stream.Day) == 0 {
		return ""
	}
	for _, name := range d.stream.Day {
		if t, ok := d.value(name).(time.Time); ok {
			return t.Format(time.DateOnly)
		}
	}
	return d.days.Since.Format(time.DateOnly)
}

func (d *Decoder) value(name string) any {
	i := slices.IndexFunc(d.stream.Columns, func(c stagedoor.Column) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return d.values[i]
}

func (d *Decoder) text(name string) string {
	switch v := d.value(name).(type) {
	case nil:
		return ""
	case time.Time:
		return v.Format(time.RFC3339Nano)
	default:
		return fmt.Sprint(v)
	}
}

func join(day, id string) string {
	if day == "" {
		return id
	}
	return day + ":" + id
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
