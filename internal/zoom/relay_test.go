package zoom

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// outcomes is a quota that writes down how turns end.
type outcomes struct{ got []stagedoor.Outcome }

func (o *outcomes) Admit(context.Context, stagedoor.Call) (stagedoor.Turn, error) {
	return stagedoor.Turn{Sent: func() {}, Done: func(how stagedoor.Outcome) { o.got = append(o.got, how) }}, nil
}

func relay(t *testing.T, q Quota, method string, u *url.URL, answer reply) (*Relayed, *fake, error) {
	t.Helper()
	c, f := newClient(t, func(c *Config) { c.APIURL = "https://api.zoom.us/prefix/v2" }, answer)
	r, err := c.Relay((&http.Request{Method: method, URL: u, Header: http.Header{"X-Mine": {"1"}}}).WithContext(t.Context()), Relaying{Quota: q})
	return r, f, err
}

func TestRelaySendsWhatItWasGiven(t *testing.T) {
	q := &outcomes{}
	u := &url.URL{Path: "/v2/users/a/b", RawPath: "/v2/users/a%2Fb", RawQuery: "x=%zz&&"}
	r, f, err := relay(t, q, "GET", u, says(404, `{"code":1001,"message":"User does not exist."}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.got[0].URL.String(); got != "https://api.zoom.us/prefix/v2/users/a%2Fb?x=%zz&&" || f.got[0].Header.Get("X-Mine") != "1" || len(f.got[0].Header) != 1 {
		t.Errorf("%s %v", got, f.got[0].Header)
	}
	body, err := io.ReadAll(r.Response.Body)
	if err != nil || string(body) != `{"code":1001,"message":"User does not exist."}` {
		t.Errorf("%q, %v", body, err)
	}
	if r.Refused == nil || r.Refused.Kind != stagedoor.KindNotFound || r.Refused.Code != "1001" {
		t.Errorf("%+v", r.Refused)
	}
	if len(q.got) != 1 || q.got[0] != (stagedoor.Outcome{}) {
		t.Errorf("%+v", q.got)
	}
}

// How a relayed request ended is told to the quota as of any other.
func TestRelaySettlesItsTurn(t *testing.T) {
	for name, test := range map[string]struct {
		answer reply
		want   func(stagedoor.Outcome) bool
		kind   stagedoor.Kind // of Refused, or of the error
	}{
		"second": {says(429, `{"code":429,"message":"You have reached the maximum per-second rate limit for this API."}`), func(o stagedoor.Outcome) bool { return o.Refused }, stagedoor.KindRateLimited},
		"day":    {says(429, `{"code":429,"message":"daily"}`, "X-RateLimit-Type", "Daily-limit"), func(o stagedoor.Outcome) bool { return o.Daily && !o.Until.IsZero() }, stagedoor.KindDailyQuota},
		"host":   {says(429, `{"code":429,"message":"daily rate limit for this particular user, GMT 00:00:00"}`), func(o stagedoor.Outcome) bool { return o.Daily && o.Narrow }, stagedoor.KindDailyQuota},
		"unsent": {fails(errors.New("no route")), func(o stagedoor.Outcome) bool { return o.Unsent }, stagedoor.KindNetwork},
		"fine":   {says(200, `{}`), func(o stagedoor.Outcome) bool { return o == stagedoor.Outcome{} }, ""},
	} {
		q := &outcomes{}
		r, f, err := relay(t, q, "GET", &url.URL{Path: "/v2/users"}, test.answer)
		if len(q.got) != 1 || !test.want(q.got[0]) || f.count() != 1 {
			t.Errorf("%s: %+v after %d requests", name, q.got, f.count())
		}
		got := stagedoor.Kind("")
		if r.Refused != nil {
			got = r.Refused.Kind
		} else if err != nil {
			got = stagedoor.KindOf(err)
		}
		if got != test.kind {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestRelayReadsWhenToComeBack(t *testing.T) {
	at := time.Now().Add(time.Minute).UTC().Truncate(time.Second)
	r, _, err := relay(t, nil, "GET", &url.URL{Path: "/v2/users"}, says(503, "busy", "Retry-After", at.Format(time.RFC3339)))
	if err != nil || r.Refused == nil || !r.Refused.RetryAt.Equal(at) {
		t.Errorf("%+v, %v", r, err)
	}
}
