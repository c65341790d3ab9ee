package api

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stagedoor/stagedoor"
)

// documentAlias is the address of the document that design and tools know.
const documentAlias = "/api/openapi.json"

func documentRoutes() []Route {
	return []Route{
		{
			ID: "getDocument", Method: http.MethodGet, Path: Prefix + "/openapi.json", Tag: "about", Summary: "This document",
			About:    "The OpenAPI document. It is also at " + documentAlias + ". Nobody needs a token for it.",
			register: does((*site).openAPI),
		},
		{
			ID: "whoAmI", Method: http.MethodGet, Path: Prefix + "/me", Role: stagedoor.RoleViewer, Tag: "about", Summary: "Whose token this is, and what it may do",
			About: "Which version of Stagedoor answers, and the name and the role of the token that is shown.", register: does((*site).me),
		},
	}
}

// Me is whose token was shown.
type Me struct {
	Name    string         `json:"name" example:"deploy"`
	Role    stagedoor.Role `json:"role"`
	Version string         `json:"version" doc:"Of Stagedoor" example:"0.7.0"`
}

func (s *site) me(ctx context.Context, _ *struct{}) (*body[Me], error) {
	who, _ := stagedoor.ActorOf(ctx)
	return answer(Me{who.Name, who.Role, s.Version}, nil)
}

func (s *site) openAPI(context.Context, *struct{}) (*body[json.RawMessage], error) {
	return answer(json.RawMessage(s.document), nil)
}

func info() *huma.Info {
	return &huma.Info{
		Title: "Stagedoor", Version: "1",
		Description: "Everything that the page and the commands of Stagedoor do, for programs.\n\n" +
			"Show an operator's token (`stagedoor operator token NAME --role ROLE`) as `Authorization: Bearer sdo_…`. " +
			"Errors are problem documents (RFC 9457) with a `fix`; none repeats what was sent. Lists come in pages: send the `next` of a page as `after`. " +
			"With an `Idempotency-Key` a write is done once, however often it is sent within 24 hours: the same request gets the same answer again. " +
			"A viewer's token sees states and figures, and no account id, client id, host or address: such fields are empty or missing. " +
			"Fields may be added to answers; none is renamed.",
		License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		Contact: &huma.Contact{Name: "Stagedoor", URL: "https://github.com/stagedoor/stagedoor"},
	}
}

func schemes() map[string]*huma.SecurityScheme {
	return map[string]*huma.SecurityScheme{"operator": {
		Type: "http", Scheme: "bearer", BearerFormat: "sdo_…", Description: "An operator's token, which `stagedoor operator token NAME --role ROLE` makes",
	}}
}

func tags() []*huma.Tag {
	return []*huma.Tag{
		{Name: "about", Description: "The API itself"},
		{Name: "credentials", Description: "What apps at Zoom were given, how they stand, and what can be done with them"},
		{Name: "callers", Description: "Programs that the gateway lets through"},
		{Name: "catalogue", Description: "Providers, streams, purposes, scopes and operations"},
		{Name: "quota", Description: "What an account's quota permits, and who used it"},
		{Name: "audit", Description: "Who did what"},
		{Name: "operators", Description: "People who sign in, and tokens of programs"},
		{Name: "runs", Description: "Syncs: asked for, running, done"},
		{Name: "schedules", Description: "When runs are asked for by themselves"},
		{Name: "destinations", Description: "Where rows go, under a name"},
		{Name: "health", Description: "What is wrong, and how to mend it"},
	}
}

// operation is a route as huma takes it.
func operation(r Route) huma.Operation {
	op := huma.Operation{
		OperationID: r.ID, Method: r.Method, Path: r.Path, Summary: r.Summary, Description: strings.TrimSpace(r.About + " " + needs(r)),
		Tags: []string{r.Tag}, DefaultStatus: r.Status, MaxBodyBytes: most, Metadata: map[string]any{},
	}
	if r.Role == "" {
		op.Security, op.Errors = []map[string][]string{}, []int{http.StatusNotAcceptable}
		return op
	}
	op.Security = []map[string][]string{{"operator": {}}}
	op.Errors = []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotAcceptable, http.StatusUnprocessableEntity, http.StatusInternalServerError}
	if strings.Contains(r.Path, "{") {
		op.Errors = append(op.Errors, http.StatusNotFound)
	}
	if r.Writes() {
		op.Errors = append(op.Errors, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests, http.StatusBadGateway)
		least, most := 1, longestKey
		op.Parameters = []*huma.Param{{
			Name: "Idempotency-Key", In: "header", Example: "6f1c4d0e-3b3c-4f39-9f7e-0d0a3c1f5b11",
			Description: "A new random text for each thing that is to be done. The same request with the same key gets the same answer for 24 hours, and is done once",
			Schema:      &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most},
		}}
	}
	if r.Method == http.MethodPatch {
		op.Errors = append(op.Errors, http.StatusPreconditionFailed)
	}
	slices.Sort(op.Errors)
	op.Errors = slices.Compact(op.Errors)
	return op
}

func needs(r Route) string {
	if r.Role == "" {
		return ""
	}
	return "Least role: " + string(r.Role) + "."
}

// schemaName is how the document calls a type: PageCredentialState, not
// PageStagedoorCredentialState.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	return strings.ReplaceAll(name, "Stagedoor", "")
}

// finish adds to the document what huma has no place for.
func finish(doc *huma.OpenAPI) {
	for _, r := range table() {
		op := operationOf(doc, r)
		if op.RequestBody != nil {
			for _, media := range op.RequestBody.Content {
				media.Example = r.Example
				op.Metadata[bodyNamesOf] = slices.Sorted(maps.Keys(fieldsOf(doc, media.Schema)))
			}
		}
		delete(op.Responses, "default")
		for status, answer := range op.Responses {
			media := answer.Content["application/problem+json"]
			if media == nil {
				continue
			}
			// Errors of one status are alike: they stand in the document once.
			media.Example = exampleOf(status)
			name := "Problem" + status
			if doc.Components.Responses == nil {
				doc.Components.Responses = map[string]*huma.Response{}
			}
			doc.Components.Responses[name] = answer
			op.Responses[status] = &huma.Response{Ref: "#/components/responses/" + name}
		}
	}
	loosen(doc)
	describe(doc)
}

// loosen lets answers have further fields, so that a program which was made from the
// document outlives a newer Stagedoor. What requests may hold stays as it is.
func loosen(doc *huma.OpenAPI) {
	strict := map[string]bool{}
	var walk func(*huma.Schema)
	walk = func(s *huma.Schema) {
		if s == nil {
			return
		}
		if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok && !strict[name] {
			strict[name] = true
			walk(doc.Components.Schemas.SchemaFromRef(s.Ref))
		}
		walk(s.Items)
		for _, field := range s.Properties {
			walk(field)
		}
	}
	for _, r := range table() {
		if op := operationOf(doc, r); op.RequestBody != nil {
			for _, media := range op.RequestBody.Content {
				walk(media.Schema)
			}
		}
	}
	for name, s := range doc.Components.Schemas.Map() {
		if s.AdditionalProperties == false && !strict[name] {
			s.AdditionalProperties = nil
		}
	}
}

// fieldsOf are the fields of a body.
func fieldsOf(doc *huma.OpenAPI, s *huma.Schema) map[string]*huma.Schema {
	if s.Ref != "" {
		s = doc.Components.Schemas.SchemaFromRef(s.Ref)
	}
	return s.Properties
}

func operationOf(doc *huma.OpenAPI, r Route) *huma.Operation {
	item := doc.Paths[r.Path]
	return map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
	}[r.Method]
}

// exampleOf is an error of this status, as it comes.
func exampleOf(status string) any {
	e := &stagedoor.Error{Kind: stagedoor.KindUsage, Cause: "in the request, body: the field client_secret is missing", Fix: "Look at the fields that are named, and at the operation in the document."}
	switch status {
	case "401":
		e = &stagedoor.Error{Kind: stagedoor.KindUnauthenticated, Cause: "no operator token was sent", Fix: "Make a token with `stagedoor operator token NAME --role viewer` and send it as `Authorization: Bearer TOKEN`."}
	case "403":
		e = &stagedoor.Error{Kind: stagedoor.KindForbidden, Subject: "operator token grafana", Cause: "its role is viewer, and this needs admin", Fix: "Make a token with `stagedoor operator token NAME --role admin`."}
	case "404":
		e = &stagedoor.Error{Kind: stagedoor.KindNotFound, Subject: "credential acme", Cause: "there is none by that name", Fix: "List them."}
	case "406":
		e.Status, e.Cause, e.Fix = 406, "answers here are application/json, and the Accept header does not take that", "Send Accept: application/json, or no Accept header."
	case "409":
		e = &stagedoor.Error{Kind: stagedoor.KindExists, Cause: "there is one by that name already", Fix: "Choose another name."}
	case "412":
		e.Status, e.Cause, e.Fix = 412, "somebody else changed it since; nothing was saved", "Look at what it is now, and change it again."
	case "413":
		e.Status, e.Cause, e.Fix = 413, "the body is longer than 256 KiB", "Send less."
	case "415":
		e.Status, e.Cause, e.Fix = 415, "the body is taken as application/json, not compressed", "Send Content-Type: application/json."
	case "422":
		e.Status = 422
	case "429":
		e = &stagedoor.Error{Kind: stagedoor.KindRateLimited, Cause: "Zoom's limit per second is used up", Fix: "Try again in a moment."}
	case "500":
		e = &stagedoor.Error{Kind: stagedoor.KindStore, Cause: "the database could not be written", Fix: "Look at the disk."}
	case "502":
		e = &stagedoor.Error{Kind: stagedoor.KindInvalidClient, Cause: "Zoom refused the client id or the client secret", Fix: "Copy both anew from the app's App Credentials page."}
	}
	return problemOf(e)
}

// write is the document in one form, whoever makes it.
func write(doc *huma.OpenAPI) ([]byte, error) {
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}
