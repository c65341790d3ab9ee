package form

import (
	"context"
	"errors"
	"strings"
	"unicode"
)

// ErrLeft says that the person went away: Ctrl-C, Esc, the end of input, or a
// signal.
var ErrLeft = errors.New("the form was left")

// Asker puts questions to a person. Ask writes the answers where the questions
// say, and returns [ErrLeft] if the person left; the answers may be written in
// part then.
type Asker interface {
	Ask(ctx context.Context, questions ...Question) error
}

// Question is one thing that is asked. Exactly one of Text, One and Several
// says where the answer goes; what is there already is shown as the answer that
// Enter gives.
type Question struct {
	Title string
	About string // one or two sentences: what it is, where it is found

	// Text takes a text. It is handed over without blanks around it: they come
	// along when text is copied from a page.
	Text   *string
	Hidden bool // what is typed is not shown
	// Kept is for a hidden text that was typed before: an empty answer keeps it.
	Kept bool
	// Check remarks on a text at every key; nil: nothing to remark.
	Check func(text string) Remark

	One     *string   // the value of the option that is chosen
	Several *[]string // the values of those that are
	Options []Option
}

// Option is one of a choice.
type Option struct {
	Value string
	Title string
	About string // may be cut off where there is no room
}

// Remark is what there is to say of a text while it is typed.
type Remark struct {
	Says    string
	Refused bool // it can not be right; otherwise it is only odd
}

// check is Check of the text as it would be handed over.
func (q Question) check(text string) Remark {
	text = trimmed(text)
	if text == "" && q.Kept || q.Check == nil {
		return Remark{}
	}
	return q.Check(text)
}

// answer hands a text over.
func (q Question) answer(text string) {
	if text = trimmed(text); text != "" || !q.Kept {
		*q.Text = text
	}
}

// trimmed is a text without blanks and invisible characters around it.
func trimmed(text string) string { return strings.TrimFunc(text, blank) }

func blank(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}
