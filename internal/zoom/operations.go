package zoom

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/stagedoor/stagedoor"
)

//go:generate go run compact_operations.go $ZOOM_OPERATIONS operations.tsv.gz product method path label state classic_scopes granular_scopes role_permissions query(!=required) paging list_key status_codes

// operationsGz is a table of Zoom's operations from the OpenAPI documents of
// Zoom's API Hub (https://developers.zoom.us/api-hub/, March 2026), one a line,
// columns separated by tabs, values inside a column by blanks.
//
//go:embed operations.tsv.gz
var operationsGz []byte

// base is the path that Zoom's operations lie below.
const base = "/v2"

// Table is the list of Zoom's operations. It does not change, and may be used
// by many goroutines at once.
type Table struct {
	all  []stagedoor.Operation
	root node
}

// node is one segment of the paths that start alike.
type node struct {
	literal map[string]*node
	any     *node // a template's {name}
	methods map[string]int
}

// Operations returns the table, which is read when it is first asked for.
func Operations() *Table { return operations() }

var operations = sync.OnceValue(func() *Table {
	table, err := readTable(operationsGz)
	if err != nil {
		panic("zoom: the embedded table of operations: " + err.Error()) // a broken build
	}
	return table
})

func readTable(zipped []byte) (*Table, error) {
	zip, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		return nil, err
	}
	t := &Table{}
	for line := range strings.Lines(string(text)) {
		op, err := parseOperation(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		t.add(op)
	}
	return t, nil
}

func parseOperation(line string) (stagedoor.Operation, error) {
	cells := strings.Split(line, "\t")
	if len(cells) != 12 {
		return stagedoor.Operation{}, fmt.Errorf("%d columns in %q", len(cells), line)
	}
	op := stagedoor.Operation{
		Product: cells[0], Method: cells[1], Path: cells[2],
		Label:          stagedoor.ParseLabel(cells[3]),
		Deprecated:     cells[4] == "deprecated",
		ClassicScopes:  strings.Fields(cells[5]),
		GranularScopes: strings.Fields(cells[6]),
		Roles:          strings.Fields(cells[7]),
	}
	for _, name := range strings.Fields(cells[8]) {
		name, required := strings.CutSuffix(name, "!")
		op.Query = append(op.Query, name)
		if required {
			op.Required = append(op.Required, name)
		}
	}
	switch cells[9] {
	case "token":
		op.Paging = stagedoor.PagingToken
	case "number":
		op.Paging = stagedoor.PagingNumber
	}
	if cells[10] != "" {
		op.ListKeys = strings.Split(cells[10], "|")
	}
	for _, status := range strings.Fields(cells[11]) {
		if n, err := strconv.Atoi(status); err == nil && n/100 == 2 {
			op.Success = append(op.Success, n)
		}
	}
	return op, nil
}

func (t *Table) add(op stagedoor.Operation) {
	at := &t.root
	for _, segment := range strings.Split(op.Path, "/")[1:] {
		if strings.HasPrefix(segment, "{") {
			if at.any == nil {
				at.any = &node{}
			}
			at = at.any
			continue
		}
		if at.literal == nil {
			at.literal = map[string]*node{}
		}
		if at.literal[segment] == nil {
			at.literal[segment] = &node{}
		}
		at = at.literal[segment]
	}
	if at.methods == nil {
		at.methods = map[string]int{}
	}
	at.methods[op.Method] = len(t.all)
	t.all = append(t.all, op)
}

// All returns the operations, sorted by product, method and path.
func (t *Table) All() []stagedoor.Operation {
	return slices.Clone(t.all)
}

// Find returns the operation that a request is, and false if the table has
// none. The path is as it is sent, escaped, with or without /v2; a query is
// ignored. A literal segment wins over a template, and an escaped slash does
// not end a segment. Segments "." and "..", which a server may resolve to
// another path, are no operation's, nor are empty ones.
func (t *Table) Find(method, path string) (stagedoor.Operation, bool) {
	path, _, _ = strings.Cut(path, "?")
	if below, ok := strings.CutPrefix(path, base+"/"); ok {
		path = "/" + below
	}
	path, ok := strings.CutPrefix(path, "/")
	if !ok {
		return stagedoor.Operation{}, false
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "" || plain == "." || plain == ".." {
			return stagedoor.Operation{}, false
		}
		segments[i] = plain
	}
	if at, ok := t.root.find(segments, strings.ToUpper(method)); ok {
		return t.all[at], true
	}
	return stagedoor.Operation{}, false
}

func (n *node) find(segments []string, method string) (int, bool) {
	if len(segments) == 0 {
		at, ok := n.methods[method]
		return at, ok
	}
	if next := n.literal[segments[0]]; next != nil {
		if at, ok := next.find(segments[1:], method); ok {
			return at, true
		}
	}
	if n.any != nil {
		return n.any.find(segments[1:], method)
	}
	return 0, false
}
