package zoomsim

import (
	"net/url"
	"slices"
	"strconv"
	"time"
)

// parameters reads a query and remembers what is wrong with it, so that an
// answer names all of it. An empty parameter counts as absent.
type parameters struct {
	query   url.Values
	invalid []fieldError
}

func (p *parameters) refuse(field string) {
	p.invalid = append(p.invalid, fieldError{Field: field, Message: "Invalid field."})
}

// text returns a parameter as it came.
func (p *parameters) text(name string) string { return p.query.Get(name) }

// choice returns a parameter that must be one of choices, or absent.
func (p *parameters) choice(name, absent string, choices ...string) string {
	value := p.query.Get(name)
	if value == "" {
		return absent
	}
	if !slices.Contains(choices, value) {
		p.refuse(name)
	}
	return value
}

// number returns a parameter between 1 and most, or absent. A page_size above
// the maximum is refused, not clamped, as Zoom's specification has it.
func (p *parameters) number(name string, absent, most int) int {
	value := p.query.Get(name)
	if value == "" {
		return absent
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > most {
		p.refuse(name)
	}
	return n
}

// day returns a parameter that must be there and a day, yyyy-MM-dd.
func (p *parameters) day(name string) time.Time {
	value, err := time.Parse(dayLayout, p.query.Get(name))
	if err != nil {
		p.refuse(name)
	}
	return value
}

// optionalDay returns a parameter that must be a day, yyyy-MM-dd, or absent.
func (p *parameters) optionalDay(name string, absent time.Time) time.Time {
	if p.query.Get(name) == "" {
		return absent
	}
	return p.day(name)
}

// flag returns a parameter that must be true or false, in any letter case (Python
// writes True), or absent, which is false.
func (p *parameters) flag(name string) bool {
	value := p.choice(name, "false", "true", "false", "True", "False")
	return value == "true" || value == "True"
}

// minute returns a parameter that must be there and a day, yyyy-MM-dd, or a
// minute, yyyy-MM-dd HH:mm, and the moment at which that day or minute is over.
func (p *parameters) minute(name string) (begins, over time.Time) {
	text := p.query.Get(name)
	if value, err := time.Parse("2006-01-02 15:04", text); err == nil {
		return value, value.Add(time.Minute)
	}
	value := p.day(name)
	return value, value.Add(day)
}

// problem is the answer to a bad query, nil for a good one.
func (p *parameters) problem() *answer {
	if len(p.invalid) == 0 {
		return nil
	}
	return errInvalidFields(p.invalid)
}
