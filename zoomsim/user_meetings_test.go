package zoomsim_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/zoomsim"
)

type meetingRow struct {
	UUID         string
	ID           int64
	UserEmail    string `json:"user_email"`
	StartTime    string `json:"start_time"`
	EndTime      string `json:"end_time"`
	Participants int    `json:"participants_count"`
	JoinTime     string `json:"join_time"`
}

// past and pastOne of every user who has an id are the whole, with no meeting
// twice.
func TestUserMeetingsEqualDataset(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off", Users: 12})
	token := mint(t, sim)
	var all []string
	one := 0
	for _, text := range dataset(t, sim, "users", today, today) {
		var user struct{ ID string }
		decode(t, text, &user)
		if user.ID == "" {
			continue
		}
		for _, kind := range []string{"past", "pastOne"} {
			for _, window := range []string{"from=2026-01-01&to=2026-01-31", "from=2026-02-01&to=2026-02-28", "from=2026-03-01&to=2026-03-31"} {
				rows, _ := list(t, sim, token, "/report/users/"+user.ID+"/meetings?page_size=10&type="+kind+"&"+window, "meetings")
				for _, text := range rows {
					var row meetingRow
					decode(t, text, &row)
					if (row.Participants == 1) != (kind == "pastOne") {
						t.Errorf("%s shows %s", kind, text)
					}
					if kind == "pastOne" {
						one++
					}
				}
				all = append(all, rows...)
			}
		}
	}
	want := dataset(t, sim, "report_user_meetings", time.Time{}, time.Time{})
	slices.Sort(all)
	slices.Sort(want)
	if diff := cmp.Diff(want, all); diff != "" || len(want) != 400 || one == 0 {
		t.Errorf("%d meetings, %d of them of one person (-want +got):\n%s", len(all), one, diff)
	}
}

// A meeting of the report is one that the activity log shows started and ended
// by its host.
func TestUserMeetingsAreThoseOfTheActivities(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	log := map[string]int{}
	for _, text := range dataset(t, sim, "meeting_activities", time.Time{}, time.Time{}) {
		var row activityRow
		decode(t, text, &row)
		if row.Category == "Meeting Started" || row.Category == "Meeting Ended" {
			log[row.Category+strings.ReplaceAll(row.MeetingNumber, " ", "")+row.OperatorEmail+row.ActivityTime[:19]]++
		}
	}
	odd := 0
	for _, text := range dataset(t, sim, "report_user_meetings", time.Time{}, time.Time{}) {
		var row meetingRow
		decode(t, text, &row)
		of := func(category, at string) int {
			at = strings.NewReplacer("T", " ", "Z", "").Replace(at)
			number := ""
			for n := row.ID; n > 0; n /= 10 {
				number = string(rune('0'+n%10)) + number
			}
			return log[category+number+row.UserEmail+at]
		}
		if of("Meeting Started", row.StartTime) == 0 || of("Meeting Ended", row.EndTime) == 0 {
			t.Errorf("the activities do not show %s", text)
		}
		if _, err := time.Parse("01/02/2006 15:04", row.JoinTime); err != nil {
			t.Error(err)
		}
		if strings.HasPrefix(row.UUID, "/") || strings.Contains(row.UUID, "//") {
			odd++
		}
	}
	if odd < 40 {
		t.Errorf("%d awkward UUIDs", odd)
	}
}

func TestUserMeetingsRefuse(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off", GoneUsers: 1})
	token := mint(t, sim)
	const window = "from=2026-02-01&to=2026-02-28"
	gone, refusals := 0, 0
	for _, text := range dataset(t, sim, "users", today, today) {
		var user struct{ ID, Email string }
		decode(t, text, &user)
		if user.ID == "" {
			continue
		}
		got := get(t, sim, token, "/report/users/"+user.ID+"/meetings?"+window)
		byMail := get(t, sim, token, "/report/users/"+url.PathEscape(user.Email)+"/meetings?"+window)
		if got.Status != byMail.Status {
			t.Errorf("%s by id: %d, by address: %d", user.Email, got.Status, byMail.Status)
		}
		if got.Status == 404 {
			gone++
			expect(t, got, 404, `{"code":1001,"message":"User does not exist: `+user.ID+`."}`)
		}
		refusals++
	}
	if gone != 1 {
		t.Errorf("%d of %d users are gone, want 1", gone, refusals)
	}
	for query, want := range map[string]string{
		"":                                `{"code":300,"message":"Validation Failed.","errors":[{"field":"from","message":"Invalid field."},{"field":"to","message":"Invalid field."}]}`,
		window + "&type=all":              `{"code":300,"message":"Validation Failed.","errors":[{"field":"type","message":"Invalid field."}]}`,
		"from=2026-01-01&to=2026-02-28":   `{"code":300,"message":"The date range between from and to cannot exceed one month."}`,
		"from=2025-08-01&to=2025-08-02":   `{"code":300,"message":"The report only provides data of the last six months."}`,
		window + "&next_page_token=other": badPageToken,
	} {
		expect(t, get(t, sim, token, "/report/users/me/meetings?"+query), 400, want)
	}
	if _, err := zoomsim.New(zoomsim.Options{Users: 1, GoneUsers: 1}); err == nil {
		t.Error("the owner left")
	}
}
