package app

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Who proves nothing fills neither the disk nor the audit; who does has all lines.
func TestStrangersDoNotFillTheAudit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []stagedoor.Event
		s := &strangers{record: func(e stagedoor.Event) { lines = append(lines, e) }}
		flood := func(n int) {
			for i := range n {
				s.Record(stagedoor.Event{Actor: "nobody", Action: "GET", Result: "unauthenticated", Status: 401, From: "192.0.2.9"})
				if i%2 == 0 {
					s.Record(stagedoor.Event{Actor: "caller reports", Action: "token.mint", Result: "unauthenticated", Status: 401, From: "192.0.2.9"})
				}
			}
		}
		flood(1000)
		if len(lines) != strangersLines {
			t.Fatalf("%d lines", len(lines))
		}
		s.Record(stagedoor.Event{Actor: "caller reports", Action: "GET /users/{userId}", Result: "forbidden", Status: 403})
		s.Record(stagedoor.Event{Actor: "caller reports", Action: "token.mint", Result: "ok", Status: 200})
		if len(lines) != strangersLines+2 {
			t.Fatalf("%d lines: some of a caller were not written", len(lines))
		}
		s.Sum(false)
		if len(lines) != strangersLines+2 {
			t.Fatal("the sum came before its time")
		}
		time.Sleep(strangersWhile)
		s.Sum(false)
		sum := lines[len(lines)-1]
		if len(lines) != strangersLines+3 || !strings.HasPrefix(sum.Detail, "1440 more from ") || sum.From != "192.0.2.9" || sum.Status != 401 || sum.Actor != "nobody" {
			t.Fatalf("%d lines, at the end %+v", len(lines), sum)
		}
		flood(2)
		if len(lines) != strangersLines+6 {
			t.Fatalf("%d lines: the next while has lines of its own", len(lines))
		}
		flood(100)
		s.Sum(true)
		s.Sum(true)
		if sum := lines[len(lines)-1]; !strings.HasPrefix(sum.Detail, "93 more from ") {
			t.Errorf("at the end: %+v", sum)
		}
	})
}
