package zoomsim_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/zoomsim"
)

type activityPage struct {
	Logs          []json.RawMessage `json:"meeting_activity_logs"`
	NextPageToken *string           `json:"next_page_token"`
	PageSize      int               `json:"page_size"`
}

type activityRow struct {
	MeetingNumber string `json:"meeting_number"`
	ActivityTime  string `json:"activity_time"`
	Operator      string `json:"operator"`
	OperatorEmail string `json:"operator_email"`
	Category      string `json:"activity_category"`
	Detail        string `json:"activity_detail"`
}

const activitiesPath = "/report/meeting_activities?"

// february is a window of one month in the data of today.
const february = "from=2026-02-01&to=2026-02-28&activity_type=All+Activities"

func activityOf(t *testing.T, sim *zoomsim.Simulator, token, query string) activityPage {
	t.Helper()
	got := get(t, sim, token, activitiesPath+query)
	if got.Status != 200 {
		t.Fatalf("%s: %d %s", query, got.Status, got.Body)
	}
	var page activityPage
	decode(t, got.Body, &page)
	if page.NextPageToken == nil || page.Logs == nil {
		t.Fatalf("no token or list in %.200s", got.Body)
	}
	return page
}

// walk follows the page tokens of a query to the end.
func walk(t *testing.T, sim *zoomsim.Simulator, token, query string) (rows []string, sizes []int) {
	t.Helper()
	for next := ""; ; {
		page := activityOf(t, sim, token, query+"&next_page_token="+url.QueryEscape(next))
		rows, sizes = append(rows, strs(page.Logs)...), append(sizes, len(page.Logs))
		if next = *page.NextPageToken; next == "" {
			return rows, sizes
		}
	}
}

func date(text string) time.Time {
	value, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return value
}

func TestActivitiesEqualDataset(t *testing.T) {
	for seed := int64(1); seed <= 3; seed++ {
		sim := start(t, zoomsim.Options{Seed: seed, Limits: "off"})
		token := mint(t, sim)
		var all []string
		for _, window := range [][2]string{{"2026-03-01", "2026-03-31"}, {"2026-02-01", "2026-02-28"}, {"2026-01-01", "2026-01-31"}} {
			rows, sizes := walk(t, sim, token, "from="+window[0]+"&to="+window[1]+"&page_size=300")
			if diff := cmp.Diff(dataset(t, sim, "meeting_activities", date(window[0]), date(window[1])), rows); diff != "" {
				t.Errorf("seed %d, %v (-want +got):\n%s", seed, window, diff)
			}
			for i, size := range sizes[:len(sizes)-1] {
				if size < 180 || size > 300 {
					t.Errorf("seed %d: page %d holds %d rows of 300", seed, i, size)
				}
			}
			if slices.Max(sizes) == slices.Min(sizes[:len(sizes)-1]) {
				t.Errorf("seed %d: all pages hold %d rows", seed, sizes[0])
			}
			all = append(all, rows...)
		}
		if diff := cmp.Diff(dataset(t, sim, "meeting_activities", time.Time{}, time.Time{}), all); diff != "" {
			t.Errorf("seed %d: the months are not the whole:\n%s", seed, diff)
		}
		if len(all) < 1500 {
			t.Errorf("seed %d has %d rows", seed, len(all))
		}
	}
}

func TestActivityShape(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	got := get(t, sim, mint(t, sim), activitiesPath+february)
	var page map[string]any
	decode(t, got.Body, &page)
	if len(page) != 3 || page["page_size"] != 30.0 {
		t.Errorf("the page has other fields than Zoom's: %.300s", got.Body)
	}
	order := regexp.MustCompile(`^\{"meeting_number":".*","activity_time":".*","operator":".*","operator_email":".*","activity_category":".*","activity_detail":".*"\}$`)
	times := regexp.MustCompile(`^2026-\d\d-\d\d \d\d:\d\d:\d\d:\d{3}$`)
	numbers := regexp.MustCompile(`^(\d{3} \d{3} \d{3}|\d{3} \d{3} \d{4}|\d{3} \d{4} \d{4})$`)
	former := "9999"
	for _, text := range dataset(t, sim, "meeting_activities", time.Time{}, time.Time{}) {
		var row activityRow
		decode(t, text, &row)
		if !order.MatchString(text) || !times.MatchString(row.ActivityTime) || !numbers.MatchString(row.MeetingNumber) {
			t.Fatalf("misshapen: %s", text)
		}
		if row.ActivityTime > former {
			t.Fatalf("%s comes after %s: not newest first", row.ActivityTime, former)
		}
		former = row.ActivityTime
	}
}

func TestActivitiesAreAwkward(t *testing.T) {
	for seed := int64(1); seed <= 5; seed++ {
		sim := start(t, zoomsim.Options{Seed: seed})
		rows := dataset(t, sim, "meeting_activities", time.Time{}, time.Time{})
		digits, categories, clocks, days := map[int]int{}, map[string]int{}, map[string]int{}, map[string]int{}
		guests, twins, sameTime := 0, 0, 0
		everything := strings.Join(rows, "\n")
		for i, text := range rows {
			var row activityRow
			decode(t, text, &row)
			digits[len(strings.ReplaceAll(row.MeetingNumber, " ", ""))]++
			categories[row.Category]++
			clocks[row.ActivityTime[11:]]++
			days[row.ActivityTime[:10]]++
			if row.OperatorEmail == "" {
				guests++
			}
			if i > 0 && rows[i-1] == text {
				twins++
			} else if i > 0 && strings.Contains(rows[i-1], row.ActivityTime) {
				sameTime++
			}
		}
		if len(digits) != 3 || digits[9]*digits[10]*digits[11] == 0 {
			t.Errorf("seed %d: numbers of %v digits", seed, digits)
		}
		if len(categories) != 7 {
			t.Errorf("seed %d: categories %v", seed, categories)
		}
		for _, clock := range []string{"00:00:00:000", "23:59:59:999"} {
			if clocks[clock] < 3 {
				t.Errorf("seed %d: %d rows at %s", seed, clocks[clock], clock)
			}
		}
		for _, day := range []string{"2026-01-03", "2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01", "2026-03-18"} {
			if days[day] == 0 {
				t.Errorf("seed %d: no row on %s", seed, day)
			}
		}
		if twins < len(rows)/200 || sameTime < len(rows)/20 || guests < len(rows)/20 {
			t.Errorf("seed %d: of %d rows, %d twins, %d of the same time, %d guests", seed, len(rows), twins, sameTime, guests)
		}
		for _, want := range []string{"🎭", "مرحبا", `\n`, `\t`, `\"break a leg\"`, `"=HYPERLINK`, `"=SUM(1,1) Formula"`, `<script>`, `a,b;c|d`} {
			if !strings.Contains(everything, want) {
				t.Errorf("seed %d: %s does not occur", seed, want)
			}
		}
	}
}

func TestActivityFilters(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off"})
	token := mint(t, sim)
	all, _ := walk(t, sim, token, "from=2026-02-01&to=2026-02-28")
	expectOnly := func(query string, keep func(activityRow) bool) {
		t.Helper()
		var want []string
		for _, text := range all {
			var row activityRow
			decode(t, text, &row)
			if keep(row) {
				want = append(want, text)
			}
		}
		if len(want) == 0 || len(want) == len(all) && !strings.HasSuffix(query, "-1") {
			t.Fatalf("%s: a weak example: %d of %d rows", query, len(want), len(all))
		}
		got, _ := walk(t, sim, token, "from=2026-02-01&to=2026-02-28&page_size=200&"+query)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
	for number, label := range map[int]string{
		0: "Meeting Created", 1: "Meeting Started", 2: "User Join", 3: "User Left",
		4: "Remote Control", 5: "In-Meeting Chat", 9: "Meeting Ended",
	} {
		of := func(row activityRow) bool { return row.Category == label }
		expectOnly(fmt.Sprintf("activity_type=%d", number), of)
		expectOnly("activity_type="+url.QueryEscape(label), of)
	}
	expectOnly("activity_type=-1", func(activityRow) bool { return true })

	var first activityRow
	decode(t, all[0], &first)
	ofMeeting := func(row activityRow) bool { return row.MeetingNumber == first.MeetingNumber }
	expectOnly("meeting_number="+url.QueryEscape(first.MeetingNumber), ofMeeting)
	expectOnly("meeting_number="+strings.ReplaceAll(first.MeetingNumber, " ", ""), ofMeeting)
	expectOnly("search_key="+url.QueryEscape("(GUEST)"), func(row activityRow) bool { return strings.Contains(row.Operator, "(guest)") })
	expectOnly("search_key="+url.QueryEscape("+zoom"), func(row activityRow) bool { return strings.Contains(row.OperatorEmail, "+zoom") })
}

func TestActivityParameters(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off"})
	token := mint(t, sim)
	invalid := func(fields ...string) string {
		var errors []string
		for _, field := range fields {
			errors = append(errors, `{"field":"`+field+`","message":"Invalid field."}`)
		}
		return `{"code":300,"message":"Validation Failed.","errors":[` + strings.Join(errors, ",") + `]}`
	}
	const tooLong = `{"code":300,"message":"The date range between from and to cannot exceed one month."}`
	for query, want := range map[string]string{
		"": invalid("from", "to"),
		"to=2026-02-01&activity_type=Dance&page_size=301": invalid("from", "page_size", "activity_type"),
		"from=2026-02-01":                                           invalid("to"),
		"from=2026-2-1&to=2026-02-02":                               invalid("from"),
		"from=2026-02-01T00:00:00Z&to=2026-02-30":                   invalid("from", "to"),
		"from=2026-02-02&to=2026-02-01":                             invalid("to"),
		"from=2026-02-01&to=2026-02-02&page_size=301":               invalid("page_size"),
		"from=2026-02-01&to=2026-02-02&page_size=0":                 invalid("page_size"),
		"from=2026-02-01&to=2026-02-02&activity_type=6":             invalid("activity_type"),
		"from=2026-02-01&to=2026-02-02&activity_type=meeting+ended": invalid("activity_type"),
		"from=2026-01-15&to=2026-02-16":                             tooLong,
		"from=2026-02-01&to=2026-03-03":                             tooLong,
		"from=2026-01-31&to=2026-03-02":                             tooLong,
		"from=2028-02-29&to=2028-03-30":                             tooLong,
		"from=2027-02-29&to=2027-03-01":                             invalid("from"), // no leap year
		"from=2026-02-01&to=2026-02-02&page_size=all":               invalid("page_size"),
		"from=2026-02-01&to=2026-02-02&next_page_token=x":           `{"code":300,"message":"The next page token is invalid or expired."}`,
	} {
		t.Run(query, func(t *testing.T) { expect(t, get(t, sim, token, activitiesPath+query), 400, want) })
	}
	for _, query := range []string{
		"from=2026-01-15&to=2026-02-15", // a calendar month
		"from=2026-02-01&to=2026-03-02", // thirty days
		"from=2026-02-01&to=2026-02-01",
		"from=2026-03-01&to=2026-03-31", // a month of 31 days, some of them in the future
		"from=2026-02-01&to=2026-02-02&page_size=300&activity_type=",
	} {
		if len(activityOf(t, sim, token, query).Logs) == 0 {
			t.Errorf("%s gives no row", query)
		}
	}
	for _, query := range []string{
		"from=2025-06-01&to=2025-06-30", // too old
		"from=2026-03-19&to=2026-04-02", // not yet
		"from=0001-01-01&to=0001-01-01", // Go's zero time, as a client that forgot its window sends it
	} {
		if page := activityOf(t, sim, token, query); len(page.Logs) != 0 || *page.NextPageToken != "" {
			t.Errorf("%s gives rows", query)
		}
	}
}

func TestActivityTypeMayBeRequired(t *testing.T) {
	sim := start(t, zoomsim.Options{StrictActivityType: true})
	token := mint(t, sim)
	expect(t, get(t, sim, token, activitiesPath+"from=2026-02-01&to=2026-02-02"), 400,
		`{"code":300,"message":"Validation Failed.","errors":[{"field":"activity_type","message":"Invalid field."}]}`)
	if page := activityOf(t, sim, token, february); len(page.Logs) == 0 {
		t.Error("no rows")
	}
}

func TestActivitiesNeedAPlanAndAFeature(t *testing.T) {
	free := start(t, zoomsim.Options{Plan: "free"})
	// The plan is checked before parameters.
	expect(t, get(t, free, mint(t, free), "/report/meeting_activities"), 400,
		`{"code":200,"message":"Only available for paid account: `+free.Info().AccountID+`"}`)

	off := start(t, zoomsim.Options{NoReportFeature: true})
	expect(t, get(t, off, mint(t, off), activitiesPath+february), 200, `{"meeting_activity_logs":[],"next_page_token":"","page_size":30}`)
	if rows := dataset(t, off, "meeting_activities", time.Time{}, time.Time{}); len(rows) != 0 {
		t.Errorf("the dataset has %d rows", len(rows))
	}
}
