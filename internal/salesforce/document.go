package salesforce

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// What External Services take (help.salesforce.com, External Services → System
// Limits and Schema Definitions, read 2026-11-24). The limits on operations are
// those of the whole org, so that a document beyond them can never be registered.
const (
	maxDocument         = 10_000_000 // characters of JSON
	maxActiveOperations = 3_000      // of an org
)

var methods = []string{"get", "put", "post", "delete", "patch"} // those that External Services know

// document is what is read of an OpenAPI document.
type document struct {
	raw        []byte
	ServerPath string      // of the first server's URL: "/to/acme/v2"; Salesforce puts it between the Named Credential's URL and a path
	Operations []operation // in the order of paths and methods
}

// operation is one of the document.
type operation struct {
	Method, Path string
	// Name is the operation's own in the registration: its operationId, with
	// characters other than letters and digits written as x and their code, as
	// External Services do.
	Name string
}

// readDocument reads an OpenAPI 3.0 document and holds it to what Salesforce can
// register.
func readDocument(raw []byte) (document, error) {
	wrong := func(cause, fix string) error {
		return &stagedoor.Error{
			Op: "write a Salesforce project", Subject: "the OpenAPI document", Kind: stagedoor.KindUsage, Cause: cause, Fix: fix,
		}
	}
	var d struct {
		OpenAPI string `json:"openapi"`
		Servers []struct {
			URL string `json:"url"`
		} `json:"servers"`
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(raw, &d); err != nil || !strings.HasPrefix(d.OpenAPI, "3.0") {
		return document{}, wrong("it is not an OpenAPI 3.0 document, the only kind that External Services take from the gateway", "This is a defect of Stagedoor: please report it.")
	}
	narrow := "Narrow the caller's rules to what Salesforce is to call (`stagedoor caller set-rules`), or name the caller with fewer with --caller."
	if n := len([]rune(string(raw))); n > maxDocument {
		return document{}, wrong(fmt.Sprintf("it has %d characters; External Services take %d (help.salesforce.com, External Services, System Limits)", n, maxDocument), narrow)
	}
	if len(d.Servers) == 0 {
		return document{}, wrong("it names no server", "This is a defect of Stagedoor: please report it.")
	}
	server, err := url.Parse(d.Servers[0].URL)
	if err != nil {
		return document{}, wrong("the address of its server can not be read", "Give --url as https://HOST.")
	}
	doc := document{raw: raw, ServerPath: strings.TrimSuffix(server.EscapedPath(), "/")}
	names := map[string]string{}
	paths := make([]string, 0, len(d.Paths))
	for path := range d.Paths {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		for _, method := range methods {
			body, there := d.Paths[path][method]
			if !there {
				continue
			}
			var o struct {
				ID string `json:"operationId"`
			}
			what := strings.ToUpper(method) + " " + path
			if err := json.Unmarshal(body, &o); err != nil || o.ID == "" {
				return document{}, wrong(what+" has no operationId", "This is a defect of Stagedoor: please report it.")
			}
			name := operationName(o.ID)
			// Salesforce knows no difference of case in these names.
			if other := names[strings.ToLower(name)]; other != "" {
				return document{}, wrong(fmt.Sprintf("%s and %s would have the same name in Salesforce, %s", other, what, name), narrow)
			}
			names[strings.ToLower(name)] = what
			doc.Operations = append(doc.Operations, operation{Method: strings.ToUpper(method), Path: path, Name: name})
		}
	}
	switch n := len(doc.Operations); {
	case n == 0:
		return document{}, wrong("there is nothing that the caller may call", "Give it a rule (`stagedoor caller set-rules`): --allow 'GET /report/**' opens the reports.")
	case n > maxActiveOperations:
		return document{}, wrong(fmt.Sprintf("it has %d operations; an org takes %d active ones (help.salesforce.com, External Services, System Limits)", n, maxActiveOperations), narrow)
	}
	return doc, nil
}

func operationName(id string) string {
	var b strings.Builder
	for _, c := range id {
		if 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' {
			b.WriteRune(c)
		} else {
			fmt.Fprintf(&b, "x%x", c)
		}
	}
	return b.String()
}

// calls tells whether the document has this operation.
func (d document) calls(method, path string) bool {
	return slices.ContainsFunc(d.Operations, func(o operation) bool { return o.Method == method && o.Path == path })
}
