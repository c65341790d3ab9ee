package sync

import (
	"net/url"
	"strconv"
	"time"

	"github.com/stagedoor/stagedoor"
)

// passes are the walks that a list takes; a stream without passes takes one.
func (n *node) passes() []map[string]string {
	if len(n.stream.Passes) == 0 {
		return []map[string]string{nil}
	}
	return n.stream.Passes
}

// request is the call of a list: the path with the part, what the stream always
// sends, the pass, the days, and the job's own parameters over them. What is
// walked for others is asked for without those.
func (n *node) request(u *unit, part string, pass map[string]string) stagedoor.Request {
	query := url.Values{}
	own := n.job.Params
	if len(u.outs) == 0 {
		own = nil
	}
	for _, params := range []map[string]string{n.stream.Params, own, pass} {
		for name, value := range params {
			query.Set(name, value)
		}
	}
	if n.stream.PageSize > 0 {
		query.Set("page_size", strconv.Itoa(n.stream.PageSize))
	}
	if window := n.stream.Window; window != nil && window.From != "" {
		query.Set(window.From, u.slice.Days.Since.Format(time.DateOnly))
		query.Set(window.To, u.slice.Days.Until.Format(time.DateOnly))
	}
	path := n.stream.Path
	if part != "" && n.Path != nil {
		path = n.Path(path, part)
	}
	return stagedoor.Request{Method: n.stream.Method, Path: path, Query: query}
}

// asked are a unit's calls, for its report: those for the parts inside a slice are
// one with the name of what each was made for.
func (n *node) asked(u *unit) (calls []string) {
	for _, pass := range n.passes() {
		request := n.request(u, u.row().value, pass)
		call := request.Method + " " + request.Path
		if query := request.Query.Encode(); query != "" {
			call += "?" + query
		}
		calls = append(calls, call)
	}
	return calls
}
