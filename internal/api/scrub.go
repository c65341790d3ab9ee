package api

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// withheld stands in an error in the place of what was sent.
const withheld = "[what was sent]"

// shortestWithheld is from how many bytes a value is looked for in an error; what is
// shorter is no secret, and would be found in words.
const shortestWithheld = 6

// shortestPart is the same for a part of a value.
const shortestPart = 12

// sent are the texts of a request in which a secret may stand, whatever field they
// are in: people paste secrets into the wrong one. Names that are written as names
// are none, so that an error can say which credential it means.
func sent(path string, query url.Values, body []byte) []string {
	var texts []string
	add := func(text string) {
		text = strings.TrimSpace(text)
		if len(text) < shortestWithheld || isName(text) {
			return
		}
		texts = append(texts, text)
		for _, part := range strings.FieldsFunc(text, between) { // an error may have taken it apart
			if len(part) >= shortestPart && part != text && !isName(part) {
				texts = append(texts, part)
			}
		}
	}
	for name := range strings.SplitSeq(path, "/") {
		add(name)
	}
	for name, values := range query {
		add(name)
		for _, value := range values {
			add(value)
		}
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			add(v)
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for name, item := range v {
				if !isFieldName(name) {
					add(name)
				}
				walk(item)
			}
		}
	}
	var whole any
	if json.Unmarshal(body, &whole) == nil {
		walk(whole)
	}
	return texts
}

// isName reports whether a text is written as names are, and looks like nothing that
// was drawn by lot.
func isName(text string) bool {
	return text == stagedoor.Slugify(text) && len(text) <= 63 && stagedoor.Outside(text, 63) == text
}

// between is what stands between the parts of a text: of an address, of a command.
func between(r rune) bool { return strings.ContainsRune(" \t\r\n/:@?&=,;\"'()[]{}<>", r) }

// isFieldName reports whether a text is written as fields of ours are: "client_id".
func isFieldName(name string) bool {
	return len(name) <= 20 && !strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })
}

// scrub takes out of an error what was sent.
func scrub(p *Problem, texts []string) {
	for _, said := range []*string{&p.Detail, &p.Fix, &p.Message} {
		for _, text := range texts {
			*said = without(*said, text)
		}
	}
}

// without takes a text out of what is said, also where it was cut short there.
func without(said, text string) string {
	said = strings.ReplaceAll(said, text, withheld)
	from := 0
	for {
		cut := strings.Index(said[from:], "…")
		if cut < 0 {
			return said
		}
		cut += from
		n := 0
		for k := min(len(text), cut); k >= shortestWithheld; k-- {
			if strings.HasSuffix(said[:cut], text[:k]) {
				n = k
				break
			}
		}
		if n > 0 {
			said = said[:cut-n] + withheld + said[cut+len("…"):]
			from = cut - n + len(withheld)
			continue
		}
		from = cut + len("…")
	}
}
