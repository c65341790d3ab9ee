package snippet

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/internal/nodetest"
)

// TestPostmanReadsIt has Postman's own library read the collection, and tell what
// it would do.
func TestPostmanReadsIt(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes Postman's library from npm")
	}
	dir := nodetest.Project(t, "testdata/postman", 20)
	if err := os.WriteFile(filepath.Join(dir, "collection.json"), []byte(written(t, "postman", reports(t))), 0o600); err != nil {
		t.Fatal(err)
	}
	read := exec.Command("node", "read.js")
	read.Dir = dir
	out, err := read.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got map[string]string
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	use := reports(t)
	if diff := cmp.Diff(map[string]string{
		"type": "oauth2", "grant": "client_credentials", "where": "header",
		"token": use.TokenURL, "id": use.ClientID, "secret": "", "method": "GET", "url": use.URL(), "day": "2026-11-17",
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
