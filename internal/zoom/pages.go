package zoom

import (
	"context"
	"hash/maphash"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Pages walks a paged list from its beginning and gives each page to each, in
// order, once: a page that had to be asked for again is given only when it came
// whole. The rows are found under the first of listKeys that an answer has; with
// none given, under those of the operations table, and where it names none,
// under the one list that the answer has.
//
// It returns how far it came, also with an error. That is a [stagedoor.Error],
// or what each returned. KindPageToken means that the walk can not go on and is
// to be begun again from its start: the page token came twice or ran out, which
// Zoom lets it do after 15 minutes (developers.zoom.us/docs/api/pagination,
// read 2026-11).
func (c *Client) Pages(ctx context.Context, request stagedoor.Request, listKeys []string, each func(stagedoor.Page) error) (stagedoor.Reading, error) {
	reading := stagedoor.Reading{Total: -1}
	walk := request
	walk.Query = url.Values{}
	maps.Copy(walk.Query, request.Query)
	seen := map[string]bool{} // page tokens that were sent
	var last repeated
	for {
		call, err := c.prepare(walk)
		if err != nil {
			return reading, err
		}
		if len(listKeys) == 0 {
			listKeys = call.op.ListKeys
		}
		seen[call.url.Query().Get("next_page_token")] = true
		list, ahead, requests, err := c.page(ctx, call, listKeys)
		reading.Ahead = max(reading.Ahead, ahead)
		reading.Requests += requests
		reading.Retries += max(0, requests-1)
		if err != nil {
			return reading, err
		}
		next, err := c.next(call, list, walk.Query, seen)
		if err != nil {
			return reading, err
		}
		if next && last.again(list.rows) {
			return reading, c.circle(call, "the same rows came page after page")
		}
		reading.Pages++
		reading.Rows += len(list.rows)
		if list.total >= 0 {
			reading.Total = list.total
		}
		if reading.Form == "" {
			reading.Form = list.form
		}
		page := stagedoor.Page{Number: reading.Pages, Rows: list.rows, Total: list.total, Form: list.form, Last: !next}
		if err := each(page); err != nil {
			return reading, err
		}
		if !next {
			return reading, nil
		}
	}
}

// page asks for one page until it comes whole.
func (c *Client) page(ctx context.Context, call *call, listKeys []string) (page list, ahead time.Duration, requests int, err error) {
	_, requests, err = c.send(ctx, call, func(answer *Response) *stagedoor.Error {
		if date, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
			ahead = time.Since(date)
		}
		var bad *badAnswer
		if page, bad = parseList(answer.Body, listKeys); bad != nil {
			return c.badPage(call, answer, bad)
		}
		if page.form != "" {
			return nil
		}
		if f, ok := parseFailure(answer.Body); ok { // else it is an empty list
			e, _ := c.explain(call, failedStatus(f, answer.Status), answer.Header, answer.Body)
			return e
		}
		return nil
	})
	return page, ahead, requests, err
}

// failedStatus is the status that a failure means which came with a status of
// success.
func failedStatus(f failure, status int) int {
	if code, err := strconv.Atoi(f.code); err == nil && code >= 400 && code <= 599 {
		return code
	}
	return status
}

func (c *Client) badPage(call *call, answer *Response, bad *badAnswer) *stagedoor.Error {
	e := c.error(call, stagedoor.KindBadAnswer, bad.cause,
		"Look at the credential's API URL, and whether something between it and here (a proxy, a sign-in page) changes answers.")
	if bad.brokenOff {
		e.Kind, e.Fix = stagedoor.KindNetwork, "Try again."
	}
	e.Status, e.Tracking, e.Detail = answer.Status, answer.Tracking, firstBytes(answer.Body)
	return e
}

// next puts the place of the next page into query, and reports whether there is
// one.
func (c *Client) next(call *call, page list, query url.Values, seen map[string]bool) (bool, error) {
	if page.token == "" {
		if call.op.Paging != stagedoor.PagingNumber || page.number >= page.count {
			return false, nil
		}
		asked, _ := strconv.Atoi(query.Get("page_number"))
		if page.number < max(asked, 1) {
			return false, c.circle(call, "an earlier page came than the one asked for")
		}
		query.Set("page_number", strconv.Itoa(page.number+1))
		return true, nil
	}
	if seen[page.token] {
		return false, c.circle(call, "a page token came twice")
	}
	query.Set("next_page_token", page.token)
	return true, nil
}

// circle is the error of pages that would never end.
func (c *Client) circle(call *call, cause string) *stagedoor.Error {
	return c.error(call, stagedoor.KindPageToken, cause+", so the pages would go in a circle",
		"Read the list again from its start; if that ends in the same way, the API (or its mock) hands out the same pages for ever.")
}

// repeated counts pages with the same rows, one after another. Two may be chance;
// so many are a server that forgets where it is.
type repeated struct {
	seed  maphash.Seed
	rows  uint64 // their hash: that of other rows is the same once in 2^64
	times int
}

const mostRepeated = 20

func (r *repeated) again(rows [][]byte) bool {
	var hash maphash.Hash
	if r.times == 0 {
		r.seed = maphash.MakeSeed()
	}
	hash.SetSeed(r.seed)
	for _, row := range rows {
		_, _ = hash.Write(row) // it never fails
	}
	if now := hash.Sum64(); now != r.rows || len(rows) == 0 {
		r.rows, r.times = now, 0
	}
	r.times++
	return len(rows) > 0 && r.times >= mostRepeated
}
