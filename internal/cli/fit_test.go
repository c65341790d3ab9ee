package cli_test

import (
	"strings"
	"testing"

	"github.com/clipperhouse/displaywidth"

	"github.com/stagedoor/stagedoor/internal/cli"
)

// TestListsFitTheTerminal holds that a list is no wider than its terminal, as far
// as that goes, and that what names a thing is never cut.
func TestListsFitTheTerminal(t *testing.T) {
	rows := [][]string{
		{"RUN", "STATE", "STREAMS", "INTO"},
		{"20261125T101500Z-abcdef", "done", "report_meeting_participants, meeting_attendance", "sqlite:/var/lib/zoom/日本の会議.db"},
		{"20261125T101501Z-abcdef", "interrupted, goes on at 10:20 UTC", "users", "warehouse"},
	}
	for width := 1; width < 140; width++ {
		got := cli.Fit(rows, width)
		longest := 0
		for i, row := range got {
			if row[0] != rows[i][0] {
				t.Fatalf("width %d: %q was cut", width, row[0])
			}
			for j, cell := range row {
				if cell != rows[i][j] && !strings.HasSuffix(cell, "…") {
					t.Errorf("width %d: %q does not tell that it was cut", width, cell)
				}
			}
		}
		for j := range rows[0] {
			widest := 0
			for _, row := range got {
				widest = max(widest, displaywidth.String(row[j]))
			}
			longest += widest + 2
		}
		if longest -= 2; longest > max(width, 23+3*(6+2)) {
			t.Errorf("width %d: the rows take %d", width, longest)
		}
	}
}
