package stream

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stagedoor/stagedoor"
)

// Nearly all rows are plain: one object, whose values are texts, numbers, true,
// false and null. A million of them go through here, so they are read by a
// scanner of their own, several times as fast as the tokens of jsontext. It
// decides nothing: whatever it does not take (lists and objects, text that is
// not UTF-8, anything that may not be JSON) it leaves to [Decoder.read], which
// must come to the same (FuzzPlain).

// field is a name of the former row, at its place, and its column; -1 for none.
// The provider sends names in one order.
type field struct {
	name   string
	column int
}

// plain fills in the values of a plain row. It reports false where the row is not
// one; what it has filled in by then counts for nothing.
func (d *Decoder) plain(raw []byte, out *stagedoor.Decoded) bool {
	i := blanks(raw, 0)
	if i == len(raw) || raw[i] != '{' {
		return false
	}
	text := string(raw) // the values share it
	known := 0
	for n := 0; ; n++ {
		i = blanks(raw, i+1)
		end, escaped := quote(text, i)
		if end < 0 || escaped {
			return false
		}
		column := d.columnAt(n, text[i+1:end-1])
		i = blanks(raw, end)
		if i == len(raw) || raw[i] != ':' {
			return false
		}
		i = blanks(raw, i+1)
		end, escaped = scalar(text, i)
		if end < 0 || escaped && !jsontext.Value(raw[i:end]).IsValid(lenient) {
			return false
		}
		if column < 0 {
			out.Unknown = append(out.Unknown, d.fields[n].name)
		} else {
			known++
			if value, ok := d.quick(column, text[i:end], escaped); ok {
				d.values[column] = value
			} else {
				d.take(column, raw[i:end], out)
			}
		}
		i = blanks(raw, end)
		if i == len(raw) || raw[i] != ',' {
			break
		}
	}
	return i < len(raw) && raw[i] == '}' && known > 0
}

// columnAt returns the column of the n-th name of a row.
func (d *Decoder) columnAt(n int, name string) int {
	if n < len(d.fields) && d.fields[n].name == name {
		return d.fields[n].column
	}
	column, declared := d.columns[name]
	if !declared {
		column = -1
	}
	d.fields = append(d.fields[:min(n, len(d.fields))], field{strings.Clone(name), column})
	return column
}

// quick converts what needs no care, and reports false for all else. A text that
// the column had in the row before is the same value again, which saves making
// one.
func (d *Decoder) quick(column int, raw string, escaped bool) (any, bool) {
	if escaped {
		return nil, false
	}
	kind := d.stream.Columns[column].Type
	if raw[0] != '"' {
		switch {
		case kind == stagedoor.Boolean && raw == "true":
			return true, true
		case kind == stagedoor.Boolean && raw == "false":
			return false, true
		case kind == stagedoor.Integer:
			return smallInteger(raw)
		}
		return nil, false
	}
	text := raw[1 : len(raw)-1]
	switch kind {
	case stagedoor.Text:
		if former, ok := d.former[column].(string); !ok || former != text {
			d.former[column] = text
		}
		return d.former[column], true
	case stagedoor.Timestamp:
		return utcSecond(text)
	}
	return nil, false
}

// smallInteger reads up to 18 digits.
func smallInteger(text string) (any, bool) {
	if len(text) > 18 {
		return nil, false
	}
	n := int64(0)
	for i := range len(text) {
		digit := text[i] - '0'
		if digit > 9 {
			return nil, false
		}
		n = n*10 + int64(digit)
	}
	return n, true
}

// utcSecond reads "2026-11-20T09:00:27Z", as nearly all of the provider's times are.
func utcSecond(text string) (any, bool) {
	if len(text) != len("2006-01-02T15:04:05Z") || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z' {
		return nil, false
	}
	ok := true
	two := func(at int) int {
		tens, ones := text[at]-'0', text[at+1]-'0'
		ok = ok && tens <= 9 && ones <= 9
		return int(tens)*10 + int(ones)
	}
	year, month, day := two(0)*100+two(2), two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	// The 29th and later are days of most months; which, time.Parse knows.
	if !ok || year < 1 || month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || minute > 59 || second > 59 {
		return nil, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC), true
}

func blanks(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\t' || raw[i] == '\r') {
		i++
	}
	return i
}

// quote returns the end of the text in quotation marks that begins at i, or -1
// where there is none, or it holds bytes that JSON's texts do not.
func quote(text string, i int) (end int, escaped bool) {
	if i >= len(text) || text[i] != '"' {
		return -1, false
	}
	ascii := true
	for end := i + 1; end < len(text); end++ {
		switch c := text[end]; {
		case c == '"':
			if !ascii && !utf8.ValidString(text[i:end]) {
				return -1, false
			}
			return end + 1, escaped
		case c == '\\':
			escaped = true
			end++
		case c < ' ':
			return -1, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return -1, false
}

// scalar returns the end of the text, number or word that begins at i, or -1
// where it begins none.
func scalar(text string, i int) (end int, escaped bool) {
	if i >= len(text) {
		return -1, false
	}
	switch c := text[i]; {
	case c == '"':
		return quote(text, i)
	case c == 't' && strings.HasPrefix(text[i:], "true"), c == 'n' && strings.HasPrefix(text[i:], "null"):
		return i + 4, false
	case c == 'f' && strings.HasPrefix(text[i:], "false"):
		return i + 5, false
	case c >= '1' && c <= '9':
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		if i < len(text) && (text[i] == '.' || text[i] == 'e' || text[i] == 'E') {
			return -1, false
		}
		return i, false
	case c == '0' && i+1 < len(text) && (text[i+1] == ',' || text[i+1] == '}'):
		return i + 1, false
	}
	return -1, false
}
