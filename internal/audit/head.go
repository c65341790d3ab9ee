package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Head says how far the audit reached at some time. Whoever keeps one elsewhere
// finds, with [Verify], also that the newest lines were removed, or an older
// database put back.
type Head struct {
	At     time.Time `json:"at"`     // when it was made
	Newest int64     `json:"newest"` // the chain that was opened last
	Opened mac       `json:"opened"` // the MAC of the line that opened it
	Ends   []end     `json:"ends"`   // of the chains that grew since then
	MAC    mac       `json:"mac"`
}

// headWord begins the text of a head, and names its form.
const headWord = "stagedoor-audit-head-1"

// short is how many bytes of a MAC a head holds: nobody can make lines that agree
// in 128 bits.
const short = 16

// MakeHead returns the head of the audit as it is now.
func MakeHead(ctx context.Context, store Reading, key []byte, wall func() time.Time) (Head, error) {
	h := Head{At: wall().UTC().Truncate(time.Second), Ends: []end{}}
	err := store.ReadAudit(ctx, func(r stagedoor.AuditReader) error {
		document, err := r.Anchor()
		if err != nil {
			return err
		}
		a, err := readAnchor(document)
		if err != nil {
			return err
		}
		var newest int64
		var grown []stagedoor.AuditEnd
		for {
			ends, err := r.Ends(newest, page)
			if err != nil {
				return err
			}
			if len(ends) == 0 {
				break
			}
			grown, newest = append(grown, ends...), ends[len(ends)-1].Chain
			opens, err := r.Row(newest, 0)
			if err != nil {
				return err
			}
			h.Newest, h.Opened = newest, opens.MAC
			grown = after(grown, opens.Arrival)
		}
		if a.Through >= newest {
			h.Newest, h.Opened = a.Through, a.Opening
		}
		for _, e := range grown {
			h.Ends = append(h.Ends, end{Chain: e.Chain, Sequence: e.Sequence, MAC: e.MAC[:min(len(e.MAC), short)]})
		}
		h.Opened = h.Opened[:min(len(h.Opened), short)]
		return nil
	})
	if err == nil && h.Newest == 0 {
		err = &stagedoor.Error{
			Op: "make a head of the audit", Kind: stagedoor.KindNotFound,
			Cause: "the audit has no line yet", Fix: "Make the head after the first command that changes or reads something.",
		}
	}
	h.MAC = seal(key).head(h)
	return h, err
}

// after keeps the ends that arrived after a row.
func after(ends []stagedoor.AuditEnd, arrival int64) []stagedoor.AuditEnd {
	var kept []stagedoor.AuditEnd
	for _, e := range ends {
		if e.Arrival > arrival {
			kept = append(kept, e)
		}
	}
	return kept
}

// String is the head in one line, as [ParseHead] reads it.
func (h Head) String() string {
	words := []string{headWord, h.At.Format(time.RFC3339), joined(h.Newest, h.Opened)}
	for _, e := range h.Ends {
		words = append(words, joined(e.Chain, e.Sequence, e.MAC))
	}
	return strings.Join(append(words, joined(h.MAC)), " ")
}

func joined(parts ...any) string {
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = fmt.Sprint(part)
	}
	return strings.Join(texts, ":")
}

func text(n int64) string { return strconv.FormatInt(n, 10) }

// ParseHead reads a head, as one line or as JSON. What it does not prove is that
// the head is one of this audit; [Verify] does.
func ParseHead(text string) (Head, error) {
	var h Head
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") {
		if err := json.Unmarshal([]byte(text), &h); err != nil {
			return h, notAHead(err)
		}
		return h, nil
	}
	words := strings.Fields(text)
	if len(words) < 4 || words[0] != headWord {
		return h, notAHead(nil)
	}
	var err error
	if h.At, err = time.Parse(time.RFC3339, words[1]); err != nil {
		return h, notAHead(err)
	}
	var opened end
	if opened, err = parseEnd(words[2], 1); err != nil {
		return h, notAHead(err)
	}
	h.Newest, h.Opened, h.Ends = opened.Chain, opened.MAC, []end{}
	for _, word := range words[3 : len(words)-1] {
		e, err := parseEnd(word, 2)
		if err != nil {
			return h, notAHead(err)
		}
		h.Ends = append(h.Ends, e)
	}
	if err := h.MAC.UnmarshalText([]byte(words[len(words)-1])); err != nil {
		return h, notAHead(err)
	}
	return h, nil
}

// parseEnd reads CHAIN:MAC or CHAIN:SEQUENCE:MAC.
func parseEnd(word string, numbers int) (e end, err error) {
	parts := strings.Split(word, ":")
	if len(parts) != numbers+1 {
		return e, fmt.Errorf("%q has %d parts", stagedoor.Outside(word, 40), len(parts))
	}
	for i, into := range []*int64{&e.Chain, &e.Sequence}[:numbers] {
		if *into, err = strconv.ParseInt(parts[i], 10, 64); err != nil {
			return e, err
		}
	}
	return e, e.MAC.UnmarshalText([]byte(parts[numbers]))
}

func notAHead(err error) error {
	return &stagedoor.Error{
		Op: "read the head", Kind: stagedoor.KindUsage, Err: err,
		Cause: "the text is not a head of an audit, or not a whole one",
		Fix:   "Give the line that `stagedoor audit head` printed, which begins with " + headWord + ", or a file that holds it.",
	}
}

// head is the MAC of a head.
func (key seal) head(h Head) mac {
	h.MAC = nil
	return key.document("audit head", h)
}

// anchor is the MAC of an anchor.
func (key seal) anchor(a anchor) mac {
	a.MAC = nil
	return key.document("audit anchor", a)
}

func (key seal) document(purpose string, v any) mac {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // numbers, times and bytes alone
	}
	return key.mac(purpose, text)
}

// head holds a saved head against what is there.
func (v *verifier) head(h Head) error {
	v.Head = &HeadChecked{At: h.At}
	if !hmac.Equal(h.MAC, v.key.head(h)) {
		v.add(noHead, 0, 0, "the head of %s is not one of this audit: it was changed, or is another database's, or the audit's key was replaced since", stamp(h.At))
		return nil
	}
	when := "when the head was made, at " + stamp(h.At)
	if newest := max(v.at.Chain, v.anchor.Through); h.Newest > newest {
		v.add(missing, newest+1, 0, "%d chains had been opened %s, and %d are there now: the newest were removed, or an older database was put back", h.Newest, when, newest)
		return nil
	}
	opened, err := v.read.Row(h.Newest, 0)
	if err != nil {
		return err
	}
	if opened.Chain == 0 && h.Newest == v.anchor.Through {
		opened.MAC = v.anchor.Opening
	}
	if opened.MAC != nil && !bytes.HasPrefix(opened.MAC, h.Opened) {
		v.add(changed, h.Newest, 0, "chain %d began otherwise %s than it does now: an older database was put back and written to", h.Newest, when)
	}
	for _, e := range h.Ends {
		if err := v.reached(e, 0, when); err != nil {
			return err
		}
	}
	return nil
}
