package api

import (
	"context"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// Paged is what a request for a list may say.
type Paged struct {
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"The most that the answer lists" example:"50"`
	After string `query:"after" maxLength:"1024" doc:"The \"next\" of the answer before, to go on behind it" example:"LmFjbWU"`
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T `json:"items" nullable:"false"`
	// Next is what to send as after in order to go on.
	Next string `json:"next,omitempty" doc:"What to send as \"after\" to go on; it is not there on the last page"`
}

type list[T any] struct {
	Link string `header:"Link" doc:"The next page (RFC 8288), if there is one"`
	Body Page[T]
}

// cursor names the place behind a thing by what the list is sorted by, so that what
// comes and goes before it moves nothing.
func cursor(keys ...string) string {
	for i, key := range keys {
		keys[i] = url.QueryEscape(key)
	}
	return base64.RawURLEncoding.EncodeToString([]byte("." + strings.Join(keys, "&")))
}

// read takes a cursor apart; of the empty one come empty keys.
func (p Paged) read(n int) ([]string, error) {
	keys := make([]string, n)
	if p.After == "" {
		return keys, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(p.After)
	rest, ours := strings.CutPrefix(string(text), ".") // so that no cursor is empty
	parts := strings.Split(rest, "&")
	if err == nil && ours && len(parts) == n {
		for i := range parts {
			if keys[i], err = url.QueryUnescape(parts[i]); err != nil {
				break
			}
		}
		if err == nil {
			return keys, nil
		}
	}
	return nil, &stagedoor.Error{
		Op: "list", Subject: "after", Kind: stagedoor.KindUsage, Cause: "it is not the \"next\" of an answer of this list",
		Fix: "Send the \"next\" of the page before as it came, or begin without it.",
	}
}

// pageOf is the part of a whole list that was asked for, sorted by a key that no two
// have in common.
func pageOf[T any](ctx context.Context, p Paged, all []T, key func(T) string) (*list[T], error) {
	keys, err := p.read(1)
	if err != nil {
		return nil, err
	}
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	if p.After != "" {
		from, there := slices.BinarySearchFunc(all, keys[0], func(item T, k string) int { return strings.Compare(key(item), k) })
		if there {
			from++
		}
		all = all[from:]
	}
	return pageMore(ctx, p, all, func(item T) string { return cursor(key(item)) }), nil
}

// pageMore is a page of items that begin where it begins; there may be more of them
// than it takes.
func pageMore[T any](ctx context.Context, p Paged, items []T, after func(T) string) *list[T] {
	page := &list[T]{Body: Page[T]{Items: items}}
	if len(items) > p.Limit {
		page.Body.Items, page.Body.Next = items[:p.Limit], after(items[p.Limit-1])
		page.Link = "<" + linkTo(ctx, page.Body.Next, p.Limit) + `>; rel="next"`
	}
	if page.Body.Items == nil {
		page.Body.Items = []T{}
	}
	return page
}

// linkTo is the address of the request with another after.
func linkTo(ctx context.Context, after string, limit int) string {
	from := arrivalOf(ctx)
	u := url.URL{Path: from.path}
	query := from.query
	query.Set("after", after)
	query.Set("limit", strconv.Itoa(limit))
	u.RawQuery = query.Encode()
	return u.String()
}
