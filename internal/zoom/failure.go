package zoom

import (
	"bytes"
	"encoding/json"
	"strings"
)

// parsedBytes is the longest body of an error that is read.
const parsedBytes = 64 << 10

// failure is an error's body. Zoom writes {"code", "message", "errors"} in most
// products and {"status": false, "errorCode"} in the Contact Center; the token
// endpoint and gateways have words of their own.
// Source: developers.zoom.us/docs/api/errors and thread 114327 of
// devforum.zoom.us, read 2026-11.
type failure struct {
	code, word, message string
}

// parseFailure reads an error's body; ok tells whether it is one by its form.
func parseFailure(body []byte) (f failure, ok bool) {
	var fields map[string]json.RawMessage
	if len(body) > parsedBytes || json.Unmarshal(body, &fields) != nil {
		return failure{}, false
	}
	f.code = firstText(fields, "code", "errorCode")
	f.message = firstText(fields, "message", "errorMessage", "reason", "error_description", "detail", "title")
	f.word = firstText(fields, "error")
	if f.message == "" {
		f.message = f.word
	}
	var problems []json.RawMessage
	_ = json.Unmarshal(fields["errors"], &problems) // absent or of another form: nothing to add
	for _, raw := range problems {
		f.message = strings.TrimSpace(f.message + " " + problemText(raw))
	}
	_, status := fields["status"]
	return f, f.code != "" && (f.message != "" || status)
}

// problemText renders one of "errors": {"field", "message"}, or a text.
func problemText(raw json.RawMessage) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return text(raw)
	}
	field, message := firstText(fields, "field"), firstText(fields, "message", "errorMessage")
	if field == "" || message == "" {
		return field + message
	}
	return field + ": " + message
}

func firstText(fields map[string]json.RawMessage, names ...string) string {
	for _, name := range names {
		if t := text(fields[name]); t != "" {
			return t
		}
	}
	return ""
}

// text returns a JSON string or number as text, and "" for anything else.
func text(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return ""
	}
	switch c := raw[0]; {
	case c == '"':
		var s string
		_ = json.Unmarshal(raw, &s) // a string already, by its quote
		return s
	case c == '-' || '0' <= c && c <= '9':
		return string(raw)
	}
	return ""
}
