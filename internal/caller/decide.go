package caller

import (
	"errors"

	"github.com/stagedoor/stagedoor"
)

// Decide is [Callers.Permit] for people: it says which rule decides, and why.
func (c *Callers) Decide(who stagedoor.Caller, base, method, path string) stagedoor.Decision {
	r := c.ready(who)
	op, err := r.permit(base, method, path)
	d := stagedoor.Decision{Label: op.Label}
	if op.Path != "" {
		d.Operation = op.Name()
	}
	if e, ok := errors.AsType[*stagedoor.Error](err); ok {
		d.Why, d.Fix = e.Cause, e.Fix
	}
	readings := r.readingsOf(base, method, path)
	for _, q := range readings {
		for _, rule := range r.list {
			if rule.denies(q) {
				d.Rule = "deny " + rule.rule.String()
				return d
			}
		}
	}
	if err != nil {
		return d
	}
	d.Allowed = true
	for _, rule := range r.list {
		if len(readings) > 0 && rule.allows(readings[0]) {
			d.Rule = "allow " + rule.rule.String()
			d.Why = "the rule allows it, and none denies it"
			break
		}
	}
	return d
}

// readingsOf are what a request may be taken for; none where it can not be read.
func (r rules) readingsOf(base, method, path string) []request {
	segments, err := belowOf(base, path)
	if err != nil {
		return nil
	}
	readings, err := r.readings(method, segments)
	if err != nil {
		return nil
	}
	return readings
}
