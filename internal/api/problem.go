package api

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/stagedoor/stagedoor"
)

// Problem is an error as the API tells of it: what the daemon's other answers have,
// and which fields of the request are meant.
type Problem struct {
	stagedoor.Problem
	Fields []FieldProblem `json:"fields,omitempty" doc:"What is wrong with the request, field by field"`
	retry  time.Time      // from when it can work again; zero if not known
}

// FieldProblem says what is wrong with one field of a request. It never repeats
// what was sent.
type FieldProblem struct {
	Field string `json:"field" doc:"Where: body.client_id, query.limit" example:"body.client_id"`
	Says  string `json:"says" doc:"What is wrong with it" example:"it is missing"`
}

// GetHeaders is for huma: when it can work again (RFC 9110 section 10.2.3).
func (p *Problem) GetHeaders() http.Header {
	if p.retry.IsZero() {
		return nil
	}
	seconds := max(1, int(math.Ceil(time.Until(p.retry).Seconds())))
	return http.Header{"Retry-After": {strconv.Itoa(seconds)}}
}

// Error is the message.
func (p *Problem) Error() string { return p.Message }

// GetStatus is for huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is for huma.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

var errNotJSON = errors.New("the body is not one JSON value")

func problemOf(err error) *Problem {
	p := &Problem{Problem: stagedoor.ProblemOf(err, statusOf(err))}
	if e, ok := errors.AsType[*stagedoor.Error](err); ok {
		p.retry = e.RetryAt
	}
	return p
}

// statusOf is the status where the kind's own would not say what is meant of an API:
// 0 is the kind's. What Zoom answered is no status of ours.
func statusOf(err error) int {
	if e, ok := errors.AsType[*stagedoor.Error](err); ok && e.Kind == stagedoor.KindUsage {
		return e.Status
	}
	return 0
}

// usage is an error of whoever asked, with a status of its own.
func usage(status int, cause, fix string) *Problem {
	return problemOf(&stagedoor.Error{Kind: stagedoor.KindUsage, Status: status, Cause: cause, Fix: fix})
}

// speakProblems has huma make our problems of the errors that it finds itself. What it
// would answer repeats the values that were sent. It knows no other place for that
// than two variables, which are therefore set once.
var speakProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, says string, errs ...error) huma.StatusError { return wrong(nil, status, says, errs) }
	huma.NewErrorWithContext = func(ctx huma.Context, status int, says string, errs ...error) huma.StatusError {
		return wrong(ctx, status, says, errs)
	}
})

// wrong is the problem of what huma refused.
func wrong(ctx huma.Context, status int, message string, errs []error) *Problem {
	var fields []FieldProblem
	for _, err := range errs {
		if err == nil {
			continue
		}
		field := FieldProblem{Says: "it is not what the document asks for"}
		if detailed, ok := err.(huma.ErrorDetailer); ok {
			detail := detailed.ErrorDetail()
			field = FieldProblem{Field: place(ctx, detail.Location), Says: says(detail.Message)}
		}
		if !slices.Contains(fields, field) {
			fields = append(fields, field)
		}
	}
	cause, fix := "the request is not what "+Prefix+"/openapi.json asks for", "Look at the fields that are named, and at the operation in the document."
	if status >= 500 {
		p := problemOf(&stagedoor.Error{Kind: stagedoor.KindInternal, Cause: "the answer could not be made", Fix: "Look into the log of the daemon, and report it."})
		return p
	}
	if message == "request body is required" {
		cause = "in the request, the body is missing"
	}
	if len(fields) > 0 {
		cause = "in the request, " + fields[0].Field + ": " + fields[0].Says
		if slices.ContainsFunc(fields, func(f FieldProblem) bool { return f.Says == unknownField }) {
			if known := knownFields(ctx); known != "" {
				fix = "The body takes these fields: " + known + "."
			}
		}
	}
	p := usage(status, cause, fix)
	p.Fields = fields
	return p
}

const unknownField = "there is a field that this does not take"

// says puts what huma says into our words, where its own come from the document and
// from nothing that was sent.
func says(message string) string {
	switch message {
	case validation.MsgUnexpectedProperty:
		return unknownField
	case errNotJSON.Error():
		return message
	case "unknown query parameter":
		return "there is a parameter that this does not take"
	}
	if strings.HasPrefix(message, "required ") && strings.HasSuffix(message, " parameter is missing") {
		return "it is missing"
	}
	if name, ok := strings.CutPrefix(message, "expected required property "); ok {
		return "the field " + strings.TrimSuffix(name, " to be present") + " is missing"
	}
	for _, fromDocument := range []string{
		validation.MsgExpectedBoolean, validation.MsgExpectedNumber, validation.MsgExpectedInteger, validation.MsgExpectedString,
		validation.MsgExpectedArray, validation.MsgExpectedObject, validation.MsgExpectedRFC3339DateTime, validation.MsgExpectedRFC3339Date,
		validation.MsgExpectedArrayItemsUnique,
	} {
		if message == fromDocument {
			return message
		}
	}
	for _, start := range []string{
		"expected value to be one of ", "expected number >= ", "expected number <= ", "expected number > ", "expected number < ",
		"expected length >= ", "expected length <= ", "expected array length >= ", "expected array length <= ",
		"expected object with at most ", "expected object with at least ",
	} {
		if strings.HasPrefix(message, start) {
			return message
		}
	}
	return "it is not what the document asks for"
}

// place is the location as far as it is made of names of the document: a field that
// nobody knows, and the key of a map, may be anything, a secret too.
func place(ctx huma.Context, location string) string {
	var known []string
	if ctx != nil {
		known = fieldNames(ctx.Operation())
	}
	parts := strings.Split(location, ".")
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "[")
		if i == 0 && slices.Contains([]string{"body", "query", "path", "header"}, name) || slices.Contains(known, name) {
			continue
		}
		return strings.Join(parts[:i], ".")
	}
	return location
}

// fieldNames are the names that the document has for what an operation takes.
func fieldNames(op *huma.Operation) []string {
	names := bodyNames(op)
	for _, p := range op.Parameters {
		names = append(names, p.Name)
	}
	return names
}

func knownFields(ctx huma.Context) string {
	if ctx == nil {
		return ""
	}
	return strings.Join(bodyNames(ctx.Operation()), ", ")
}

// bodyNamesOf is where an operation leaves the names of its body's fields.
const bodyNamesOf = "body fields"

func bodyNames(op *huma.Operation) []string {
	names, _ := op.Metadata[bodyNamesOf].([]string)
	return slices.Clone(names)
}

// status words for what the front refuses.
func methodNotAllowed(allowed []string) *Problem {
	return usage(http.StatusMethodNotAllowed, "this method is not for this address", "Use "+strings.Join(allowed, " or ")+".")
}
