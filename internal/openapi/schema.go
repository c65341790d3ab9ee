package openapi

import (
	"encoding/json"
	"math"

	"github.com/stagedoor/stagedoor"
)

// page adds the schemas of a stream's answer, a list with what is beside it, and
// returns it.
func (d *document) page(s stagedoor.Stream) *schema {
	name := camel(s.Name)
	if d.Components.Schemas[name+"Page"] == nil {
		page := &schema{Type: "object", Properties: map[string]*schema{
			s.ListKeys[0]: {Type: "array", Items: ref(name + "Row")},
		}}
		for _, field := range besideRows(s.Method + " " + s.Path) {
			page.Properties[field] = beside(field)
		}
		d.Components.Schemas[name+"Page"] = page
		d.Components.Schemas[name+"Row"] = row(s)
	}
	return ref(name + "Page")
}

// besideRows are the fields of a stream's answer besides its rows. Source: Zoom's
// API Hub, Meetings, Users and Accounts, March 2026.
func besideRows(operation string) []string {
	fields := []string{"next_page_token", "page_size"}
	switch operation {
	case "GET /groups":
		return []string{"next_page_token", "total_records"}
	case "GET /users", "GET /groups/{groupId}/members", "GET /users/{userId}/meetings", "GET /meetings/{meetingId}/registrants":
		fields = append(fields, "page_count", "page_number", "total_records")
	case "GET /report/users/{userId}/meetings":
		fields = append(fields, "page_count", "page_number", "total_records", "from", "to")
	case "GET /users/{userId}/recordings", "GET /metrics/meetings":
		fields = append(fields, "page_count", "total_records", "from", "to")
	case "GET /report/meetings/{meetingId}/participants":
		fields = append(fields, "page_count", "total_records")
	case "GET /report/activities":
		fields = append(fields, "from", "to")
	}
	return fields
}

func beside(field string) *schema {
	switch field {
	case "next_page_token":
		return &schema{Type: "string", Nullable: true, Description: "Asks for the next page; empty or missing on the last one."}
	case "from", "to":
		return &schema{Type: "string", Nullable: true}
	}
	return &schema{Type: "integer", Format: "int32", Nullable: true}
}

// listOf is a list of which the table knows the keys, not the rows.
func listOf(op Operation) *schema {
	out := &schema{Type: "object", Properties: map[string]*schema{}}
	for _, key := range op.ListKeys {
		out.Properties[key] = &schema{Type: "array", Items: ref("FreeObject")}
	}
	out.Properties["page_size"] = beside("page_size")
	if op.Paging == stagedoor.PagingToken {
		out.Properties["next_page_token"] = beside("next_page_token")
	} else {
		out.Properties["page_number"], out.Properties["page_count"] = beside("page_number"), beside("page_count")
	}
	return out
}

// row describes a record as Zoom sends it: its own names, and the JSON types of
// the stream's example, since a column's type is what we make of a value. A
// stream that is published in a second form (more than one list key) has columns
// for both; only Zoom's own, which the example shows, are described.
func row(s stagedoor.Stream) *schema {
	var example map[string]any
	_ = json.Unmarshal([]byte(s.Example), &example) // a test holds that it is an object
	out := &schema{Type: "object", Properties: map[string]*schema{}}
	for _, c := range s.Columns {
		value, shown := example[c.Source()]
		if !shown && len(s.ListKeys) > 1 || ofPart(s, c.Name) {
			continue
		}
		field := ofColumn(c.Type)
		if shown {
			field = ofValue(value, field)
		}
		field.Description, field.Nullable = about(c), true
		out.Properties[c.Source()] = field
	}
	return out
}

// ofPart reports whether a column is filled by what the stream's part is, and not
// from the record.
func ofPart(s stagedoor.Stream, column string) bool {
	if s.Partition == nil {
		return false
	}
	for _, into := range s.Partition.Carry {
		if into == column {
			return true
		}
	}
	return s.Partition.Into == column
}

// about is a column's line, but for what our own tables make of it.
func about(c stagedoor.Column) string {
	switch c.Type {
	case stagedoor.ActivityTime:
		return "Like 2026-03-21 07:09:03:216; Zoom gives no zone"
	case stagedoor.MinuteTime:
		return "Like 12/22/2026 16:20; Zoom gives no zone"
	case stagedoor.Digits:
		return ""
	}
	return c.About
}

func ofColumn(t stagedoor.ColumnType) *schema {
	switch t {
	case stagedoor.Integer:
		return &schema{Type: "integer", Format: "int64"}
	case stagedoor.Real:
		return &schema{Type: "number", Format: "double"}
	case stagedoor.Boolean:
		return &schema{Type: "boolean"}
	case stagedoor.Timestamp:
		return &schema{Type: "string", Format: "date-time"}
	}
	return &schema{Type: "string"}
}

// ofValue is the schema that a value of an example has; otherwise is what is
// known of the field besides.
func ofValue(value any, otherwise *schema) *schema {
	switch v := value.(type) {
	case float64:
		if v == math.Trunc(v) {
			return &schema{Type: "integer", Format: "int64"}
		}
		return &schema{Type: "number", Format: "double"}
	case bool:
		return &schema{Type: "boolean"}
	case string:
		if otherwise.Type == "string" {
			return otherwise
		}
		return &schema{Type: "string"}
	case []any:
		if len(v) == 0 {
			return &schema{Type: "array", Items: ref("FreeObject")}
		}
		return &schema{Type: "array", Items: ofValue(v[0], &schema{Type: "string"})}
	case map[string]any:
		out := &schema{Type: "object", Properties: map[string]*schema{}}
		for name, inner := range v {
			out.Properties[name] = ofValue(inner, &schema{Type: "string"})
		}
		return out
	}
	return otherwise
}

func ref(name string) *schema { return &schema{Ref: "#/components/schemas/" + name} }

// freeObject is what the document knows nothing of. (Any would be a reserved word
// in Apex, which Salesforce makes classes in.)
func freeObject() *schema { return &schema{Type: "object", Additional: true} }

// errorSchema is Zoom's error and the gateway's own (RFC 9457) in one: importers
// take neither alternatives (oneOf) nor a media type besides application/json.
func errorSchema() *schema {
	text := func(about string) *schema { return &schema{Type: "string", Nullable: true, Description: about} }
	return &schema{
		Type: "object", Description: "Zoom's own errors have code and message; those of the gateway (application/problem+json) title, status and detail.",
		Properties: map[string]*schema{
			"code":    {Type: "integer", Format: "int64", Nullable: true, Description: "Zoom's error code"},
			"message": text("Zoom's message"),
			"type":    text("URI of the problem's kind"), "title": text("The problem in a few words"),
			"status": {Type: "integer", Format: "int32", Nullable: true, Description: "HTTP status"},
			"detail": text("What happened, and what to do"),
		},
	}
}

// statusOf are the refusals that any operation may meet, by their name in the
// document.
var statusOf = map[string]string{
	"BadRequest": "400", "Unauthenticated": "401", "Forbidden": "403", "NotFound": "404", "TooManyRequests": "429", "BadGateway": "502",
}

func responses() map[string]*response {
	list := map[string]*response{}
	for name, about := range map[string]string{
		"BadRequest":      "The request is wrong, says Zoom; or its path has a form that the gateway does not take.",
		"Unauthenticated": "The access token is missing, has ended or was revoked: get a new one.",
		"Forbidden":       "No rule of this caller allows it; or Zoom does not allow it to the app.",
		"NotFound":        "Zoom has no such thing, or the path is not one of the API.",
		"TooManyRequests": "The account's quota is used up. The header Retry-After says when to try again, in seconds.",
		"BadGateway":      "Zoom was not reached, or refused the credential of the gateway, which its operator has to mend.",
	} {
		list[name] = &response{Description: about, Content: jsonContent(ref("Error"))}
	}
	return list
}

func jsonContent(s *schema) map[string]media {
	return map[string]media{"application/json": {Schema: s}}
}
