package token

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// maxAnswer is how much of an answer of a token endpoint is read, in bytes.
const maxAnswer = 1 << 20

// maxLifetime is the longest lifetime that is believed. A longer one is a
// slip (milliseconds, a date), and believing it would come near "for ever".
const maxLifetime = 366 * 24 * time.Hour

// answer is what a token endpoint said, read whatever way it was written.
type answer struct {
	status     int
	tracking   string
	retryAfter string

	json  bool // the body was a JSON object
	empty bool // there was no body
	large bool // the body was larger than maxAnswer

	token    string
	kind     string        // the token type that was given; "" if none was
	bearer   bool          // it is one, or no other type was given
	lifetime time.Duration // 0: the answer gave none that makes sense
	guess    string        // why there is no lifetime
	dead     bool          // the answer says that the token has expired already
	scopes   []string
	apiURL   string

	failed bool // the answer says that it is an error, whatever its status
	word   string
	code   string
	reason string
}

// readAnswer never fails: what cannot be read is missing in its result. now is
// the wall clock, for an answer that names an instant and has no Date.
func readAnswer(status int, header http.Header, body []byte, names stagedoor.TokenResponse, now time.Time) answer {
	a := answer{status: status, tracking: stagedoor.TrackingID(header), retryAfter: header.Get("Retry-After")}
	if len(body) > maxAnswer {
		a.large = true
		return a
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	a.empty = len(bytes.TrimSpace(body)) == 0
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil || fields == nil {
		return a
	}
	a.json = true
	find := func(given []string, usual ...string) json.RawMessage {
		if len(given) == 0 {
			given = usual
		}
		return field(fields, given)
	}
	a.token = text(find(names.AccessToken, "access_token"))
	a.kind = strings.TrimSpace(text(find(names.TokenType, "token_type")))
	a.bearer = bearer(a.kind, names.BearerTypes)
	a.scopes = words(find(names.Scope, "scope"))
	a.apiURL = text(find(names.APIURL, "api_url"))
	a.lifetime, a.guess, a.dead = lifetime(find(names.ExpiresIn, "expires_in", "expire_in"), unit(names.ExpiresUnit))
	if at := field(fields, names.ExpiresAt); a.lifetime == 0 && !a.dead && at != nil {
		if date, err := http.ParseTime(header.Get("Date")); err == nil {
			now = date
		}
		a.lifetime, a.guess, a.dead = until(at, now)
	}

	a.word, a.failed = problem(find(names.Error, "error"))
	a.code = text(find(names.Code, "code"))
	a.reason = text(find(names.Message, "reason", "error_description", "message"))
	return a
}

// granted reports whether the answer holds a token that may be used.
func (a answer) granted() bool {
	return a.status >= 200 && a.status <= 299 && !a.failed && !a.dead && a.bearer && usableToken(a.token)
}

// standard writes the answer as RFC 6749 section 5.1 has it, which is all that
// x/oauth2 is given to read.
func (a answer) standard() []byte {
	if !a.granted() {
		return []byte(`{"error":"refused"}`)
	}
	seconds := int64(math.Ceil(a.lifetime.Seconds()))
	body, err := json.Marshal(map[string]any{"access_token": a.token, "token_type": "bearer", "expires_in": max(seconds, 1)})
	if err != nil {
		return []byte(`{"error":"refused"}`)
	}
	return body
}

// field returns the first of names that is there and not null; a name with dots
// is a path, unless a field goes by the whole name.
func field(fields map[string]json.RawMessage, names []string) json.RawMessage {
	for _, name := range names {
		if value := member(fields, name); value != nil {
			return value
		}
		if value := below(fields, name); value != nil {
			return value
		}
	}
	return nil
}

// below follows a path into nested objects.
func below(fields map[string]json.RawMessage, path string) json.RawMessage {
	for {
		name, rest, more := strings.Cut(path, ".")
		if !more {
			return member(fields, name)
		}
		value := member(fields, name)
		fields, path = nil, rest
		if json.Unmarshal(value, &fields) != nil {
			return nil
		}
	}
}

// member returns the field of the name that is there and not null, compared
// without letter case; an exact match wins over others of the same name.
func member(fields map[string]json.RawMessage, name string) json.RawMessage {
	if value, ok := fields[name]; ok && !null(value) {
		return value
	}
	var alike []string
	for key, value := range fields {
		if strings.EqualFold(key, name) && !null(value) {
			alike = append(alike, key)
		}
	}
	if len(alike) == 0 {
		return nil
	}
	return fields[slices.Min(alike)]
}

func null(value json.RawMessage) bool { return len(value) == 0 || string(value) == "null" }

// text reads a string or a number; anything else is "".
func text(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(value, &n) == nil {
		return n.String()
	}
	return ""
}

// words reads a text with blanks, or a list of texts.
func words(value json.RawMessage) []string {
	var list []any
	if json.Unmarshal(value, &list) != nil {
		return strings.Fields(text(value))
	}
	var all []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			all = append(all, strings.Fields(s)...)
		}
	}
	return all
}

// problem reads the "error" field. Empty text and false say that there is
// none; an object says that there is one without a word for it.
func problem(value json.RawMessage) (word string, failed bool) {
	if null(value) || string(value) == "false" || string(value) == `""` {
		return "", false
	}
	return text(value), true
}

// bearer reports whether the type of a token is one that means bearer, or is
// not given at all.
func bearer(kind string, words []string) bool {
	if len(words) == 0 {
		words = []string{"bearer"}
	}
	return kind == "" || slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, kind) })
}

// unit is what a lifetime counts.
func unit(name string) time.Duration {
	switch name {
	case "minutes":
		return time.Minute
	case "milliseconds":
		return time.Millisecond
	}
	return time.Second
}

// lifetime reads a count of units, as a number with or without a fraction or as
// text.
func lifetime(value json.RawMessage, unit time.Duration) (d time.Duration, guess string, dead bool) {
	if null(value) {
		return 0, "The answer gave no lifetime", false
	}
	written := strings.TrimSpace(text(value))
	if written == "" {
		return 0, "The answer gave an empty lifetime", false
	}
	count, err := strconv.ParseFloat(written, 64)
	switch {
	case math.IsNaN(count), err != nil && !math.IsInf(count, 0):
		return 0, "The answer's lifetime is not a number", false
	case count <= 0:
		return 0, "", true
	case count > float64(maxLifetime/unit):
		return 0, "The answer's lifetime is longer than a year", false
	}
	return max(time.Duration(count*float64(unit)), time.Millisecond), "", false
}

// latestSeconds is where Unix time in seconds ends and Unix time in
// milliseconds begins: the year 5138 in the one, 1973 in the other.
const latestSeconds = 1e11

// until reads an instant and returns how far it is from now.
func until(value json.RawMessage, now time.Time) (d time.Duration, guess string, dead bool) {
	written := strings.TrimSpace(text(value))
	at, err := time.Parse(time.RFC3339, written)
	if err != nil {
		count, err := strconv.ParseFloat(written, 64)
		if err != nil || !(math.Abs(count) < latestSeconds*1000) {
			return 0, "The answer's time of expiry is neither RFC 3339 nor Unix time", false
		}
		if count < latestSeconds {
			count *= 1000
		}
		at = time.UnixMilli(int64(count))
	}
	d = at.Sub(now.Round(0))
	switch {
	case d <= 0:
		return 0, "", true
	case d > maxLifetime:
		return 0, "The answer's time of expiry is more than a year away", false
	}
	return d, "", false
}

// usableToken reports whether the text can stand in an Authorization header.
func usableToken(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

// after reads a Retry-After header: seconds, or a date. Zero means none.
func after(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(strings.TrimSpace(header), 10, 32); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(header); err == nil && date.After(now) {
		return date.Sub(now)
	}
	return 0
}
