package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"strconv"
	"time"

	"github.com/stagedoor/stagedoor"
)

// short is how many bytes of a MAC a head holds: nobody can make lines that agree
// in 128 bits.
const short = 16

// MakeHead returns the head of the audit as it is now.
func MakeHead(ctx context.Context, store Reading, key []byte, wall func() time.Time) (stagedoor.AuditHead, error) {
	h := stagedoor.AuditHead{At: wall().UTC().Truncate(time.Second), Ends: []stagedoor.AuditPlace{}}
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
			h.Ends = append(h.Ends, stagedoor.AuditPlace{Chain: e.Chain, Sequence: e.Sequence, MAC: e.MAC[:min(len(e.MAC), short)]})
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

func text(n int64) string { return strconv.FormatInt(n, 10) }

// head is the MAC of a head.
func (key seal) head(h stagedoor.AuditHead) stagedoor.AuditMAC {
	h.MAC = nil
	return key.document("audit head", h)
}

// anchor is the MAC of an anchor.
func (key seal) anchor(a anchor) stagedoor.AuditMAC {
	a.MAC = nil
	return key.document("audit anchor", a)
}

func (key seal) document(purpose string, v any) stagedoor.AuditMAC {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // numbers, times and bytes alone
	}
	return key.mac(purpose, text)
}

// head holds a saved head against what is there.
func (v *verifier) head(h stagedoor.AuditHead) error {
	v.Head = &stagedoor.AuditHeadChecked{At: h.At}
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
