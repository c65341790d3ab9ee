package doctor

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// refusal reads the first JSON object of the text as the provider's file says
// that its token endpoint refuses. The text does not tell which endpoint
// answered so, and it may have been the API.
func refusal(p stagedoor.Provider, text string) (stagedoor.Answer, bool) {
	open := strings.IndexByte(text, '{')
	if open < 0 {
		return stagedoor.Answer{}, false
	}
	decoder := json.NewDecoder(strings.NewReader(text[open:]))
	decoder.UseNumber()
	var body map[string]any
	if decoder.Decode(&body) != nil {
		return stagedoor.Answer{}, false
	}
	find := func(given []string, usual ...string) string {
		if len(given) == 0 {
			given = usual
		}
		for _, path := range given {
			if found := at(body, path); found != "" {
				return found
			}
		}
		return ""
	}
	answer := stagedoor.Answer{
		Error: find(p.Response.Error, "error"), Code: find(p.Response.Code, "code"),
		Message: find(p.Response.Message, "reason", "error_description", "message"),
	}
	if m := statusForm().FindStringSubmatch(text[:open]); m != nil {
		answer.Status, _ = strconv.Atoi(m[1])
	}
	return answer, answer.Error != "" || answer.Code != "" || answer.Message != ""
}

// at returns the text or the number at a path of an object; a field by the
// whole name wins over the path.
func at(object map[string]any, path string) string {
	switch value := member(object, path).(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	}
	name, rest, more := strings.Cut(path, ".")
	if inner, ok := member(object, name).(map[string]any); ok && more {
		return at(inner, rest)
	}
	return ""
}

// member returns a field, compared without letter case; an exact match wins.
func member(object map[string]any, name string) any {
	if value, ok := object[name]; ok {
		return value
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if strings.EqualFold(key, name) {
			return object[key]
		}
	}
	return nil
}
