package stagedoor

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// AuditHead says how far the audit reached at some time. Whoever keeps one
// elsewhere finds, when the audit is verified with it, also that the newest lines
// were removed, or an older database put back.
type AuditHead struct {
	At     time.Time    `json:"at"`     // when it was made
	Newest int64        `json:"newest"` // the chain that was opened last
	Opened AuditMAC     `json:"opened"` // the MAC of the line that opened it
	Ends   []AuditPlace `json:"ends"`   // of the chains that grew since then
	MAC    AuditMAC     `json:"mac"`
}

// AuditPlace is how far a chain reached.
type AuditPlace struct {
	Chain    int64    `json:"chain"`
	Sequence int64    `json:"sequence"`
	MAC      AuditMAC `json:"mac"`
}

// AuditMAC is a message authentication code of the audit, written in hexadecimal.
type AuditMAC []byte

// MarshalText writes hexadecimal.
func (m AuditMAC) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(m)), nil }

// String is the MAC in hexadecimal.
func (m AuditMAC) String() string { return hex.EncodeToString(m) }

// UnmarshalText reads hexadecimal.
func (m *AuditMAC) UnmarshalText(text []byte) (err error) {
	*m, err = hex.DecodeString(string(text))
	return err
}

// auditHeadWord begins the text of a head, and names its form.
const auditHeadWord = "stagedoor-audit-head-1"

// String is the head in one line, as [ParseAuditHead] reads it.
func (h AuditHead) String() string {
	words := []string{auditHeadWord, h.At.Format(time.RFC3339), withColons(h.Newest, h.Opened)}
	for _, e := range h.Ends {
		words = append(words, withColons(e.Chain, e.Sequence, e.MAC))
	}
	return strings.Join(append(words, withColons(h.MAC)), " ")
}

func withColons(parts ...any) string {
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = fmt.Sprint(part)
	}
	return strings.Join(texts, ":")
}

// ParseAuditHead reads a head, as one line or as JSON. What it does not prove is
// that the head is one of this audit; verifying the audit does.
func ParseAuditHead(text string) (AuditHead, error) {
	var h AuditHead
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") {
		if err := json.Unmarshal([]byte(text), &h); err != nil {
			return h, notAnAuditHead(err)
		}
		return h, nil
	}
	words := strings.Fields(text)
	if len(words) < 4 || words[0] != auditHeadWord {
		return h, notAnAuditHead(nil)
	}
	var err error
	if h.At, err = time.Parse(time.RFC3339, words[1]); err != nil {
		return h, notAnAuditHead(err)
	}
	var opened AuditPlace
	if opened, err = parseAuditPlace(words[2], 1); err != nil {
		return h, notAnAuditHead(err)
	}
	h.Newest, h.Opened, h.Ends = opened.Chain, opened.MAC, []AuditPlace{}
	for _, word := range words[3 : len(words)-1] {
		e, err := parseAuditPlace(word, 2)
		if err != nil {
			return h, notAnAuditHead(err)
		}
		h.Ends = append(h.Ends, e)
	}
	if err := h.MAC.UnmarshalText([]byte(words[len(words)-1])); err != nil {
		return h, notAnAuditHead(err)
	}
	return h, nil
}

// parseAuditPlace reads CHAIN:MAC or CHAIN:SEQUENCE:MAC.
func parseAuditPlace(word string, numbers int) (e AuditPlace, err error) {
	parts := strings.Split(word, ":")
	if len(parts) != numbers+1 {
		return e, fmt.Errorf("%q has %d parts", Outside(word, 40), len(parts))
	}
	for i, into := range []*int64{&e.Chain, &e.Sequence}[:numbers] {
		if *into, err = strconv.ParseInt(parts[i], 10, 64); err != nil {
			return e, err
		}
	}
	return e, e.MAC.UnmarshalText([]byte(parts[numbers]))
}

func notAnAuditHead(err error) error {
	return &Error{
		Op: "read the head", Kind: KindUsage, Err: err,
		Cause: "the text is not a head of an audit, or not a whole one",
		Fix:   "Give the line that `stagedoor audit head` printed, which begins with " + auditHeadWord + ", or a file that holds it.",
	}
}
