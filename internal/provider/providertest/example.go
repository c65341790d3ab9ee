package providertest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/stagedoor/stagedoor"
)

// wrongSecret returns how the service answers a wrong secret, by the file's
// first rule for it; false, and why, where the file does not say.
func wrongSecret(p stagedoor.Provider) (answer, string, bool) {
	for _, rule := range p.Errors {
		if (rule.At == stagedoor.AtToken || rule.At == "") && rule.Kind == stagedoor.KindInvalidClient {
			a, why := example(p, rule)
			return a, why, why == ""
		}
	}
	return answer{}, "the file does not say how the service answers a wrong secret", false
}

var statusForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b([1-5]\d\d)\b`) })

// example returns the answer that a rule's example stands for: a status, a JSON
// body, or both. A rule without one is its own example, unless a message of no
// certain form belongs to it; why says so.
func example(p stagedoor.Provider, rule stagedoor.ErrorRule) (a answer, why string) {
	a.status = http.StatusBadRequest
	if len(rule.Status) > 0 {
		a.status = rule.Status[0]
	}
	head, body := rule.Example, ""
	if open := strings.IndexByte(rule.Example, '{'); open >= 0 {
		head, body = rule.Example[:open], rule.Example[open:]
	}
	if m := statusForm().FindString(head); m != "" {
		a.status, _ = strconv.Atoi(m)
	}
	switch {
	case body != "":
		var object json.RawMessage
		if err := json.NewDecoder(strings.NewReader(body)).Decode(&object); err != nil {
			return a, "its example holds no JSON object"
		}
		a.body = object
	case rule.Message != "":
		return a, "it has no example, and its message can not be made up"
	default:
		said := document{}
		if len(rule.Error) > 0 {
			said.put(named(p.Response.Error, "error"), rule.Error[0])
		}
		if len(rule.Code) > 0 {
			said.put(named(p.Response.Code, "code"), rule.Code[0])
		}
		a.body = said.json()
	}
	return a, ""
}
