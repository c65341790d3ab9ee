package zoom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

func TestPagesWalkToTheEnd(t *testing.T) {
	for name, last := range map[string]string{
		"empty":  `{"users":[{"id":"3"}],"next_page_token":"","total_records":3}`,
		"null":   `{"next_page_token":null,"users":[{"id":"3"}],"total_records":"3"}`,
		"absent": `{"users":[{"id":"3"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			c, f := newClient(t, nil,
				says(200, ` { "page_size": 2, "users": [ {"id":"1", "n":1.0} , {"id":"2"}], "next_page_token":"a+b/c=", "total_records": 3 }`),
				says(200, last))
			var pages []stagedoor.Page
			reading, err := c.Pages(t.Context(), stagedoor.Request{Path: "/users?status=active", Query: url.Values{"page_size": {"2"}}}, nil, func(p stagedoor.Page) error {
				p.Rows = slices.Clone(p.Rows)
				pages = append(pages, p)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			total := map[bool]int{true: -1, false: 3}[name == "absent"]
			want := []stagedoor.Page{
				{Number: 1, Rows: [][]byte{[]byte(`{"id":"1", "n":1.0}`), []byte(`{"id":"2"}`)}, Total: 3, Form: "users"},
				{Number: 2, Rows: [][]byte{[]byte(`{"id":"3"}`)}, Total: total, Form: "users", Last: true},
			}
			if diff := cmp.Diff(want, pages); diff != "" {
				t.Errorf("pages (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(stagedoor.Reading{Pages: 2, Rows: 3, Requests: 2, Total: 3, Form: "users"}, reading); diff != "" {
				t.Errorf("reading (-want +got):\n%s", diff)
			}
			first, second := f.got[0].URL.Query(), f.got[1].URL.Query()
			if first.Has("next_page_token") || second.Get("next_page_token") != "a+b/c=" {
				t.Errorf("tokens: %v, %v", first, second)
			}
			second.Del("next_page_token")
			if diff := cmp.Diff(first, second); diff != "" {
				t.Errorf("other parameters changed:\n%s", diff)
			}
		})
	}
}

func TestPagesByNumber(t *testing.T) {
	c, f := newClient(t, nil,
		says(200, `{"webinars":[{"id":1}],"page_number":1,"page_count":2}`),
		says(200, `{"webinars":[{"id":2}],"page_number":2,"page_count":2}`))
	rows, reading, err := walk(t, c, "/users/me/webinars", nil)
	if err != nil || len(rows) != 2 || reading.Pages != 2 || f.got[1].URL.Query().Get("page_number") != "2" {
		t.Errorf("got %v, %+v, %v", rows, reading, err)
	}
}

func TestRepeatedPageTokenIsNeverALoopNorAnEnd(t *testing.T) {
	page := func(token string) reply {
		return says(200, `{"meeting_activity_logs":[{"a":1}],"next_page_token":"`+token+`"}`)
	}
	for name, c := range map[string]struct {
		replies []reply
		query   url.Values
		rows    int
	}{
		"a mock that always says the same": {[]reply{page("z5qF")}, nil, 1},
		"a circle":                         {[]reply{page("a"), page("b"), page("c"), page("a")}, nil, 3},
		"back to where the walk began":     {[]reply{page("b"), page("a")}, url.Values{"next_page_token": {"a"}}, 1},
	} {
		client, f := newClient(t, nil, c.replies...)
		rows, _, err := walk(t, client, "/report/meeting_activities", c.query)
		if stagedoor.KindOf(err) != stagedoor.KindPageToken || len(rows) != c.rows || f.count() != c.rows+1 {
			t.Errorf("%s: %d rows in %d requests: %v", name, len(rows), f.count(), err)
		}
	}
}

func TestExpiredPageTokenIsForTheCaller(t *testing.T) {
	c, f := newClient(t, nil,
		says(200, `{"users":[{"id":"1"}],"next_page_token":"x"}`),
		says(400, `{"code":300,"message":"The next page token is invalid or expired."}`))
	rows, reading, err := walk(t, c, "/users", nil)
	if stagedoor.KindOf(err) != stagedoor.KindPageToken || len(rows) != 1 || f.count() != 2 {
		t.Errorf("got %v, %v", rows, err)
	}
	if reading.Pages != 1 || reading.Rows != 1 || reading.Requests != 2 {
		t.Errorf("it came as far as %+v", reading)
	}
}

func TestRowsOfARepeatedPageAreGivenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := newClient(t, nil,
			breaksOff(`{"users":[{"id":"1"},{"id":"2"}`, io.ErrUnexpectedEOF),
			says(200, `{"users":[{"id":"1"},{"id":"2"`), // broken off, and the connection does not tell
			says(500, ""),
			says(200, `{"users":[{"id":"1"},{"id":"2"}],"next_page_token":"x"}`),
			says(429, perSecond),
			says(200, `{"users":[{"id":"3"}]}`))
		rows, reading, err := walk(t, c, "/users", nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{`{"id":"1"}`, `{"id":"2"}`, `{"id":"3"}`}, rows); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		if reading.Requests != 6 || reading.Retries != 4 || reading.Pages != 2 {
			t.Errorf("it took %+v", reading)
		}
	})
}

// Each page has the whole patience: what counts is the time without progress.
func TestPatienceIsPerPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var replies []reply
		for i := range 10 {
			replies = append(replies, says(503, "", "Retry-After", "10"), says(200, fmt.Sprintf(`{"users":[{}],"next_page_token":"%d"}`, i)))
		}
		replies = append(replies, says(200, `{"users":[]}`))
		c, _ := newClient(t, nil, replies...)
		if _, reading, err := walk(t, c, "/users", nil); err != nil || reading.Rows != 10 || reading.Retries != 10 {
			t.Errorf("%+v, %v", reading, err)
		}
	})
}

func TestErrorOfEachEndsTheWalk(t *testing.T) {
	c, f := newClient(t, nil, says(200, `{"users":[{}],"next_page_token":"a"}`))
	full := errors.New("the disk is full")
	_, err := c.Pages(t.Context(), stagedoor.Request{Path: "/users"}, nil, func(stagedoor.Page) error { return full })
	if err != full || f.count() != 1 {
		t.Errorf("%d requests, %v", f.count(), err)
	}
}

// What an answer may look like, and what is made of it.
func TestOddAnswers(t *testing.T) {
	both := []string{"meeting_activity_logs", "activity_logs"}
	for _, c := range []struct {
		name, body string
		keys       []string
		rows       []string
		form       string
		kind       stagedoor.Kind
		cause      string
	}{
		{name: "the first key", body: `{"activity_logs":[2],"meeting_activity_logs":[1]}`, keys: both, rows: []string{"1"}, form: both[0]},
		{name: "the second key", body: `{"activity_logs":[2]}`, keys: both, rows: []string{"2"}, form: both[1]},
		{name: "the first is null", body: `{"meeting_activity_logs":null,"activity_logs":[2]}`, keys: both, rows: []string{"2"}, form: both[1]},
		{name: "null", body: `{"users":null}`, keys: []string{"users"}},
		{name: "missing from a page", body: `{"page_size":30,"next_page_token":""}`, keys: []string{"users"}},
		{name: "an empty object for an empty list", body: `{"users": { } }`, keys: []string{"users"}, form: "users"},
		{name: "an object is a row", body: `{"users":{"id":1}}`, keys: []string{"users"}, rows: []string{`{"id":1}`}, form: "users"},
		{name: "a list of texts", body: `{"users":["a", "b"]}`, keys: []string{"users"}, rows: []string{`"a"`, `"b"`}, form: "users"},
		{name: "any single list", body: `{"a":{"x":[]},"b":[1,[2]],"c":"d"}`, rows: []string{"1", "[2]"}, form: "b"},
		{name: "the answer is the list", body: `[{"a":1},{"b":2}]`, keys: []string{"."}, rows: []string{`{"a":1}`, `{"b":2}`}, form: "."},
		{name: "names twice", body: `{"users":[1,1],"users":[2],"next_page_token":"x","next_page_token":""}`, keys: []string{"users"}, rows: []string{"2"}, form: "users"},
		{name: "names twice in a row", body: `{"users":[{"a":1,"a":2}]}`, keys: []string{"users"}, rows: []string{`{"a":1,"a":2}`}, form: "users"},
		{name: "invalid UTF-8", body: "{\"users\":[{\"a\":\"\xff\"}]}", keys: []string{"users"}, rows: []string{"{\"a\":\"\xff\"}"}, form: "users"},
		{name: "lone surrogate", body: `{"users":[{"a":"\ud800\u0000"}]}`, keys: []string{"users"}, rows: []string{`{"a":"\ud800\u0000"}`}, form: "users"},
		{name: "byte order mark", body: "\xEF\xBB\xBF{\"users\":[1]}", keys: []string{"users"}, rows: []string{"1"}, form: "users"},
		{name: "numbers as sent", body: `{"users":[ 123456789012345678901234567890 , 1.10e2 ]}`, keys: []string{"users"}, rows: []string{"123456789012345678901234567890", "1.10e2"}, form: "users"},
		{name: "total is nonsense", body: `{"users":[1],"total_records":{"a":[2]}}`, keys: []string{"users"}, rows: []string{"1"}, form: "users"},

		{name: "missing where rows are counted", body: `{"page_size":30,"total_records":5000}`, keys: []string{"users"}, kind: stagedoor.KindBadAnswer, cause: `no list "users"`},
		{name: "missing from what is no page", body: `{"message":"ok"}`, keys: []string{"users"}, kind: stagedoor.KindBadAnswer, cause: `no list "users"; it has message`},
		{name: "another list", body: `{"page_size":30,"total_records":1,"members":[1]}`, keys: []string{"users"}, kind: stagedoor.KindBadAnswer, cause: "it has members"},
		{name: "empty object", body: `{}`, keys: []string{"users"}, kind: stagedoor.KindBadAnswer, cause: `no list "users"`},
		{name: "a text for a list", body: `{"users":"none"}`, keys: []string{"users"}, kind: stagedoor.KindBadAnswer, cause: `"users" holds "none"`},
		{name: "a number for a list", body: `{"users":7}`, keys: []string{"users"}, kind: stagedoor.KindBadAnswer, cause: `"users" holds 7`},
		{name: "false for a list", body: `{"users":false}`, keys: []string{"users"}, kind: stagedoor.KindBadAnswer, cause: `"users" holds false`},
		{name: "two lists", body: `{"a":[1],"b":[2]}`, kind: stagedoor.KindBadAnswer, cause: "a, b"},
		{name: "a list where none is known", body: `[1]`, keys: []string{"users"}, kind: stagedoor.KindBadAnswer, cause: "not a JSON object"},
		{name: "a text", body: `"hello"`, kind: stagedoor.KindBadAnswer, cause: "not a JSON object"},
		{name: "null answer", body: `null`, kind: stagedoor.KindBadAnswer, cause: "not a JSON object"},
		{name: "HTML", body: `<html><title>Sign in</title>`, kind: stagedoor.KindBadAnswer, cause: "not a JSON object"},
		{name: "nothing", body: ``, kind: stagedoor.KindBadAnswer, cause: "the answer is empty"},
		{name: "something after it", body: `{"users":[]} {}`, keys: []string{"users"}, kind: stagedoor.KindBadAnswer, cause: "something follows the end"},
		{name: "not JSON inside", body: `{"users":[{"a":}]}`, keys: []string{"users"}, kind: stagedoor.KindBadAnswer, cause: "not a JSON object"},
		{name: "page token is a number", body: `{"users":[],"next_page_token":5}`, keys: []string{"users"}, kind: stagedoor.KindBadAnswer, cause: "next_page_token"},
		{name: "a failure that says 200", body: `{"code":124,"message":"Invalid access token."}`, keys: []string{"users"}, kind: stagedoor.KindTokenRejected, cause: "refused the token"},
		{name: "a contact center failure that says 200", body: `{"status":false,"errorCode":403}`, keys: []string{"users"}, kind: stagedoor.KindNoPermission, cause: "403"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, f := newClient(t, nil, says(200, c.body))
			// An operation that the table does not know has no keys of its own.
			rows, reading, err := walk(t, client, "/unheard/of", nil, c.keys...)
			if f.count() != 1 {
				t.Errorf("%d requests", f.count())
			}
			if c.kind != "" {
				e, ok := err.(*stagedoor.Error)
				if !ok || e.Kind != c.kind || !strings.Contains(e.Cause, c.cause) || e.Tracking == "" || e.Fix == "" {
					t.Errorf("got %v, want %s with %q", err, c.kind, c.cause)
				}
				if c.name == "HTML" && (e.Detail != "Sign in" || e.Status != 200) {
					t.Errorf("status %d, detail %q", e.Status, e.Detail)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.rows, rows); diff != "" || reading.Form != c.form {
				t.Errorf("form %q, rows (-want +got):\n%s", reading.Form, diff)
			}
		})
	}
}

func TestPagesAreBoundedByTheDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newClient(t, nil, says(200, `{"users":[{}],"next_page_token":"a"}`), says(429, perDay))
		rows, _, err := walk(t, c, "/users", nil)
		if e, ok := err.(*stagedoor.Error); !ok || e.Kind != stagedoor.KindDailyQuota || e.RetryAt.IsZero() || len(rows) != 1 || f.count() != 2 {
			t.Errorf("got %v", err)
		}
	})
}

// TestPagesThatNeverEnd holds that a server which forgets where it is does not
// keep a walk going for ever.
func TestPagesThatNeverEnd(t *testing.T) {
	t.Run("the same page number", func(t *testing.T) {
		client, f := newClient(t, nil, says(200, `{"webinars":[{"id":1}],"page_number":1,"page_count":5}`))
		_, _, err := walk(t, client, "/users/me/webinars", nil)
		if stagedoor.KindOf(err) != stagedoor.KindPageToken || f.count() != 2 {
			t.Errorf("%v after %d requests", err, f.count())
		}
	})
	t.Run("the same rows under other page tokens", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var replies []reply
			for n := range mostRepeated * 2 {
				replies = append(replies, says(200, fmt.Sprintf(`{"users":[{"id":1}],"next_page_token":"%d"}`, n)))
			}
			client, f := newClient(t, nil, replies...)
			_, _, err := walk(t, client, "/users", nil)
			if stagedoor.KindOf(err) != stagedoor.KindPageToken || f.count() != mostRepeated {
				t.Errorf("%v after %d requests", err, f.count())
			}
		})
	})
}

func FuzzParseList(f *testing.F) {
	for _, seed := range []string{
		`{"users":[{"id":1},{"id":2}],"next_page_token":"a","total_records":2}`, `{"users":{}}`, `{"users":null}`, `[]`, `{"a":[1],"b":[2]}`,
		`{"users":[1],"users":[2]}`, "{\"users\":[\"\xff\"]}", `{"users":["\ud800"]}`, `{"users":[`, `{"code":1}`, ``, `{"users":[ 1 , 2 ] }x`,
	} {
		f.Add([]byte(seed), "users")
		f.Add([]byte(seed), "")
	}
	f.Fuzz(func(t *testing.T, body []byte, key string) {
		var keys []string
		if key != "" {
			keys = []string{key}
		}
		before := bytes.Clone(body)
		page, bad := parseList(body, keys)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		if bad != nil {
			if bad.cause == "" || len(page.rows) > 0 {
				t.Errorf("refused with %q and %d rows", bad.cause, len(page.rows))
			}
			return
		}
		// Another parser finds the same rows, where it accepts the answer.
		var other map[string]json.RawMessage
		if json.Unmarshal(body, &other) != nil || page.form == "" || page.form == whole {
			return
		}
		raw, ok := other[page.form]
		if !ok {
			return // the name itself is not valid UTF-8
		}
		var rows []json.RawMessage
		if json.Unmarshal(raw, &rows) != nil {
			if rows = []json.RawMessage{raw}; isEmptyObject(raw) {
				rows = nil
			}
		}
		if len(rows) != len(page.rows) {
			t.Fatalf("%d rows, encoding/json has %d", len(page.rows), len(rows))
		}
		for i := range rows {
			if !bytes.Equal(bytes.TrimSpace(rows[i]), page.rows[i]) {
				t.Errorf("row %d is %q, encoding/json has %q", i, page.rows[i], rows[i])
			}
		}
	})
}

func isEmptyObject(raw []byte) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(raw, &members) == nil && members != nil && len(members) == 0
}

func BenchmarkParseList(b *testing.B) {
	row := `{"meeting_number":"982 610 0285","activity_time":"2024-03-21 07:09:03:216","operator":"Jill Chill","operator_email":"jchill@example.com","activity_category":"Meeting Started","activity_detail":"x"}`
	body := []byte(`{"meeting_activity_logs":[` + strings.Repeat(row+",", 299) + row + `],"next_page_token":"z5qF"}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if page, bad := parseList(body, []string{"meeting_activity_logs"}); bad != nil || len(page.rows) != 300 {
			b.Fatal(bad)
		}
	}
}

// TestPagesTellOfAClockThatIsAhead: the Date of an answer is the provider's clock.
func TestPagesTellOfAClockThatIsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for date, want := range map[string]time.Duration{
			time.Now().Add(-48 * time.Hour).UTC().Format(http.TimeFormat): 48 * time.Hour,
			time.Now().Add(48 * time.Hour).UTC().Format(http.TimeFormat):  0, // behind: days are read again, and that is all
			"": 0, "yesterday": 0,
		} {
			c, _ := newClient(t, nil, says(200, `{"users":[]}`, "Date", date))
			reading, err := c.Pages(t.Context(), stagedoor.Request{Path: "/users"}, nil, func(stagedoor.Page) error { return nil })
			if err != nil || reading.Ahead != want {
				t.Errorf("Date %q: ahead by %s, want %s (%v)", date, reading.Ahead, want, err)
			}
		}
	})
}
