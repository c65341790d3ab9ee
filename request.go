package stagedoor

import (
	"net/http"
	"net/url"
	"time"
)

// Request is one call of a provider's API.
type Request struct {
	Method string     // empty means GET
	Path   string     // below the API's base and escaped: "/users/me"
	Query  url.Values // may be nil
	Header http.Header
	Body   []byte // JSON, unless Header has a Content-Type; nil means none
}

// Page is one answer of a paged list. Its rows are valid only until the
// function that was given the page returns.
type Page struct {
	Number int      // from 1
	Rows   [][]byte // each row as the API sent it
	Total  int      // how many rows the provider says there are in all; -1 where it does not say
	Form   string   // the key that held the rows
	Last   bool
}

// Reading is what walking all pages of one list took.
type Reading struct {
	Pages    int
	Rows     int
	Requests int    // calls that were sent, retries included
	Retries  int    // calls that were sent again
	Total    int    // how many rows the provider says there are in all; -1 where it does not say
	Form     string // the key that held the rows
	// Ahead is by how much this machine's clock is ahead of the provider's, by the
	// Date of its answers; 0 where it is not, or they have none.
	Ahead time.Duration
}
