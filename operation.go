package stagedoor

import "strings"

// Label is the class in which Zoom counts an operation against its rate limits.
// Source: developers.zoom.us/docs/api/rate-limits, read 2026-11.
type Label string

// The labels, from the most to the least generous.
const (
	Light             Label = "Light"
	Medium            Label = "Medium"
	Heavy             Label = "Heavy"
	ResourceIntensive Label = "Resource-intensive"
)

// Paging is how an operation hands out a long list.
type Paging string

// The ways of paging in Zoom's API.
const (
	PagingNone   Paging = ""
	PagingToken  Paging = "token"  // next_page_token until it is empty
	PagingNumber Paging = "number" // page_number, being withdrawn by Zoom
)

// Operation is one method on one path template of the provider's API.
type Operation struct {
	Product        string
	Method         string
	Path           string // template below the API URL's base: /users/{userId}
	Label          Label
	Deprecated     bool
	ClassicScopes  []string // any one suffices
	GranularScopes []string // any one suffices
	Roles          []string // permissions that the app owner's role needs
	Query          []string // names of query parameters
	Required       []string // those of Query that are required
	Paging         Paging
	ListKeys       []string // keys of the answer that hold the rows
	Success        []int    // HTTP statuses of success
}

// Name is how people and logs call the operation: "GET /users/{userId}".
func (o Operation) Name() string { return o.Method + " " + o.Path }

// Scopes returns the scopes of both vocabularies; a token with any one of them
// may call the operation.
func (o Operation) Scopes() []string {
	return append(append([]string{}, o.GranularScopes...), o.ClassicScopes...)
}

// ParseLabel reads a label whatever its letter case; an operation without a
// label counts as Heavy, so that we err on the slow side.
func ParseLabel(text string) Label {
	for _, l := range []Label{Light, Medium, Heavy, ResourceIntensive} {
		if strings.EqualFold(text, string(l)) {
			return l
		}
	}
	return Heavy
}
