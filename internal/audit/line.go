package audit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// The actions of the lines that the audit writes itself.
const (
	actOpen = "audit.open" // opens a chain
	actGap  = "audit.gap"  // stands where lines were lost
)

// line is what stands in a row. The order of the fields is the order in the text.
type line struct {
	stagedoor.Event
	Lost  int64    `json:"lost,omitempty"` // lines that could not be written before this one
	Opens *opening `json:"opens,omitempty"`
}

// opening says what was there when a chain was opened.
type opening struct {
	Previous stagedoor.AuditMAC     `json:"previous"` // of the line that opened the chain before it
	Ends     []stagedoor.AuditPlace `json:"ends"`     // of the chains that grew since then
}

// longest bounds each text of an event, in bytes. A path may be as long as a
// request's headers; its beginning says enough.
const longest = 1024

// normal is the event as it is kept: times in microseconds UTC, texts of valid
// UTF-8 and bounded length, and of a path no query.
func normal(e stagedoor.Event) stagedoor.Event {
	e.At = e.At.UTC().Truncate(time.Microsecond)
	if strings.HasPrefix(e.Subject, "/") {
		e.Subject, _, _ = strings.Cut(e.Subject, "?")
	}
	for _, text := range []*string{&e.Actor, &e.Action, &e.Subject, &e.Credential, &e.From, &e.Result, &e.Detail, &e.Tracking} {
		*text = bounded(*text)
	}
	return e
}

func bounded(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest-len("…")], "") + "…"
}

// encode writes the line in its one form. Two lines have the same text only if
// they are the same.
func encode(l line) (string, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(l); err != nil {
		return "", err
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}

func decode(text string) (line, error) {
	var l line
	err := json.Unmarshal([]byte(text), &l)
	return l, err
}

// seal is what makes MACs. Each purpose has MACs of its own, so that none passes
// for another.
type seal []byte

func (key seal) mac(purpose string, parts ...[]byte) stagedoor.AuditMAC {
	h := hmac.New(sha256.New, key)
	for _, part := range append([][]byte{[]byte(purpose)}, parts...) {
		// The length stands before each part, so that no other parts give the
		// same bytes.
		h.Write(number(int64(len(part))))
		h.Write(part)
	}
	return h.Sum(nil)
}

// line is the MAC of a line at its place.
func (key seal) line(chain, sequence int64, before stagedoor.AuditMAC, text string) stagedoor.AuditMAC {
	return key.mac("audit line", number(chain), number(sequence), before, []byte(text))
}

func number(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }
