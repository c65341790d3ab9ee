package caller

import (
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// table is a provider's operations, to be found by a request.
type table struct {
	all      []stagedoor.Operation
	segments [][]string // of each operation's template
	root     node
}

// node is one segment of the templates that start alike.
type node struct {
	literal map[string]*node
	folded  map[string]*node // the same, by what fold makes of the segment
	any     *node            // a template's {name}
	methods map[string]int
}

// table returns what is known of a provider; nil where nothing is. It is made
// once.
func (c *Callers) table(provider string) *table {
	if made, ok := c.tables.Load(provider); ok {
		return made.(*table)
	}
	var t *table
	if c.options.Operations != nil {
		if all := c.options.Operations(provider); len(all) > 0 {
			t = newTable(all)
		}
	}
	made, _ := c.tables.LoadOrStore(provider, t)
	return made.(*table)
}

func newTable(all []stagedoor.Operation) *table {
	t := &table{all: all, segments: make([][]string, len(all))}
	for i, op := range all {
		t.segments[i] = split(op.Path)
		at := &t.root
		for _, segment := range t.segments[i] {
			at = at.below(segment)
		}
		if at.methods == nil {
			at.methods = map[string]int{}
		}
		at.methods[op.Method] = i
	}
	return t
}

// split returns the segments of a path that starts with a slash.
func split(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

func isParameter(segment string) bool { return strings.HasPrefix(segment, "{") }

func (n *node) below(segment string) *node {
	if isParameter(segment) {
		if n.any == nil {
			n.any = &node{}
		}
		return n.any
	}
	next := n.literal[segment]
	if next == nil {
		if n.literal == nil {
			n.literal, n.folded = map[string]*node{}, map[string]*node{}
		}
		next = &node{}
		n.literal[segment], n.folded[fold(segment)] = next, next
	}
	return next
}

// find returns the number of the operation that a request is, by the decoded
// segments of its path. A literal wins over a parameter.
func (t *table) find(method string, segments []string) (int, bool) {
	if t == nil {
		return 0, false
	}
	return t.root.find(method, segments, func(n *node, segment string) *node { return n.literal[segment] })
}

// findFolded is find for a server that does not mind letter case, and what else
// fold takes away.
func (t *table) findFolded(method string, folded []string) (int, bool) {
	if t == nil {
		return 0, false
	}
	return t.root.find(method, folded, func(n *node, segment string) *node { return n.folded[segment] })
}

func (n *node) find(method string, segments []string, literal func(*node, string) *node) (int, bool) {
	if len(segments) == 0 {
		at, ok := n.methods[method]
		return at, ok
	}
	if next := literal(n, segments[0]); next != nil {
		if at, ok := next.find(method, segments[1:], literal); ok {
			return at, true
		}
	}
	if n.any != nil {
		return n.any.find(method, segments[1:], literal)
	}
	return 0, false
}

// withScope returns the numbers of the operations that a token with this scope
// may call.
func (t *table) withScope(scope string) map[int]bool {
	found := map[int]bool{}
	if t == nil {
		return found
	}
	for i, op := range t.all {
		if slices.Contains(op.GranularScopes, scope) || slices.Contains(op.ClassicScopes, scope) {
			found[i] = true
		}
	}
	return found
}
