package doctor

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/stagedoor/stagedoor"
)

// Explain finds the cause and the fix of an error text: a raw answer of the
// provider, or the message of another program around one. It returns the id of
// the rule that explains it, and false where none does.
func Explain(p stagedoor.Provider, text string) (*stagedoor.Error, string, bool) {
	answers := read(text)
	// Zoom's two forms of answers are read above; another service's are as its
	// file says.
	if own, ok := refusal(p, text); ok && p.BuiltOn() != stagedoor.Zoom.Name {
		answers = append([]stagedoor.Answer{own}, answers...)
	}
	for _, answer := range answers {
		rule, _, ok := p.Rule(answer)
		if !ok {
			continue
		}
		explained, _ := p.Explain(answer)
		explained.Tracking = trackingID(text)
		return explained, rule.ID, true
	}
	return nil, "", false
}

var (
	statusForm   = lazy(`(?i)(?:^\s*|\bstatus(?: ?code)?["':= ]*|\bcode["':= ]*|\berror["':= ]*|HTTP/[\d.]+ |curl: \(22\)\D{0,60})([1-5]\d\d)\b`)
	trackingForm = lazy(`(?i)x-zm-trackingid["':= ]*(\S*rid=\w+)`)
)

// lazy compiles a pattern when it is first needed: most commands need none, and
// all would wait for it.
func lazy(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// read returns what the text may stand for, the most exact first.
func read(text string) []stagedoor.Answer {
	status := 0
	if m := statusForm().FindStringSubmatch(text); m != nil {
		status, _ = strconv.Atoi(m[1])
	}
	var answers []stagedoor.Answer
	if body, ok := findBody(text); ok {
		answer := stagedoor.Answer{Status: status, Code: string(body.Code), Message: body.Message}
		switch {
		case body.Reason != "" || body.Code == "" && body.Error != "":
			answer.At, answer.Error, answer.Message = stagedoor.AtToken, body.Error, body.Reason
		case body.Code != "":
			answer.At = stagedoor.AtAPI
		}
		// Zoom repeats the status in some bodies' code: 429.
		if n, err := strconv.Atoi(string(body.Code)); err == nil && status == 0 && n >= 400 && n < 600 {
			answer.Status = n
		}
		if answer.At != "" {
			answers = append(answers, answer)
		}
	}
	return append(answers,
		stagedoor.Answer{At: stagedoor.AtElsewhere, Message: text},
		stagedoor.Answer{At: stagedoor.AtAPI, Status: status, Message: text})
}

type body struct {
	Code    code   `json:"code"`
	Message string `json:"message"`
	Reason  string `json:"reason"`
	Error   string `json:"error"`
	Errors  []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`
}

// code is a number in Zoom's answers and sometimes a text in other programs'.
type code string

func (c *code) UnmarshalJSON(b []byte) error {
	*c = code(strings.Trim(string(b), `"`))
	if *c == "null" {
		*c = ""
	}
	return nil
}

// findBody finds the first JSON object in the text that looks like an answer of
// an API, also where quotes are escaped, as in a log line.
func findBody(text string) (body, bool) {
	for _, candidate := range []string{text, strings.ReplaceAll(text, `\"`, `"`)} {
		for at := 0; ; at++ {
			open := strings.IndexByte(candidate[at:], '{')
			if open < 0 {
				break
			}
			at += open
			var b body
			if err := json.NewDecoder(strings.NewReader(candidate[at:])).Decode(&b); err != nil {
				continue
			}
			if b.Code == "" && b.Error == "" && b.Reason == "" {
				continue
			}
			for _, e := range b.Errors {
				b.Message += " " + e.Field + ": " + e.Message
			}
			return b, true
		}
	}
	return body{}, false
}

func trackingID(text string) string {
	if m := trackingForm().FindStringSubmatch(text); m != nil {
		return strings.Trim(m[1], `"',`)
	}
	return ""
}
