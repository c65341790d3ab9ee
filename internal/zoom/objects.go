package zoom

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// objects finds what the call is made upon, where the provider limits that. The
// body is asked for only where it decides.
func (c *Client) objects(op stagedoor.Operation, u *url.URL, body func() []byte) map[string][]string {
	var found map[string][]string
	for _, limit := range c.provider.ObjectLimits {
		if !slices.Contains(limit.Operations, op.Name()) {
			continue
		}
		var content []byte
		if limit.Where != "" || limit.Object != "" && !strings.Contains(op.Path, "{"+limit.Object+"}") {
			content = body()
		}
		if field, value, ok := strings.Cut(limit.Where, "="); ok && !slices.Contains(valuesOf(content, field), value) {
			continue
		}
		path, _ := c.api.below(u)
		if values := objectsOf(limit.Object, op.Path, path, content); len(values) > 0 {
			if found == nil {
				found = map[string][]string{}
			}
			found[limit.Name] = values
		}
	}
	return found
}

// objectsOf are the value of a template's parameter, or else those of a field of
// the body.
func objectsOf(name, template, path string, body []byte) []string {
	if name == "" {
		return []string{""} // the account as a whole
	}
	given := strings.Split(path, "/")
	for i, segment := range strings.Split(template, "/") {
		if segment == "{"+name+"}" && i < len(given) {
			value, err := url.PathUnescape(given[i])
			if err != nil {
				return nil
			}
			return []string{value}
		}
	}
	return valuesOf(body, name)
}

// valuesOf are the texts that stand in a field of a JSON object, "action", or in
// that field of each in a list of objects, "registrants.email".
func valuesOf(body []byte, field string) []string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return nil
	}
	field, inner, nested := strings.Cut(field, ".")
	if !nested {
		var value string
		if json.Unmarshal(fields[field], &value) != nil || value == "" {
			return nil
		}
		return []string{value}
	}
	var list []json.RawMessage
	if json.Unmarshal(fields[field], &list) != nil {
		return nil
	}
	var values []string
	for _, element := range list {
		values = append(values, valuesOf(element, inner)...)
	}
	return values
}
