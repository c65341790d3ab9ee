package stagedoor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// FuzzParseAuditHead holds that a head is read as it was written, or refused.
func FuzzParseAuditHead(f *testing.F) {
	h := stagedoor.AuditHead{At: time.Date(2026, 11, 25, 1, 2, 3, 0, time.UTC), Newest: 7, Opened: stagedoor.AuditMAC{1}, Ends: []stagedoor.AuditPlace{{Chain: 7, Sequence: 3, MAC: stagedoor.AuditMAC{2}}}, MAC: stagedoor.AuditMAC{3}}
	f.Add(h.String())
	f.Add(`{"newest":1}`)
	f.Add("stagedoor-audit-head-1")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := stagedoor.ParseAuditHead(text)
		if err != nil {
			if stagedoor.KindOf(err) != stagedoor.KindUsage {
				t.Fatal(err)
			}
			return
		}
		again, err := stagedoor.ParseAuditHead(h.String())
		if strings.HasPrefix(strings.TrimSpace(text), "{") {
			return // JSON may hold times and numbers that a head of ours does not
		}
		if err != nil || again.String() != h.String() {
			t.Fatalf("%v\n%s\n%s", err, h, again)
		}
	})
}
