package web

import (
	"math"
	"strconv"
	"time"

	"github.com/stagedoor/stagedoor/internal/web/words"
)

// field is a question of a form.
type field struct {
	Name, Label string
	Value       string // what was typed; never of a secret
	Kind        string // of the input: "text" (default), "password", "url", "textarea" …
	Hint        string
	Where       string // where on Zoom's page it is found
	Error, Fix  string // what is wrong with what was typed
	Required    bool
	Odd         bool   // what is wrong is only odd: it may be right all the same
	Placeholder string // what counts where it is empty
	Complete    string // autocomplete; default "off"
	// Check is the address that is asked about what was typed, while typing; empty:
	// none.
	Check string
	Rows  int // of a textarea
}

func (f field) id() string { return "field-" + f.Name }

// describedBy are the ids of what tells about the field.
func (f field) describedBy() string {
	by := f.id() + "-error"
	if f.Where != "" {
		by = f.id() + "-where " + by
	}
	if f.Hint != "" {
		by = f.id() + "-hint " + by
	}
	return by
}

func (f field) kind() string {
	if f.Kind == "" {
		return "text"
	}
	return f.Kind
}

func (f field) complete() string {
	if f.Complete == "" {
		return "off"
	}
	return f.Complete
}

// mark is the sign of a state, which stands beside its word, so that nothing is
// told by colour alone.
func mark(state string) string {
	switch state {
	case "ok":
		return "✓"
	case "warn":
		return "!"
	case "fail":
		return "✕"
	}
	return "•"
}

// exact is a time as a machine reads it.
func exact(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// ago is how long ago or ahead a time is, in the words of the page's script, which goes
// on telling it (Intl.RelativeTimeFormat, numeric "auto").
func ago(t, now time.Time) string {
	left := t.Sub(now).Seconds()
	if math.Abs(left) < 5 {
		return "now"
	}
	for _, step := range []struct {
		unit string
		size float64
	}{{"second", 60}, {"minute", 60}, {"hour", 24}, {"day", 30}, {"month", 12}, {"year", math.Inf(1)}} {
		if n := math.Floor(left + 0.5); math.Abs(n) < step.size {
			return apart(int(n), step.unit)
		}
		left /= step.size
	}
	return plain(t)
}

func apart(n int, unit string) string {
	switch {
	case n == -1 && unit == "day":
		return "yesterday"
	case n == 1 && unit == "day":
		return "tomorrow"
	case n == -1 && (unit == "month" || unit == "year"):
		return "last " + unit
	case n == 1 && (unit == "month" || unit == "year"):
		return "next " + unit
	}
	count := max(n, -n)
	text := strconv.Itoa(count) + " " + unit
	if count != 1 {
		text += "s"
	}
	if n < 0 {
		return text + " ago"
	}
	return "in " + text
}

// plain is a time as people read it who have no script.
func plain(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// option is a choice of a select, or a tab.
type option struct {
	Value, Label string
	Chosen       bool
}

// copyWord is what a button says that copies something.
func copyWord(what string) string {
	if what == "" {
		return words.Copy
	}
	return words.Copy + " " + what
}
