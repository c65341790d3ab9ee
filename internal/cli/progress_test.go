package cli

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	syncing "github.com/stagedoor/stagedoor/internal/sync"
)

// The bar gives way to the figures: on a usual terminal all of them are seen.
func TestProgressFitsTheTerminal(t *testing.T) {
	at := syncing.Progress{
		Done: 1096, Slices: 1467, Rows: 14331, Requests: 1407, SecondsLeft: 18,
		Streams: []syncing.StreamProgress{{Stream: "report_user_meetings", State: syncing.StreamReads, Slice: "2026-06-01..2026-06-30", Pace: "40 of 40/s"}},
	}
	for width, bar := range map[int]int{0: 20, 200: 20, 92: 16, 80: 0, 40: 0} {
		var said strings.Builder
		p := newProgress(&terminal{people: &said, errTTY: true, errWidth: width})
		p.update(at)
		line := strings.TrimPrefix(said.String(), "\r\x1b[K")
		if n := strings.Count(line, "█") + strings.Count(line, "░"); n != bar {
			t.Errorf("a bar of %d on %d columns, want %d: %s", n, width, bar, line)
		}
		if width > 0 && ansi.StringWidth(line) >= width {
			t.Errorf("%d columns on a terminal of %d: %s", ansi.StringWidth(line), width, line)
		}
		if figures := "1096 of 1467 slices  14331 rows  1407 calls  about 18s left  40 of 40/s"; (width == 0 || width >= 80) && !strings.Contains(line, figures) {
			t.Errorf("on %d columns the figures are cut: %s", width, line)
		}
	}
}
