package cli_test

import (
	"fmt"
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
		left := ""
		if columns := len(got[1]); columns < len(rows[0]) {
			left = fmt.Sprintf("+%d", len(rows[0])-columns)
			if head := got[0]; head[len(head)-1] != left {
				t.Errorf("width %d: the head %q does not tell that columns are left out", width, head)
			}
		}
		used := displaywidth.String(left)
		for j := range got[1] {
			widest := 0
			for i, row := range got {
				widest = max(widest, displaywidth.String(row[j]))
				if cell := row[j]; cell != rows[i][j] && (j == 0 || !strings.HasSuffix(cell, "…")) {
					t.Errorf("width %d: %q became %q", width, rows[i][j], cell)
				}
			}
			used += widest
			if j > 0 {
				used += 2
			}
		}
		if left != "" {
			used += 2
		}
		if used > max(width, len("20261125T101500Z-abcdef")+len("  +3")) {
			t.Errorf("width %d: the rows take %d", width, used)
		}
	}
}
