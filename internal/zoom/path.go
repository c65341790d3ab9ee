package zoom

import (
	"net/url"
	"strings"
)

// Path fills the names in a template, in order, with identifiers, escaped:
// Path("/users/{userId}/settings", "jo@example.com"). Identifiers are numbers,
// UUIDs, e-mail addresses or anything else that Zoom hands out. An empty one
// leaves the {name} in place, and [Client.URL] refuses such a path: without its
// identifier it would be another operation's.
func Path(template string, identifiers ...string) string {
	var b strings.Builder
	for rest := template; ; {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, _ := strings.Cut(after, "}")
		id := ""
		if len(identifiers) > 0 {
			id, identifiers = identifiers[0], identifiers[1:]
		}
		if id == "" {
			b.WriteString("{" + name + "}")
		} else {
			b.WriteString(Escape(id))
		}
		rest = after
	}
}

// Escape makes an identifier one segment of a path. Zoom's UUIDs are base64 and
// may hold slashes: one that starts with a slash or holds two in a row is
// escaped twice, as Zoom's documents ask for ("/" is sent as %252F). The names
// "." and ".." are too, so that nothing on the way resolves them.
// Source: the parameter meetingId of GET /past_meetings/{meetingId}, Zoom's API
// Hub, March 2026.
func Escape(identifier string) string {
	switch {
	case identifier == "." || identifier == "..":
		return strings.ReplaceAll(identifier, ".", "%252E")
	case strings.HasPrefix(identifier, "/") || strings.Contains(identifier, "//"):
		return escape(escape(identifier))
	}
	return escape(identifier)
}

// escape percent-encodes everything that RFC 3986 does not call unreserved.
func escape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
