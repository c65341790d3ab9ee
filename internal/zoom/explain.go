package zoom

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

const (
	detailBytes = 300     // of what Zoom said, in an error
	scopesBytes = 2 << 10 // of a message that lists scopes, which people copy from
)

// explain turns an answer that is not a success into an error for people; the
// limit says more about a 429.
func (c *Client) explain(call *call, status int, header http.Header, body []byte) (*stagedoor.Error, limit) {
	f, _ := parseFailure(body)
	if f.message == "" && f.code == "" {
		f.message = firstBytes(body)
	}
	f.message = stagedoor.Outside(f.message, scopesBytes)
	detail := f.message
	if !strings.Contains(detail, "scope") {
		detail = stagedoor.Outside(detail, detailBytes)
	}
	e, known := c.provider.Explain(stagedoor.Answer{At: stagedoor.AtAPI, Status: status, Code: f.code, Error: f.word, Message: f.message})
	var l limit
	if status == http.StatusTooManyRequests {
		l = readLimit(header, f.message, time.Now())
		e = l.explain(e, call.op.Label)
	} else if !known {
		e = c.explainStatus(status, f.message == "" && f.code == "")
	}
	e.Op, e.Subject = call.op.Name(), c.subject
	e.Status, e.Detail, e.Tracking = status, detail, tracking(header)
	e.Code = stagedoor.Outside(cmp.Or(f.code, f.word), 60)
	return e, l
}

// explainStatus has words for an error that the provider's table does not know.
func (c *Client) explainStatus(status int, silent bool) *stagedoor.Error {
	e := &stagedoor.Error{Cause: fmt.Sprintf("%s answered with status %d, for a reason that is not in Stagedoor's table", c.title(), status)}
	if silent {
		e.Cause = fmt.Sprintf("%s answered with status %d and without a word on why", c.title(), status)
	}
	switch {
	case status == http.StatusUnauthorized:
		e.Kind, e.Fix = stagedoor.KindTokenRejected, "Run `stagedoor credential check`, which tells whether the app is active and its secret works."
	case status == http.StatusForbidden:
		e.Kind, e.Fix = stagedoor.KindNoPermission, "Look at the role of the app's owner: it must permit what the operation reads or changes."
	case status == http.StatusNotFound:
		e.Kind, e.Fix = stagedoor.KindNotFound, "Look at the path and at the identifier in it."
	case status == http.StatusConflict:
		e.Kind, e.Fix = stagedoor.KindConflict, "Read the object again before changing it."
	case status >= 500:
		e.Kind, e.Fix = stagedoor.KindUnavailable, "Wait a few minutes and try again."
	case status >= 400:
		e.Kind, e.Fix = stagedoor.KindBadRequest, "Look at the parameters of the request."
	case status >= 300:
		e.Kind, e.Cause = stagedoor.KindBadAnswer, fmt.Sprintf("%s redirected the request (status %d), and a token is not taken to another address", c.title(), status)
		e.Fix = "Look at the credential's API URL: it is the API's own address, with https."
	default:
		e.Kind, e.Fix = stagedoor.KindBadAnswer, "Look at the credential's API URL: something other than an API may answer there."
	}
	return e
}

// title is what the provider is called.
func (c *Client) title() string {
	if c.provider.Title == "" {
		return "the API"
	}
	return c.provider.Title
}

// tracking is the header that names a call to Zoom's support.
func tracking(header http.Header) string { return stagedoor.TrackingID(header) }
