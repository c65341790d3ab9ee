package openapi

import (
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

func pathParameters(path string) []parameter {
	var list []parameter
	for _, name := range parametersOf(path) {
		p := parameter{Name: name, In: "path", Required: true, Schema: &schema{Type: "string"}}
		switch lower := strings.ToLower(name); {
		case lower == "userid":
			p.Description = "Id or e-mail address of the user."
		case strings.Contains(lower, "uuid"), lower == "meetingid", lower == "webinarid":
			p.Description = "Number, or UUID where Zoom takes one. A UUID that begins with a slash or holds two in a row is percent-encoded twice."
		}
		list = append(list, p)
	}
	return list
}

// queryParameter describes a parameter as far as it is known. Zoom's table has
// only names for most, and in a query everything is text.
func queryParameter(op Operation, s stagedoor.Stream, name string) parameter {
	p := parameter{Name: name, In: "query", Required: slices.Contains(op.Required, name), Schema: &schema{Type: "string"}}
	switch name {
	case "page_size":
		p.Schema = &schema{Type: "integer", Format: "int32", Minimum: 1, Maximum: s.PageSize}
		p.Description = "Rows of a page."
	case "page_number":
		p.Schema = &schema{Type: "integer", Format: "int32", Minimum: 1}
	case "next_page_token":
		p.Description = "From the answer before, to read the page after it; the other parameters stay the same. It lasts 15 minutes."
	}
	if s.Window != nil && (name == s.Window.From || name == s.Window.To) {
		p.Schema = &schema{Type: "string", Format: "date"}
		p.Description = map[bool]string{true: "First day.", false: "Last day, included; at most a month after the first."}[name == s.Window.From]
	}
	if values := valuesOf(op.Name(), name); len(values) > 0 {
		p.Schema.Enum = values
		if value := s.Params[name]; value != "" {
			p.Schema.Default = value
		}
	}
	return p
}

// valuesOf are what a parameter of a stream's operation takes. Source: Zoom's
// API Hub, Meetings and Users, March 2026. What activity_type takes is disputed
// (internal/stream, reports.go); these are the labels of the machine-readable
// document.
func valuesOf(operation, name string) []string {
	switch operation + "?" + name {
	case "GET /users?status":
		return []string{"active", "inactive", "pending"}
	case "GET /users?include_fields":
		return []string{"custom_attributes", "host_key"}
	case "GET /report/users/{userId}/meetings?type":
		return []string{"past", "pastOne", "pastJoined"}
	case "GET /report/operationlogs?category_type":
		return []string{
			"all", "user", "user_settings", "account", "billing", "im", "recording", "phone_contacts", "webinar",
			"sub_account", "role", "zoom_rooms",
		}
	case "GET /report/meeting_activities?activity_type":
		return []string{
			"All Activities", "Meeting Created", "Meeting Started", "User Join", "User Left", "Remote Control",
			"In-Meeting Chat", "Meeting Ended",
		}
	}
	return nil
}
