package zoomsim

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An answer is what one request gets, before it is written.
type answer struct {
	status int
	header http.Header
	body   []byte
}

const (
	jsonType = "application/json;charset=UTF-8"
	htmlType = "text/html"
)

func newAnswer(status int, contentType string, body []byte) *answer {
	return &answer{status: status, header: http.Header{"Content-Type": {contentType}}, body: body}
}

// ok is a successful JSON answer.
func ok(v any) *answer { return newAnswer(http.StatusOK, jsonType, encode(v)) }

func (a *answer) with(name, value string) *answer {
	a.header.Set(name, value)
	return a
}

// write sends the answer. A client that has gone away is no error of ours.
func (a *answer) write(w http.ResponseWriter) {
	a.writeHeader(w)
	_, _ = w.Write(a.body)
}

// writeHalf promises the whole body, sends half, ends the connection and does
// not return.
func (a *answer) writeHalf(w http.ResponseWriter) {
	a.writeHeader(w)
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func (a *answer) writeHeader(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
}

// The token endpoint's errors: {"reason", "error"}. Texts as reported by
// integrators (developers.zoom.us/blog/s2s-token-generation-troubleshoot,
// github.com/zoom/server-to-server-oauth-token issue 3, Worklytics psoxy docs;
// read 2026-11).

func tokenError(status int, reason, word string) *answer {
	return newAnswer(status, jsonType, encode(struct {
		Reason string `json:"reason"`
		Error  string `json:"error"`
	}{reason, word}))
}

func errInvalidClient() *answer {
	return tokenError(http.StatusBadRequest, "Invalid client_id or client_secret", "invalid_client")
}

// errInvalidRequest answers a wrong account_id or a garbled request.
func errInvalidRequest() *answer {
	return tokenError(http.StatusBadRequest, "Bad Request", "invalid_request")
}

func errUnsupportedGrantType() *answer {
	return tokenError(http.StatusBadRequest, "unsupported grant type", "unsupported_grant_type")
}

// errAppDisabled has Zoom's reason (OAuth error 4717, developers.zoom.us/docs/integrations/oauth-error-messages/);
// its error word is a guess.
func errAppDisabled() *answer {
	return tokenError(http.StatusBadRequest, "The app has been disabled", "invalid_request")
}

// errTokenMethod answers anything but POST; status and text are a guess.
func errTokenMethod() *answer {
	return tokenError(http.StatusMethodNotAllowed, "Method Not Allowed", "invalid_request").with("Allow", http.MethodPost)
}

// The API's errors: {"code", "message"}, and "errors" where parameters are wrong
// (developers.zoom.us/docs/api/errors, read 2026-11).

type fieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func apiError(status, code int, message string, fields ...fieldError) *answer {
	return newAnswer(status, jsonType, encode(struct {
		Code    int          `json:"code"`
		Message string       `json:"message"`
		Errors  []fieldError `json:"errors,omitempty"`
	}{code, message, fields}))
}

func errNoToken() *answer {
	return apiError(http.StatusUnauthorized, 124, "Requires an access token.")
}

func errUnknownToken() *answer {
	return apiError(http.StatusUnauthorized, 124, "Invalid access token.")
}

func errExpiredToken() *answer {
	return apiError(http.StatusUnauthorized, 124, "Access token is expired.")
}

// errTokenInQuery: Zoom refuses this since 2023-02-14
// (developers.zoom.us/blog/access-token-change-faq).
func errTokenInQuery() *answer {
	return apiError(http.StatusUnauthorized, 124, "Invalid access token, this access token is not supported as query parameter string.")
}

// errScopeMissing lists all scopes that would do (github.com/JubaerHossain/zoom-laravel issue 15).
func errScopeMissing(alternatives []string) *answer {
	return apiError(http.StatusBadRequest, 4711,
		fmt.Sprintf("Invalid access token, does not contain scopes:[%s].", strings.Join(alternatives, ", ")))
}

func errNotRecognized() *answer {
	return apiError(http.StatusNotFound, 2300, "This API endpoint is not recognized.")
}

func errPaidOnly(accountID string) *answer {
	return apiError(http.StatusBadRequest, 200, "Only available for paid account: "+accountID)
}

func errInvalidFields(fields []fieldError) *answer {
	return apiError(http.StatusBadRequest, 300, "Validation Failed.", fields...)
}

// errRange answers a report window of more than one month; the text is a guess.
func errRange() *answer {
	return apiError(http.StatusBadRequest, 300, "The date range between from and to cannot exceed one month.")
}

// errTooOld answers a window of days that Zoom no longer keeps; the text is a guess.
func errTooOld() *answer {
	return apiError(http.StatusBadRequest, 300, "The report only provides data of the last six months.")
}

func errPageToken() *answer {
	return apiError(http.StatusBadRequest, 300, "The next page token is invalid or expired.")
}

func errNoUser(userID string) *answer {
	return apiError(http.StatusNotFound, 1001, fmt.Sprintf("User does not exist: %s.", userID))
}

func errNoGroup(groupID string) *answer {
	return apiError(http.StatusNotFound, 4130, fmt.Sprintf("Group does not exist: %s.", groupID))
}

func errNoMeeting(meetingID string) *answer {
	return apiError(http.StatusNotFound, 3001, fmt.Sprintf("Meeting does not exist: %s.", meetingID))
}

// errMayNotSchedule has the text that integrators report; Zoom's pages word it
// otherwise.
func errMayNotSchedule() *answer {
	return apiError(http.StatusBadRequest, 3161, "Your user account is not allowed meeting hosting and scheduling capabilities.")
}

// errNoRegistration shares its code with bad parameters and dead page tokens.
func errNoRegistration(meetingID string) *answer {
	return apiError(http.StatusBadRequest, 300, fmt.Sprintf("Registration has not been enabled for this meeting: %s.", meetingID))
}

// errNoDashboard: the dashboard takes a Business plan or a higher one
// (github.com/jrchamp/moodle-mod_zoom issues 607 and 685).
func errNoDashboard() *answer {
	return apiError(http.StatusBadRequest, 400,
		"This API is only available for ZMP and Business or higher accounts that have enabled the Dashboard feature.")
}

// errNoReport answers of a meeting that is not there, has not ended, had one
// participant or whose report is not made yet.
func errNoReport(meetingID string) *answer {
	return apiError(http.StatusNotFound, 3001, fmt.Sprintf("Meeting %s not found or has expired.", meetingID))
}

func errNoRecording() *answer {
	return apiError(http.StatusNotFound, 3301, "There is no recording for this meeting.")
}

// errInvitationLapsed: the code is Zoom's, the text is a guess.
func errInvitationLapsed() *answer {
	return apiError(http.StatusBadRequest, 1120, "The invitation has expired.")
}

// The first two 429 texts are those of developers.zoom.us/docs/api/rate-limits/,
// read 2026-11; the headers those of its former edition, as ZoomNet's code expects
// them (see Options.RateLimitHeaders). Remaining is 0: what was left went to an
// earlier request.

func errPerSecond(limit int) *answer {
	return apiError(http.StatusTooManyRequests, 429,
		"You have reached the maximum per-second rate limit for this API. Try again later.").
		with("X-RateLimit-Type", "QPS").
		with("X-RateLimit-Limit", strconv.Itoa(limit)).
		with("X-RateLimit-Remaining", "0")
}

// errDaily names the instant when requests are let through again: an ISO 8601
// instant, not a number of seconds.
func errDaily(limit int, again time.Time) *answer {
	return apiError(http.StatusTooManyRequests, 429,
		"You have reached the maximum daily rate limit for this API. Refer to the response header for details on when you can make another request.").
		with("X-RateLimit-Type", "Daily-limit").
		with("X-RateLimit-Limit", strconv.Itoa(limit)).
		with("X-RateLimit-Remaining", "0").
		with("Retry-After", stamp(again))
}

// errHostLimit has its limit in its text alone, as in thread 18928 of
// devforum.zoom.us; the text for webinars is a guess after it.
func errHostLimit(kind string, limit int) *answer {
	return apiError(http.StatusTooManyRequests, 429, fmt.Sprintf(
		"You have exceeded the daily rate limit (%d) of %s Create/Update API requests permitted for this particular user. You may resume these requests at GMT 00:00:00.",
		limit, strings.ToUpper(kind[:1])+kind[1:]))
}

// errRegistrantLimit is as in threads 141856 (adding) and 122482 (status) of
// devforum.zoom.us, for webinars; for meetings the text is a guess after them.
func errRegistrantLimit(what string, limit int, who string) *answer {
	return apiError(http.StatusTooManyRequests, 429, fmt.Sprintf(
		"You have exceeded the daily rate limit of (%d) for %s API requests for the registrant (%s). You can resume these API requests at GMT 00:00:00.",
		limit, what, who))
}

// errLocked answers a request that must wait for one under way. The text for
// "disassociate" (DELETE of a user) is Zoom's, for others a guess after it.
func errLocked(what string) *answer {
	return apiError(http.StatusTooManyRequests, 429,
		"Too many concurrent requests. A request to "+what+" this user has already been made.")
}

// errServer is an empty 500, as integrators report them.
func errServer() *answer {
	return newAnswer(http.StatusInternalServerError, jsonType, nil)
}

// errEdge is what the proxy in front of Zoom sends: not JSON.
func errEdge() *answer {
	return newAnswer(http.StatusServiceUnavailable, htmlType, []byte(
		"<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"+
			"<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"))
}
