package zoomsim

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
)

//go:generate go run ../internal/zoom/compact_operations.go $ZOOM_OPERATIONS operations.tsv.gz method path label granular_scopes+classic_scopes

// operationsGz lists Zoom's operations as tab-separated method, path template,
// rate-limit label and scopes (granular before classic, separated by blanks),
// from the OpenAPI documents of Zoom's API Hub
// (https://developers.zoom.us/api-hub/, March 2026).
//
//go:embed operations.tsv.gz
var operationsGz []byte

// A label says which rate limit an operation falls under.
type label string

const (
	light             label = "Light"
	medium            label = "Medium"
	heavy             label = "Heavy"
	resourceIntensive label = "Resource-intensive"
)

// labelOf reads the table's spelling. Zoom labels nearly all operations; one
// without a label counts as Heavy, the careful guess.
func labelOf(text string) label {
	for _, l := range []label{light, medium, heavy, resourceIntensive} {
		if strings.EqualFold(text, string(l)) {
			return l
		}
	}
	return heavy
}

// An operation is one method on one path template.
type operation struct {
	method string
	path   string // template without /v2, such as /users/{userId}
	label  label
	scopes []string // alternatives: any one suffices
}

// name is how statistics and faults call the operation: "GET /users/{userId}".
func (op *operation) name() string { return op.method + " " + op.path }

// An operationTree finds the operation of a request: the method first, then one
// path segment a level.
type operationTree struct {
	literal  map[string]*operationTree
	template *operationTree // nil if no path has a parameter here
	op       *operation     // nil if no path ends here
}

// knownOperations is every published operation.
var knownOperations = sync.OnceValue(func() *operationTree {
	unzipped, err := gzip.NewReader(bytes.NewReader(operationsGz))
	if err != nil {
		panic(fmt.Sprintf("zoomsim: embedded operations: %v", err))
	}
	table, err := io.ReadAll(unzipped)
	if err != nil {
		panic(fmt.Sprintf("zoomsim: embedded operations: %v", err))
	}
	tree := &operationTree{}
	for line := range strings.Lines(string(table)) {
		column := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		tree.add(&operation{
			method: column[0],
			path:   column[1],
			label:  labelOf(column[2]),
			scopes: strings.Fields(column[3]),
		})
	}
	return tree
})

func (t *operationTree) add(op *operation) {
	for segment := range strings.SplitSeq(op.method+op.path, "/") {
		if strings.HasPrefix(segment, "{") {
			if t.template == nil {
				t.template = &operationTree{}
			}
			t = t.template
			continue
		}
		if t.literal == nil {
			t.literal = map[string]*operationTree{}
		}
		if t.literal[segment] == nil {
			t.literal[segment] = &operationTree{}
		}
		t = t.literal[segment]
	}
	t.op = op
}

// find returns the operation of a request and the values of its path
// parameters, or nil. The path is percent-encoded and starts with a slash. Each
// segment is decoded once, so an encoded slash stays inside its segment.
func (t *operationTree) find(method, escapedPath string) (*operation, []string) {
	segments := strings.Split(method+escapedPath, "/")
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil || decoded == "" {
			return nil, nil
		}
		segments[i] = decoded
	}
	return t.walk(segments, nil)
}

// walk tries a literal segment before a parameter:
// /meetings/meeting_summaries beats /meetings/{meetingId}.
func (t *operationTree) walk(segments, args []string) (*operation, []string) {
	if len(segments) == 0 {
		return t.op, args
	}
	if next := t.literal[segments[0]]; next != nil {
		if op, found := next.walk(segments[1:], args); op != nil {
			return op, found
		}
	}
	if t.template == nil {
		return nil, nil
	}
	return t.template.walk(segments[1:], append(args, segments[0]))
}

// decodedOnce returns text percent-decoded once more, or as it is.
func decodedOnce(text string) string {
	if decoded, err := url.PathUnescape(text); err == nil {
		return decoded
	}
	return text
}
