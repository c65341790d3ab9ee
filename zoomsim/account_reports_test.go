package zoomsim_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// list follows the page tokens of a path to the end and returns the rows under
// the key, and how many each page held.
func list(t *testing.T, sim *zoomsim.Simulator, token, path, key string) (rows []string, sizes []int) {
	t.Helper()
	for next := ""; ; {
		got := get(t, sim, token, path+"&next_page_token="+url.QueryEscape(next))
		if got.Status != 200 {
			t.Fatalf("%s: %d %s", path, got.Status, got.Body)
		}
		var page map[string]json.RawMessage
		decode(t, got.Body, &page)
		var found []json.RawMessage
		decode(t, string(page[key]), &found)
		if page["next_page_token"] == nil || found == nil {
			t.Fatalf("no token or list in %.200s", got.Body)
		}
		rows, sizes = append(rows, strs(found)...), append(sizes, len(found))
		decode(t, string(page["next_page_token"]), &next)
		if next == "" {
			return rows, sizes
		}
	}
}

var accountReports = map[string]struct{ path, key, shape string }{
	"sign_in_activities": {
		"/report/activities", "activity_logs",
		`^\{"client_type":".+","email":".+@.+","ip_address":"[0-9a-f.:]+","time":"2026-\d\d-\d\dT\d\d:\d\d:\d\dZ","type":"Sign (in|out)","version":".*"\}$`,
	},
	"operation_logs": {
		"/report/operationlogs", "operation_logs",
		`^\{"action":".+","category_type":"[a-z_]+","operation_detail":".*","operator":".+@.+","time":"2026-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}$`,
	},
}

func TestAccountReportsEqualDataset(t *testing.T) {
	for stream, report := range accountReports {
		for seed := int64(1); seed <= 3; seed++ {
			sim := start(t, zoomsim.Options{Seed: seed, Limits: "off"})
			token := mint(t, sim)
			var all []string
			uneven := false
			for _, window := range [][2]string{{"2026-03-01", "2026-03-31"}, {"2026-02-01", "2026-02-28"}, {"2026-01-01", "2026-01-31"}} {
				rows, sizes := list(t, sim, token, report.path+"?from="+window[0]+"&to="+window[1]+"&page_size=50", report.key)
				if diff := cmp.Diff(dataset(t, sim, stream, date(window[0]), date(window[1])), rows); diff != "" {
					t.Errorf("%s, seed %d, %v (-want +got):\n%s", stream, seed, window, diff)
				}
				uneven = uneven || slices.Max(sizes) != slices.Min(sizes[:len(sizes)-1])
				all = append(all, rows...)
			}
			if !uneven {
				t.Errorf("%s, seed %d: all pages are even", stream, seed)
			}
			if diff := cmp.Diff(dataset(t, sim, stream, time.Time{}, time.Time{}), all); diff != "" || len(all) < 200 {
				t.Errorf("%s, seed %d: the months are not the whole of %d rows:\n%s", stream, seed, len(all), diff)
			}
			shape := regexp.MustCompile(report.shape)
			twins, former := 0, ""
			days, clocks := map[string]int{}, map[string]int{}
			for _, row := range all {
				var dated struct{ Time string }
				decode(t, row, &dated)
				if !shape.MatchString(row) || former != "" && dated.Time > dateOf(t, former) {
					t.Fatalf("%s: misshapen, or not newest first: %s", stream, row)
				}
				if row == former {
					twins++
				}
				former = row
				days[dated.Time[:10]]++
				clocks[dated.Time[11:]]++
			}
			if twins == 0 || clocks["00:00:00Z"] == 0 || clocks["23:59:59Z"] == 0 || days["2026-01-31"] == 0 || days["2026-02-01"] == 0 {
				t.Errorf("%s, seed %d: %d twins, %d and %d rows at the edges of days", stream, seed, twins, clocks["00:00:00Z"], clocks["23:59:59Z"])
			}
		}
	}
}

func dateOf(t *testing.T, row string) string {
	t.Helper()
	var dated struct{ Time string }
	decode(t, row, &dated)
	return dated.Time
}

func TestAccountReportWindows(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off"})
	token := mint(t, sim)
	const tooLong = `{"code":300,"message":"The date range between from and to cannot exceed one month."}`
	const tooOld = `{"code":300,"message":"The report only provides data of the last six months."}`
	invalid := func(field string) string {
		return `{"code":300,"message":"Validation Failed.","errors":[{"field":"` + field + `","message":"Invalid field."}]}`
	}
	for query, want := range map[string]string{
		"/report/activities?from=2026-01-01&to=2026-02-02":                                         tooLong,
		"/report/activities?from=2025-09-17&to=2025-10-01":                                         tooOld,
		"/report/activities?from=2026-02-02&to=2026-02-01":                                         invalid("to"),
		"/report/activities?from=yesterday":                                                        invalid("from"),
		"/report/activities?page_size=301":                                                         invalid("page_size"),
		"/report/activities?from=2026-02-02+10:00&to=2026-02-02":                                   invalid("from"),
		"/report/operationlogs?to=2026-02-02":                                                      invalid("from"),
		"/report/operationlogs?from=2026-01-01&to=2026-02-02":                                      tooLong,
		"/report/operationlogs?from=2026-02-01+10:00:00&to=2026-02-02":                             invalid("from"),
		"/report/operationlogs?from=2026-02-01&to=2026-02-02&category_type=meeting":                invalid("category_type"),
		"/report/operationlogs?from=2026-02-01&to=2026-02-02&next_page_token=x":                    badPageToken,
		"/report/activities?from=2026-02-01&to=2026-02-02&next_page_token=" + url.QueryEscape("="): badPageToken,
	} {
		t.Run(query, func(t *testing.T) { expect(t, get(t, sim, token, query), 400, want) })
	}
	// Six months ago to the day, and, where no limit is published, before that.
	for _, query := range []string{"/report/activities?from=2025-09-19&to=2025-10-01", "/report/operationlogs?from=2024-09-19&to=2024-10-01"} {
		if got := get(t, sim, token, query); got.Status != 200 {
			t.Errorf("%s: %d %s", query, got.Status, got.Body)
		}
	}
	rows, _ := list(t, sim, token, "/report/activities?page_size=300", "activity_logs")
	if diff := cmp.Diff(dataset(t, sim, "sign_in_activities", date("2026-02-18"), today), rows); diff != "" {
		t.Errorf("without from and to (-want +got):\n%s", diff)
	}
}

func TestOperationLogsByMinuteAndCategory(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off"})
	token := mint(t, sim)
	all := dataset(t, sim, "operation_logs", date("2026-02-10"), date("2026-02-12"))
	keep := func(rows []string, keep func(time, category string) bool) (kept []string) {
		for _, text := range rows {
			var row struct {
				Time     string
				Category string `json:"category_type"`
			}
			decode(t, text, &row)
			if keep(row.Time, row.Category) {
				kept = append(kept, text)
			}
		}
		return kept
	}
	want := keep(all, func(time, _ string) bool { return time >= "2026-02-10T09:30:00Z" && time < "2026-02-12T18:06:00Z" })
	got, _ := list(t, sim, token, "/report/operationlogs?from=2026-02-10+09%3A30&to=2026-02-12%2018:05&page_size=20", "operation_logs")
	if diff := cmp.Diff(want, got); diff != "" || len(want) == len(all) {
		t.Errorf("by the minute, %d of %d rows (-want +got):\n%s", len(want), len(all), diff)
	}
	want = keep(all, func(_, category string) bool { return category == "user_settings" })
	got, _ = list(t, sim, token, "/report/operationlogs?from=2026-02-10&to=2026-02-12&category_type=user_settings", "operation_logs")
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("one category (-want +got):\n%s", diff)
	}
	everything := strings.Join(dataset(t, sim, "operation_logs", time.Time{}, time.Time{}), "\n")
	for _, want := range []string{"🎭", `\n`, `\"break a leg\"`, `"sub_account"`, `"phone_contacts"`} {
		if !strings.Contains(everything, want) {
			t.Errorf("%s does not occur", want)
		}
	}
}

func TestAccountReportsNeedAPlanAndARole(t *testing.T) {
	free, off := start(t, zoomsim.Options{Plan: "free", Limits: "off"}), start(t, zoomsim.Options{NoAdminLogs: true, Limits: "off"})
	for stream, report := range accountReports {
		expect(t, get(t, free, mint(t, free), report.path), 400,
			`{"code":200,"message":"Only available for paid account: `+free.Info().AccountID+`"}`)
		rows, _ := list(t, off, mint(t, off), report.path+"?from=2026-02-01&to=2026-02-28", report.key)
		if len(rows)+len(dataset(t, off, stream, time.Time{}, time.Time{})) != 0 {
			t.Errorf("%s: a role without the view shows %d rows", stream, len(rows))
		}
	}
}
