package web

import (
	"net/http"
	"net/url"
	"strconv"
)

// leaf is the part of a long list that a page shows: a page of a thousand tiles is
// one that nobody reads, and takes a megabyte and a second for it.
type leaf struct {
	path     string // of the page
	query    url.Values
	at, of   int // from 1
	from, to int // what it shows, from 1
	all      int
}

const (
	tilesOnLeaf   = 48
	callersOnLeaf = 50
	quotasOnLeaf  = 12
)

// leafOf cuts a list into leaves of so many, and returns the one that is asked for.
func leafOf[T any](r *http.Request, list []T, size int) ([]T, leaf) {
	l := leaf{path: r.URL.Path, query: r.URL.Query(), all: len(list)}
	l.of = max(1, (len(list)+size-1)/size)
	at, _ := strconv.Atoi(l.query.Get("page")) // what is no number is the first
	l.at = min(max(at, 1), l.of)
	first := (l.at - 1) * size
	list = list[first:min(first+size, len(list))]
	l.from, l.to = first+1, first+len(list)
	return list, l
}

// page is the path of another leaf.
func (l leaf) page(at int) string {
	q := url.Values{}
	for name, values := range l.query {
		if name != "page" {
			q[name] = values
		}
	}
	if at > 1 {
		q.Set("page", strconv.Itoa(at))
	}
	if len(q) == 0 {
		return l.path
	}
	return l.path + "?" + q.Encode()
}

// own is the path of this leaf.
func (l leaf) own() string { return l.page(l.at) }
