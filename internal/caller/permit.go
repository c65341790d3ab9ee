package caller

import (
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// request is one reading of a request.
type request struct {
	method           string
	segments, folded []string
	// What the table has for it: by the letter, and for a server that does not
	// mind what fold takes away.
	operation, operationFolded int
	known, knownFolded         bool
}

// Permit says whether a caller may make a request, and which operation it is; one
// that the table does not have counts as Heavy. path is everything after
// /to/{credential}, escaped, exactly as it came; base, "/v2", is the path that all
// of the API lies below. What is permitted may be sent on byte for byte, and means
// to the provider what it meant here.
//
// The errors: [stagedoor.KindUsage] where the path could be read in two ways or
// the method is none; [stagedoor.KindNotFound] where it lies outside the base;
// [stagedoor.KindForbidden] where a rule denies it or none allows it; the error
// says which, and the operation is returned beside it, for the audit.
func (c *Callers) Permit(who stagedoor.Caller, base, method, path string) (stagedoor.Operation, error) {
	if now := c.snapshot.Load(); now != nil && now.callers[who.ID] != nil {
		return now.callers[who.ID].rules.permit(base, method, path)
	}
	return c.ready(who).permit(base, method, path)
}

func (r rules) permit(base, method, path string) (stagedoor.Operation, error) {
	if !slices.Contains(methods, method) {
		return stagedoor.Operation{}, &stagedoor.Error{
			Op: "read the request", Subject: stagedoor.Outside(method, 40), Kind: stagedoor.KindUsage,
			Cause: "it is no method that the gateway passes on", Fix: "Use " + strings.Join(methods, ", ") + "; methods are in capitals.",
		}
	}
	segments, err := belowOf(base, path)
	if err != nil {
		return stagedoor.Operation{}, err
	}
	below := strings.TrimPrefix(path, strings.TrimSuffix(base, "/"))
	readings, err := r.readings(method, segments)
	if err != nil {
		return stagedoor.Operation{}, err
	}
	op := stagedoor.Operation{Method: method, Path: shortened(below), Label: stagedoor.Heavy}
	if q := readings[0]; q.known {
		op = r.table.all[q.operation]
		op.Method = method
	}
	for _, q := range readings {
		if err := r.judge(q); err != nil {
			if base != "" && !q.known && strings.HasPrefix(below, base+"/") {
				return stagedoor.Operation{}, &stagedoor.Error{
					Op: "find the operation", Subject: stagedoor.Outside(path, 200), Kind: stagedoor.KindNotFound,
					Cause: base + " stands in it twice", Fix: "Take one away: where the base URL ends in " + base + ", paths start behind it.",
				}
			}
			return op, err
		}
	}
	return op, nil
}

// belowOf are the segments of a path behind the API's base.
func belowOf(base, path string) ([]segment, error) {
	below, ok := strings.CutPrefix(path, strings.TrimSuffix(base, "/"))
	switch {
	case path != "" && path[0] != '/':
		return nil, &stagedoor.Error{
			Op: "read the path", Subject: stagedoor.Outside(path, 200), Kind: stagedoor.KindUsage,
			Cause: "it does not start with a slash", Fix: "Send the path alone, not a whole address.",
		}
	case !ok || len(below) < 2 || below[0] != '/':
		return nil, &stagedoor.Error{
			Op: "find the operation", Subject: stagedoor.Outside(path, 200), Kind: stagedoor.KindNotFound,
			Cause: "all operations lie below " + base + "/", Fix: "Write the path like " + base + "/users/me.",
		}
	}
	return read(below)
}

// readings are the requests that the path may be taken for. There is one, except
// where a UUID holds a slash: a server that decodes too early finds more segments,
// and where that makes an operation, the rules must allow it as well.
func (r rules) readings(method string, segments []segment) ([]request, error) {
	texts := make([]string, len(segments))
	for i, s := range segments {
		texts[i] = s.text
	}
	q := r.request(method, texts)
	all := []request{q}
	var apart []string
	for i, s := range segments {
		if !s.uuid {
			apart = append(apart, s.text)
			continue
		}
		if !q.known || !holdsUUID(r.table.segments[q.operation], i) {
			return nil, &stagedoor.Error{
				Op: "read the path", Subject: stagedoor.Outside(s.text, 60), Kind: stagedoor.KindUsage,
				Cause: "an escaped slash, or a second escape, is for the UUID of a meeting or webinar, and no operation has one in this place",
				Fix:   "Percent-encode each identifier once.",
			}
		}
		apart = append(apart, strings.FieldsFunc(s.text, func(r rune) bool { return r == '/' })...)
	}
	if len(apart) > len(texts) || !slices.Equal(apart, texts) {
		if other := r.request(method, apart); other.known || other.knownFolded {
			all = append(all, other)
		}
	}
	return all, nil
}

func (r rules) request(method string, segments []string) request {
	q := request{method: method, segments: segments, folded: make([]string, len(segments))}
	for i, segment := range segments {
		q.folded[i] = fold(segment)
	}
	if method == "HEAD" { // no table has it; it is the GET without its body
		method = "GET"
	}
	q.operation, q.known = r.table.find(method, q.segments)
	q.operationFolded, q.knownFolded = r.table.findFolded(method, q.folded)
	return q
}

// judge refuses what a rule denies or none allows.
func (r rules) judge(q request) error {
	allowed := false
	for _, rule := range r.list {
		if rule.denies(q) {
			why := "the rule --deny '" + rule.rule.String() + "' denies it"
			if rule.broken {
				why = "the rule --deny '" + rule.rule.String() + "' can not be read any more, and so denies everything"
			}
			return r.forbidden(q, why)
		}
		allowed = allowed || rule.allows(q)
	}
	if !allowed {
		return r.forbidden(q, "none of the rules of caller "+r.name+" allows it")
	}
	return nil
}

func (r rules) forbidden(q request, why string) error {
	what := q.method + " /" + strings.Join(q.segments, "/")
	if q.known {
		what = q.method + " " + r.table.all[q.operation].Path
	}
	return &stagedoor.Error{
		Op: "let a request through", Subject: stagedoor.Outside(what, 200), Kind: stagedoor.KindForbidden, Cause: why,
		Fix: "Whoever runs Stagedoor sees the rules with `stagedoor caller show " + r.name + "`, and changes them with `stagedoor caller set-rules " + r.name + "`.",
	}
}

// holdsUUID reports whether a template has a parameter in this place whose values
// are UUIDs in Base64, which Zoom wants escaped twice: those of meetings and
// webinars, and the ids of the Video SDK's sessions.
// Source: the operations of Zoom's API Hub, March 2026.
func holdsUUID(template []string, at int) bool {
	switch template[at] {
	case "{meetingId}", "{meetingUUID}", "{webinarId}":
		return true
	case "{sessionId}":
		return template[0] == "videosdk"
	}
	return false
}

// shortened keeps a path that no table knows short enough for a line.
func shortened(path string) string {
	const longest = 200
	if len(path) > longest {
		return path[:longest] + "…"
	}
	return path
}
