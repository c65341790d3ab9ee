package caller

import (
	"net/url"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// Reach returns what a caller may call of the operations that are known of its
// provider, in the order of the table; an operation of which the rules allow
// several parts is there once for each. It says what [Callers.Permit] would,
// with one reservation: where a template and a longer or more literal one share
// a path, that path is the latter's.
func (c *Callers) Reach(who stagedoor.Caller) []stagedoor.Reached {
	r := c.ready(who)
	if r.table == nil {
		return nil
	}
	var list []stagedoor.Reached
	for i := range r.table.all {
		list = append(list, r.reach(i)...)
	}
	return list
}

// reach returns what the rules allow of an operation.
func (r rules) reach(operation int) []stagedoor.Reached {
	op, template := r.table.all[operation], r.table.segments[operation]
	var parts [][]string
	for _, rule := range r.list {
		if part := rule.part(op.Method, operation, template); part != nil && r.table.isOf(operation, part) {
			parts = append(parts, part)
		}
	}
	var list []stagedoor.Reached
	for i, part := range parts {
		if slices.ContainsFunc(parts[:i], func(other []string) bool { return within(part, other) }) ||
			slices.ContainsFunc(parts[i+1:], func(other []string) bool { return within(part, other) && !slices.Equal(part, other) }) {
			continue // another one says it already
		}
		except, denied := r.holes(operation, part)
		if denied {
			continue
		}
		reached := stagedoor.Reached{Operation: op, Except: except}
		if !slices.Equal(part, template) {
			reached.Narrowed = written(part)
		}
		list = append(list, reached)
	}
	return list
}

// part returns what of a template a rule allows, as segments: those of the
// template, or the rule's literal in the place of a parameter. Nil: nothing.
func (r ready) part(method string, operation int, template []string) []string {
	if r.rule.Deny || r.broken || (len(r.rule.Methods) > 0 && !slices.Contains(r.rule.Methods, method)) {
		return nil
	}
	if r.rule.Scope != "" {
		if r.scoped[operation] {
			return template
		}
		return nil
	}
	return meet(template, r.segments, r.rest, func(segment string) string { return segment })
}

// meet returns what a template and a pattern have in common; nil where that is
// nothing. literal is how the template's literals are compared.
func meet(template, pattern []string, rest bool, literal func(string) string) []string {
	if len(template) < len(pattern) || (len(template) > len(pattern) && !rest) {
		return nil
	}
	common := slices.Clone(template)
	for i, want := range pattern {
		switch {
		case want == one || want == literal(template[i]):
		case isParameter(template[i]):
			common[i] = want
		default:
			return nil
		}
	}
	return common
}

// holes returns the parts of a part that rules deny, or that they deny all of it.
func (r rules) holes(operation int, part []string) (except []string, all bool) {
	method := r.table.all[operation].Method
	for _, rule := range r.list {
		if !rule.rule.Deny || (len(rule.rule.Methods) > 0 && !slices.Contains(rule.rule.Methods, method)) {
			continue
		}
		if rule.broken {
			return nil, true
		}
		if rule.rule.Scope != "" {
			folded, known := r.table.findFolded(method, foldAll(part))
			if rule.scoped[operation] || known && rule.scoped[folded] {
				return nil, true
			}
			continue
		}
		hole := meet(part, rule.segments, rule.rest, fold)
		switch {
		case hole == nil:
		case slices.Equal(hole, part):
			return nil, true
		case r.table.isOf(operation, hole) && !slices.Contains(except, written(hole)):
			except = append(except, written(hole))
		}
	}
	slices.Sort(except)
	return except, false
}

// isOf reports whether paths of this form are the operation's: a literal in the
// place of a parameter may make them another's.
func (t *table) isOf(operation int, part []string) bool {
	found, ok := t.find(t.all[operation].Method, part)
	return ok && found == operation
}

// within reports whether each path of a part is one of another's.
func within(part, other []string) bool {
	for i := range part {
		if part[i] != other[i] && !isParameter(other[i]) {
			return false
		}
	}
	return true
}

func foldAll(segments []string) []string {
	folded := make([]string, len(segments))
	for i, segment := range segments {
		folded[i] = fold(segment)
	}
	return folded
}

// written is a part as a path, in which literals are escaped.
func written(part []string) string {
	var b strings.Builder
	for _, segment := range part {
		if !isParameter(segment) {
			segment = url.PathEscape(segment)
		}
		b.WriteString("/" + segment)
	}
	return b.String()
}
