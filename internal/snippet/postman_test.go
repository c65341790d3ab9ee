package snippet

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPostmanReadsIt has Postman's own library read the collection, and tell what
// it would do.
func TestPostmanReadsIt(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes Postman's library from npm")
	}
	for _, program := range []string{"npm", "node"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is missing here (scripts/node.sh installs what Debian has)", program)
		}
	}
	dir := t.TempDir()
	install := exec.Command("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "postman-collection@5.3.1")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("postman-collection is missing here, and npm did not get it: %v\n%s", err, out)
	}
	for name, text := range map[string]string{
		"collection.json": written(t, "postman", reports(t)),
		"read.js": `
			const { Collection, Url } = require("postman-collection");
			const read = new Collection(JSON.parse(require("fs").readFileSync("collection.json")));
			const request = read.items.idx(0).request;
			const variables = read.variables.toObject();
			const fill = (text) => text.replace(/{{(\w+)}}/g, (_, name) => variables[name]);
			const auth = read.auth.parameters().toObject();
			console.log(JSON.stringify({
				type: read.auth.type, grant: auth.grant_type, where: auth.client_authentication,
				token: fill(auth.accessTokenUrl), id: fill(auth.clientId), secret: fill(auth.clientSecret),
				method: request.method, url: fill(request.url.toString()), day: request.url.query.get("from"),
			}));`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
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
