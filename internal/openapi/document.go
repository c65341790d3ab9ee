package openapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// Operation is an operation of the provider's table that the caller may call.
type Operation struct {
	stagedoor.Operation
	// Narrowed is the path as far as the caller's rules allow it: "/users/me" of
	// the template /users/{userId}; empty: the whole template.
	Narrowed string
	// Except are the paths below the template that the rules deny all the same.
	Except []string
}

// path is the path that the document names.
func (o Operation) path() string {
	if o.Narrowed != "" {
		return o.Narrowed
	}
	return o.Path
}

// Options is what a document is made of.
type Options struct {
	Title       string // of the service, for people: "Zoom of Acme"
	Description string // further words for people
	Server      string // what the paths are appended to: "https://gate.example.com/to/acme/v2"
	TokenURL    string // "https://gate.example.com/oauth/token"
	Scope       string // of the caller's access token: "to:acme"; empty: none
	Operations  []Operation
	// Streams describe the answers of the operations that read them; more than
	// one of them for an operation is not looked at.
	Streams []stagedoor.Stream
	// Swagger asks for OpenAPI 2.0, which was called Swagger, in place of 3.0.3,
	// for Power Platform's connectors.
	Swagger bool
}

// Document writes the document. The same options give the same bytes. An
// operation that is there twice, by method and path, is written once.
func Document(o Options) ([]byte, error) {
	d := &document{
		OpenAPI: "3.0.3",
		Info:    info{Title: o.Title, Description: o.Description, Version: "2"}, // of Zoom's API
		Servers: []server{{URL: o.Server}},
		Paths:   map[string]map[string]*operation{},
		Components: components{
			Schemas:   map[string]*schema{"Error": errorSchema(), "FreeObject": freeObject()},
			Responses: responses(),
		},
	}
	if o.TokenURL != "" {
		d.secure(o)
	}
	streams := map[string]stagedoor.Stream{}
	for _, s := range o.Streams {
		if name := s.Method + " " + s.Path; streams[name].Name == "" && !s.Derived {
			streams[name] = s
		}
	}
	list := slices.Clone(o.Operations)
	slices.SortStableFunc(list, func(a, b Operation) int {
		return strings.Compare(a.path()+" "+a.Method, b.path()+" "+b.Method)
	})
	shapes := map[string]string{} // a path without the names of its parameters → as it was written first
	for _, op := range list {
		path := op.path()
		shape := shapeOf(path)
		if shapes[shape] == "" {
			shapes[shape] = path
		}
		path = shapes[shape]
		if d.Paths[path] == nil {
			d.Paths[path] = map[string]*operation{}
		}
		if method := strings.ToLower(op.Method); d.Paths[path][method] == nil {
			s, known := streams[op.Name()]
			d.Paths[path][method] = d.operation(op, path, s, known)
		}
		if op.Product != "" && !slices.Contains(d.Tags, tag{op.Product}) {
			d.Tags = append(d.Tags, tag{op.Product})
		}
	}
	slices.SortFunc(d.Tags, func(a, b tag) int { return strings.Compare(a.Name, b.Name) })
	if o.Swagger {
		return swagger(d)
	}
	return json.Marshal(d)
}

// secure says how the caller gets its token (RFC 6749 section 4.4).
func (d *document) secure(o Options) {
	scopes := map[string]string{}
	required := []string{}
	if o.Scope != "" {
		scopes[o.Scope] = "What the rules of this caller allow"
		required = append(required, o.Scope)
	}
	d.Components.Security = map[string]security{"oauth2": {
		Type:  "oauth2",
		Flows: flows{ClientCredentials: flow{TokenURL: o.TokenURL, Scopes: scopes}},
	}}
	d.Security = []map[string][]string{{"oauth2": required}}
}

func (d *document) operation(op Operation, path string, s stagedoor.Stream, known bool) *operation {
	out := &operation{
		ID: operationID(op.Method, op.path()), Summary: op.Method + " " + op.path(), Description: describe(op),
		Deprecated: op.Deprecated,
		Parameters: pathParameters(path),
		Responses:  map[string]*response{},
	}
	if op.Product != "" {
		out.Tags = []string{op.Product}
	}
	if known {
		out.Summary = s.Title
		if op.Narrowed != "" {
			out.Summary += ": " + op.Narrowed
		}
		out.Description = s.Description + "\n\n" + out.Description
	}
	out.Description = cut(out.Description, descriptionLength)
	for _, name := range op.Query {
		out.Parameters = append(out.Parameters, queryParameter(op, s, name))
	}
	switch op.Method {
	case "POST", "PUT", "PATCH":
		out.Body = &body{Content: jsonContent(ref("FreeObject"))}
	}
	for _, status := range success(op) {
		r := &response{Description: "Done"}
		if status != 204 {
			r.Description, r.Content = "The answer", jsonContent(d.answer(op, s, known))
		}
		out.Responses[strconv.Itoa(status)] = r
	}
	for status := range d.Components.Responses {
		out.Responses[statusOf[status]] = &response{Ref: "#/components/responses/" + status}
	}
	return out
}

// success are the statuses with which the operation ends well.
func success(op Operation) []int {
	switch {
	case len(op.Success) > 0:
		return op.Success
	case op.Method == "GET":
		return []int{200}
	}
	return []int{200, 204}
}

// answer returns the schema of what the operation answers, and adds the schemas
// that it needs.
func (d *document) answer(op Operation, s stagedoor.Stream, known bool) *schema {
	switch {
	case known:
		return d.page(s)
	case op.Method == "GET" && op.Paging != stagedoor.PagingNone:
		return listOf(op)
	}
	return ref("FreeObject")
}

// describe is what a person who chooses the operation has to know.
func describe(op Operation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Rate limit label: %s.", op.Label)
	if scopes := op.Scopes(); len(scopes) > 0 {
		fmt.Fprintf(&b, " The app needs one of the scopes %s.", strings.Join(scopes, ", "))
	}
	if len(op.Roles) > 0 {
		fmt.Fprintf(&b, " The role of its owner needs %s.", strings.Join(op.Roles, ", "))
	}
	if len(op.Except) > 0 {
		fmt.Fprintf(&b, " Not allowed: %s.", strings.Join(op.Except, ", "))
	}
	return b.String()
}

// descriptionLength is how much Salesforce keeps of a description, in
// characters.
const descriptionLength = 1333

// cut shortens a text that is longer than a number of characters.
func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
