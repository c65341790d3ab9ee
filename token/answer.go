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
	kind     string
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

// readAnswer never fails: what cannot be read is missing in its result.
func readAnswer(status int, header http.Header, body []byte, names stagedoor.TokenResponse) answer {
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
	a.kind = text(find(names.TokenType, "token_type"))
	a.scopes = words(find(names.Scope, "scope"))
	a.apiURL = text(find(names.APIURL, "api_url"))
	a.lifetime, a.guess, a.dead = lifetime(find(names.ExpiresIn, "expires_in", "expire_in"))

	a.word, a.failed = problem(field(fields, []string{"error"}))
	a.code = text(field(fields, []string{"code"}))
	a.reason = text(field(fields, []string{"reason", "error_description", "message"}))
	return a
}

// granted reports whether the answer holds a token that may be used.
func (a answer) granted() bool {
	return a.status >= 200 && a.status <= 299 && !a.failed && !a.dead && usableToken(a.token)
}

// standard writes the answer as RFC 6749 section 5.1 has it, which is all that
// x/oauth2 is given to read.
func (a answer) standard() []byte {
	if !a.granted() {
		return []byte(`{"error":"refused"}`)
	}
	seconds := int64(math.Ceil(a.lifetime.Seconds()))
	body, err := json.Marshal(map[string]any{"access_token": a.token, "token_type": a.kind, "expires_in": max(seconds, 1)})
	if err != nil {
		return []byte(`{"error":"refused"}`)
	}
	return body
}

// field returns the first of names that is there and not null, compared
// without letter case; an exact match wins over others of the same name.
func field(fields map[string]json.RawMessage, names []string) json.RawMessage {
	for _, name := range names {
		if value, ok := fields[name]; ok && !null(value) {
			return value
		}
		var alike []string
		for key, value := range fields {
			if strings.EqualFold(key, name) && !null(value) {
				alike = append(alike, key)
			}
		}
		if len(alike) > 0 {
			return fields[slices.Min(alike)]
		}
	}
	return nil
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

// lifetime reads seconds, as a number with or without a fraction or as text.
func lifetime(value json.RawMessage) (d time.Duration, guess string, dead bool) {
	if null(value) {
		return 0, "The answer gave no lifetime", false
	}
	written := strings.TrimSpace(text(value))
	if written == "" {
		return 0, "The answer gave an empty lifetime", false
	}
	seconds, err := strconv.ParseFloat(written, 64)
	switch {
	case math.IsNaN(seconds), err != nil && !math.IsInf(seconds, 0):
		return 0, "The answer's lifetime is not a number", false
	case seconds <= 0:
		return 0, "", true
	case seconds > maxLifetime.Seconds():
		return 0, "The answer's lifetime is longer than a year", false
	}
	return max(time.Duration(seconds*float64(time.Second)), time.Millisecond), "", false
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
