package stagedoor

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// errorsPage tells of every kind; with the kind behind it, it names a type of
// problem.
const errorsPage = "https://github.com/stagedoor/stagedoor/blob/main/docs/errors.md#"

// Problem is how the daemon's own answers tell of an error, those of RFC 6749
// excepted: a problem document that is also an error in the form of Zoom's,
// {"code", "message"}, so that a client of Zoom's shows it as it shows Zoom's.
// Source: RFC 9457 section 3, read 2026-11.
type Problem struct {
	Type   string `json:"type"`  // names the kind: where [Kinds] are told of; "about:blank" where the status says more
	Title  string `json:"title"` // what the kind, or the status, means
	Status int    `json:"status"`
	Detail string `json:"detail"` // the cause
	Fix    string `json:"fix,omitempty"`
	Kind   Kind   `json:"kind"`
	// Who must act: "caller", "operator" (whoever keeps this Stagedoor), or
	// "nobody": it passes by itself.
	Who      string `json:"who"`
	Tracking string `json:"tracking,omitempty"`

	Code    int    `json:"code"` // the status again
	Message string `json:"message"`
}

// ProblemOf tells of an error in an answer of this status; 0: that of its kind. Of
// an error that is no [Error] it says nothing, since nobody chose its words for
// others to read.
func ProblemOf(err error, status int) Problem {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Kind: KindInternal, Fix: "See the log of Stagedoor."}
	}
	row := e.Kind.Row()
	if status == 0 {
		status = row.HTTP
	}
	cause := told(e)
	if cause == "" {
		cause = row.Means
	}
	kind, title := errorsPage+string(e.Kind), row.Means
	if status != row.HTTP { // the status says what the kind does not
		kind, title = "about:blank", http.StatusText(status)
	}
	p := Problem{
		Type: kind, Title: title, Status: status, Detail: cause, Fix: e.Fix, Kind: e.Kind,
		Who: whoActs(e.Kind, status), Tracking: e.Tracking,
		Code: status, Message: strings.TrimSpace(capital(strings.TrimSuffix(cause, ".")) + ". " + e.Fix),
	}
	if p.Who == "operator" {
		p.Fix = strings.TrimSpace("Whoever keeps this gateway must act. " + p.Fix)
	}
	return p
}

// told is the cause, with what it is about where that is the request itself or a
// name that whoever asks knows. Subjects of other errors are not theirs to see.
func told(e *Error) string {
	switch e.Kind {
	case KindUsage, KindNotFound, KindForbidden, KindDisabled:
		if e.Subject != "" && e.Cause != "" {
			return e.Subject + ": " + e.Cause
		}
	}
	return e.Cause
}

func whoActs(kind Kind, status int) string {
	row := kind.Row()
	switch {
	case row.Person, kind == KindDisabled:
		return "operator"
	case row.Retry:
		return "nobody"
	case status < 500:
		return "caller"
	}
	return "operator"
}

func capital(text string) string {
	first, length := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[length:]
}

// Write answers with the problem. No cache keeps it.
func (p Problem) Write(w http.ResponseWriter) {
	text, _ := json.Marshal(p) // texts and numbers alone: it can not fail
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(text)+1))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(text, '\n')) // who has gone needs no answer
}
