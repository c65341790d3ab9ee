package app

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/internal/nodetest"
)

// TestAPIDocumentInOtherHands has other people's tools take the OpenAPI document: a
// linter finds nothing in it, and a typed client that is generated from it asks a
// daemon.
func TestAPIDocumentInOtherHands(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes tools from npm")
	}
	dir := nodetest.Project(t, filepath.Join("..", "api", "testdata", "document"), 20)
	document, err := filepath.Abs(filepath.Join("..", "..", "docs", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, get("/users/**"))
	token := d.programs(t)["admin"]
	run := func(args ...string) []byte {
		t.Helper()
		cmd := exec.Command("node", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "DOOR="+d.url, "TOKEN="+token)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("node %v: %v\n%s", args, err, out)
		}
		return out
	}
	run("lint.js", document)
	run(filepath.Join("node_modules", "openapi-typescript", "bin", "cli.js"), document, "-o", "api.d.ts")
	run(filepath.Join("node_modules", "typescript", "bin", "tsc"), "--strict", "--module", "nodenext", "--target", "es2022", "--skipLibCheck", "--types", "node", "use.ts")
	var got map[string]any
	if err := json.Unmarshal(run("use.js"), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"me": "test-admin", "credentials": []any{"acme unverified expired"}, "made": "viewer", "refused": "404 not_found", "fix": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
