package zoomsim_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/internal/nodetest"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestZoomsOwnClient has Rivet, Zoom's own client for Node.js, read the whole
// company. It must get the truth, and the TypeScript compiler must find the answers
// to be of the types that Rivet, whose types are made from Zoom's OpenAPI documents,
// says they are: no field that these do not know, no value outside their enums.
func TestZoomsOwnClient(t *testing.T) {
	if testing.Short() {
		t.Skip("npm fetches the client on the first run: left out in -short")
	}
	t.Parallel()
	dir := nodetest.Project(t, "testdata/rivet", 20)
	sim := start(t, zoomsim.Options{Plan: "business", Limits: "off", Meetings: 150})
	info := sim.Info()
	node := func(arg ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "node", arg...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "TOKEN_URL="+info.TokenURL, "API_URL="+info.APIURL, "ACCOUNT_ID="+info.AccountID,
			"CLIENT_ID="+info.ClientID, "CLIENT_SECRET="+info.ClientSecret, "MONTHS=2026-01-01/2026-01-31 2026-02-01/2026-02-28 2026-03-01/2026-03-18")
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("node %s: %v\n%.3000s%.3000s", strings.Join(arg, " "), err, out, stderr.String())
		}
		return string(out)
	}

	var refusals map[string]int
	decode(t, node("read.mjs"), &refusals)
	if refusals["300"] == 0 || refusals["3001"] == 0 || len(refusals) != 2 {
		t.Errorf("refused were %v", refusals)
	}
	for _, stream := range []string{
		"users", "groups", "group_members", "meetings", "meeting_registrants", "recordings", "report_user_meetings",
		"sign_in_activities", "operation_logs", "meeting_activities", "history_meetings", "report_meeting_participants",
	} {
		text, err := os.ReadFile(filepath.Join(dir, stream+".ndjson"))
		if err != nil {
			t.Fatal(err)
		}
		want, got := everything(t, sim, stream), strings.Split(strings.TrimSpace(string(text)), "\n")
		if diff := cmp.Diff(canonical(t, want), canonical(t, got)); diff != "" || len(want) == 0 {
			t.Errorf("%s: %d rows (-want +got):\n%.3000s", stream, len(got), diff)
		}
	}
	node("node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--module", "nodenext", "--moduleResolution", "nodenext",
		"--skipLibCheck", "--target", "es2022", "answers.ts")
}

// canonical are rows with sorted names of fields, in sorted order.
func canonical(t *testing.T, rows []string) []string {
	t.Helper()
	out := make([]string, len(rows))
	for i, row := range rows {
		var v any
		decode(t, row, &v)
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = string(text)
	}
	slices.Sort(out)
	return out
}
