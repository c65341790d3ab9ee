package app

import (
	"net/http"
	"slices"
	"strings"
)

// discreet is a RoundTripper beneath the one that puts the token on requests: it
// takes off answers the headers that repeat it, such as a Location that carries
// it on. A caller of the gateway has the token only by leave. Bodies go through
// unread; an API that repeats the token in them is not to be given to callers.
type discreet struct {
	base http.RoundTripper
	// follows: redirects are followed here, and not given to the caller.
	follows bool
}

func (d discreet) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := d.base.RoundTrip(r)
	if err != nil {
		return answer, err
	}
	if _, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); token != "" {
		for name, values := range answer.Header {
			if d.follows && name == "Location" {
				continue
			}
			if slices.ContainsFunc(values, func(value string) bool { return strings.Contains(value, token) }) {
				delete(answer.Header, name)
			}
		}
	}
	return answer, nil
}
