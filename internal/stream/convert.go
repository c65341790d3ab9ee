package stream

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stagedoor/stagedoor"
)

// convert turns a value as Zoom sent it into one of the column's type, or nil
// for null and for an empty text where a text is no value. A list of one value
// counts as that value, and one of none as none. It returns false where the value does not fit.
func convert(t stagedoor.ColumnType, raw jsontext.Value) (any, bool) {
	switch raw.Kind() {
	case 'n':
		return nil, true
	case '[', '{':
		if t == stagedoor.JSON {
			compact := raw.Clone()
			if err := compact.Compact(lenient); err != nil {
				return nil, false
			}
			return string(compact), true
		}
		only, ok := single(raw)
		if !ok || only == nil {
			return nil, ok
		}
		return convert(t, only)
	}
	if t == stagedoor.JSON {
		return string(raw), true
	}
	text := string(raw)
	if raw.Kind() == '"' {
		unquoted, err := jsontext.AppendUnquote(nil, raw)
		if err != nil && unquoted == nil {
			return nil, false
		}
		text = string(unquoted)
	}
	if t == stagedoor.Text {
		return text, true
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, true
	}
	if value, ok := parse(t, text); ok {
		return value, true
	}
	return nil, false
}

func parse(t stagedoor.ColumnType, text string) (any, bool) {
	switch t {
	case stagedoor.Integer:
		return integer(text)
	case stagedoor.Real:
		f, err := strconv.ParseFloat(text, 64)
		return f, err == nil
	case stagedoor.Boolean:
		b, err := strconv.ParseBool(text)
		return b, err == nil
	case stagedoor.Digits:
		return digits(text)
	case stagedoor.Timestamp:
		return timestamp(text)
	case stagedoor.ActivityTime:
		return activityTime(text)
	case stagedoor.MinuteTime:
		return minuteTime(text)
	}
	return nil, false
}

// single returns the only element of a list, and nil of an empty one.
func single(raw jsontext.Value) (jsontext.Value, bool) {
	if raw.Kind() != '[' {
		return nil, false
	}
	dec := jsontext.NewDecoder(strings.NewReader(string(raw)), lenient)
	if _, err := dec.ReadToken(); err != nil {
		return nil, false
	}
	if dec.PeekKind() == ']' {
		return nil, true
	}
	value, err := dec.ReadValue()
	value = value.Clone() // it ends with the next read
	if err != nil || dec.PeekKind() != ']' {
		return nil, false
	}
	return value, true
}

// integer takes what is a whole number without going through a float, which
// would lose digits of long ids.
func integer(text string) (any, bool) {
	if whole, fraction, ok := strings.Cut(text, "."); ok && strings.Trim(fraction, "0") == "" {
		text = whole
	}
	i, err := strconv.ParseInt(text, 10, 64)
	return i, err == nil
}

// digits takes an id that is shown in groups, "982 610 0285", as its digits.
func digits(text string) (any, bool) {
	if strings.ContainsAny(text, " \u00a0-") {
		text = strings.NewReplacer(" ", "", "\u00a0", "", "-", "").Replace(text)
	}
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return nil, false
	}
	return text, true
}

// timestamp takes RFC 3339, which most of Zoom's times are, and the same
// without a zone, which is taken as UTC.
func timestamp(text string) (any, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return sensible(t)
		}
	}
	return nil, false
}

// sensible takes times whose years have four digits in UTC: keys start with the
// day, and sort as text.
func sensible(t time.Time) (any, bool) {
	t = t.UTC()
	return t, t.Year() >= 1 && t.Year() <= 9999
}

// activityTime takes "2024-03-21 07:09:03:216": a colon stands before the
// milliseconds, and there is no zone. Elastic's integration reads it as UTC;
// Zoom does not say.
func activityTime(text string) (any, bool) {
	if strings.Count(text, ":") == 3 {
		i := strings.LastIndexByte(text, ':')
		text = text[:i] + "." + text[i+1:]
	}
	if t, err := time.Parse("2006-01-02 15:04:05.999", text); err == nil {
		return sensible(t)
	}
	return timestamp(text)
}

// minuteTime takes "12/22/2021 16:20", the month first and without a zone, as
// the report of a user's meetings writes some of its times; Zoom's document says
// nothing of the zone.
func minuteTime(text string) (any, bool) {
	if t, err := time.Parse("1/2/2006 15:04", text); err == nil {
		return sensible(t)
	}
	return timestamp(text)
}
