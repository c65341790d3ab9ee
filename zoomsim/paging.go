package zoomsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"strings"
	"time"
)

// pageTokenTTL is how long a next_page_token lives
// (developers.zoom.us/docs/api/pagination, read 2026-11).
const pageTokenTTL = 15 * time.Minute

// A pager makes and checks page tokens. A token says where its page starts and
// when it dies, sealed to the operation and all other parameters; page_number,
// which a token overrides, is not among these. Nothing is stored, so a token may
// be used again. The access token may have changed meanwhile.
type pager struct {
	key  []byte
	most int // rows of a page; 0: no bound of its own
}

func newPager(o Options) pager {
	return pager{key: fmt.Appendf(nil, "page tokens of %d", o.Seed), most: o.PageRows}
}

const (
	pageStateSize = 16 // start, expiry in Unix milliseconds
	pageSealSize  = 18 // with this, a token's base64 ends in "=="
)

// token returns the token of the page that starts at row start.
func (p pager) token(c *call, start int) string {
	var text [pageStateSize]byte
	binary.BigEndian.PutUint64(text[:8], uint64(start))
	binary.BigEndian.PutUint64(text[8:], uint64(c.now.Add(pageTokenTTL).UnixMilli()))
	seal := p.seal(c, text[:])
	return base64.StdEncoding.EncodeToString(append(seal, p.mask(seal, text[:])...))
}

// start returns where the page of a token starts; false if the token is not one
// of this request or is dead.
func (p pager) start(c *call, token string) (int, bool) {
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(raw) != pageSealSize+pageStateSize {
		return 0, false
	}
	seal := raw[:pageSealSize]
	text := p.mask(seal, raw[pageSealSize:])
	if !hmac.Equal(seal, p.seal(c, text)) {
		return 0, false
	}
	expires := time.UnixMilli(int64(binary.BigEndian.Uint64(text[8:])))
	return int(binary.BigEndian.Uint64(text[:8])), c.now.Before(expires)
}

func (p pager) seal(c *call, text []byte) []byte {
	return p.sum("seal", request(c), string(text))[:pageSealSize]
}

// mask makes the state of a token unreadable, and readable again.
func (p pager) mask(seal, text []byte) []byte {
	pad := p.sum("mask", string(seal))
	masked := make([]byte, len(text))
	for i := range text {
		masked[i] = text[i] ^ pad[i]
	}
	return masked
}

// rows returns how many of size rows a token's page gets: 60 % to 100 %, always
// the same for the same page of the same request, at least one.
func (p pager) rows(c *call, start, size int) int {
	sum := binary.BigEndian.Uint64(p.sum("rows", request(c), fmt.Sprint(start)))
	return size - int(sum%uint64(size*2/5+1))
}

func (p pager) sum(parts ...string) []byte {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(strings.Join(parts, "\x00")))
	return mac.Sum(nil)
}

// request is what a page token is bound to.
func request(c *call) string {
	query := maps.Clone(c.query)
	delete(query, "next_page_token")
	delete(query, "page_number")
	return c.operation.name() + " " + strings.Join(c.args, "/") + "?" + query.Encode()
}

// A page is a part of a list.
type page[T any] struct {
	rows []T
	next string // token of the following page; "" at the end
}

// cut returns size rows of the list from start on, or fewer (see rows) if
// uneven, and the token of what follows.
func cut[T any](p pager, c *call, list []T, start, size int, uneven bool) page[T] {
	if p.most > 0 {
		size = min(size, p.most)
	}
	if uneven {
		size = p.rows(c, start, size)
	}
	start = min(start, len(list))
	end := min(start+size, len(list))
	found := page[T]{rows: append([]T{}, list[start:end]...)} // not nil: JSON shall say []
	if end < len(list) {
		found.next = p.token(c, end)
	}
	return found
}

// A numberedPage is where a page lies in a list that has both ways of paging:
// next_page_token, whose pages may be short, and the older page_number, whose
// pages are exact. The first page is the same for both and so is exact too.
type numberedPage struct {
	start, number int
	byToken       bool
}

// numberedPage reads page_number and next_page_token, which overrides it. The
// answer refuses them or what p has found wrong before.
func (s *Simulator) numberedPage(c *call, p *parameters, size int) (numberedPage, *answer) {
	number := p.number("page_number", 1, 1_000_000)
	if problem := p.problem(); problem != nil {
		return numberedPage{}, problem
	}
	at := numberedPage{start: (number - 1) * size, number: number}
	token := c.query.Get("next_page_token")
	if token == "" {
		return at, nil
	}
	start, alive := s.pages.start(c, token)
	if !alive {
		return at, errPageToken()
	}
	return numberedPage{start: start, number: start/size + 1, byToken: true}, nil
}

// A numberedList is what such a list says of itself.
type numberedList struct {
	PageCount     int    `json:"page_count"`
	PageNumber    int    `json:"page_number"`
	PageSize      int    `json:"page_size"`
	TotalRecords  int    `json:"total_records"`
	NextPageToken string `json:"next_page_token"`
}

func (at numberedPage) list(rows, size int, next string) numberedList {
	return numberedList{(rows + size - 1) / size, at.number, size, rows, next}
}
