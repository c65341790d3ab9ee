package snippet

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"unicode"
)

// Use is what the code has to know.
type Use struct {
	Caller     string // its name
	Credential string // its credential's slug
	ClientID   string
	TokenURL   string // "https://gate.example.com/oauth/token"
	BaseURL    string // "https://gate.example.com/to/acme", what stands for https://api.zoom.us
	Call       Call
}

// Call is the request that the code makes.
type Call struct {
	Method string
	Path   string  // from the base URL on, escaped: "/v2/report/meeting_activities"
	Query  []Param // in the order in which they are sent
	// Fill are the parts of path and query that a person has to put in, as they
	// stand there: "{meetingId}".
	Fill []string
}

// Param is a parameter of a query.
type Param struct{ Name, Value string }

// Escaped is the value as it is sent.
func (p Param) Escaped() string { return escape(p.Value) }

// Segments are the parts of the path.
func (c Call) Segments() []string { return strings.Split(strings.TrimPrefix(c.Path, "/"), "/") }

// Target is the path with the query.
func (c Call) Target() string {
	var pairs []string
	for _, p := range c.Query {
		pairs = append(pairs, escape(p.Name)+"="+escape(p.Value))
	}
	if len(pairs) == 0 {
		return c.Path
	}
	return c.Path + "?" + strings.Join(pairs, "&")
}

// escape leaves the braces of what has to be filled in.
func escape(text string) string {
	return strings.NewReplacer("+", "%20", "%7B", "{", "%7D", "}").Replace(url.QueryEscape(text))
}

// Reads reports whether the call has no body.
func (c Call) Reads() bool { return c.Method == "GET" || c.Method == "HEAD" || c.Method == "DELETE" }

// ToFill says what has to be filled in, for a comment.
func (c Call) ToFill() string { return strings.Join(c.Fill, ", ") }

// URL is the whole address of the call.
func (u Use) URL() string { return u.BaseURL + u.Call.Target() }

// Origin is the address of the gateway without a path, and Prefix the path of
// the base URL: "https://gate.example.com" and "/to/acme".
func (u Use) Origin() string { return strings.TrimSuffix(u.BaseURL, u.Prefix()) }

// Prefix is the rest of [Use.Origin].
func (u Use) Prefix() string {
	if _, rest, ok := strings.Cut(u.BaseURL, "://"); ok {
		if _, path, ok := strings.Cut(rest, "/"); ok {
			return "/" + path
		}
	}
	return ""
}

//go:embed form
var files embed.FS

// Forms are what there is code for.
func Forms() []string {
	return []string{"curl", "python", "go", "node", "salesforce", "postman", "powerautomate-code"}
}

var fileOf = map[string]string{
	"curl": "curl.sh", "python": "python.py", "go": "program.go.txt", "node": "node.mjs", "salesforce": "salesforce.txt", "postman": "postman.json",
	"powerautomate-code": "script.csx",
}

var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Delims("«", "»").Option("missingkey=error").Funcs(template.FuncMap{
		"sh": shell, "json": quoted, "go": strconv.Quote, "line": line,
	}).ParseFS(files, "form/*"))
})

// Write writes the code for one of [Forms].
func Write(w io.Writer, form string, u Use) error {
	file, ok := fileOf[form]
	if !ok {
		return fmt.Errorf("there is no form %q", form)
	}
	var out bytes.Buffer
	if err := templates().ExecuteTemplate(&out, file, u); err != nil {
		return err
	}
	_, err := w.Write(out.Bytes())
	return err
}

// shell quotes a text for a POSIX shell.
func shell(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// quoted is a text as JSON, JavaScript and Python write it alike.
func quoted(text string) (string, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // & belongs into addresses
	err := enc.Encode(text)
	return strings.TrimSpace(out.String()), err
}

// line makes a text fit for a comment: one line without control characters.
func line(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}
