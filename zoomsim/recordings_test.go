package zoomsim_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/zoomsim"
)

var calendarMonths = []string{"from=2026-01-01&to=2026-01-31", "from=2026-02-01&to=2026-02-28", "from=2026-03-01&to=2026-03-31"}

// The calendarMonths of all users are the whole; each recording is of a held meeting that
// says so.
func TestRecordings(t *testing.T) {
	sim := start(t, large)
	token := mint(t, sim)
	held := map[string]record{}
	for _, meeting := range objects(t, everything(t, sim, "report_user_meetings")) {
		held[meeting["uuid"].(string)] = meeting
	}
	var all []string
	pages := 0
	for _, id := range hostIDs(t, sim) {
		for _, month := range calendarMonths {
			rows, sizes := list(t, sim, token, "/users/"+id+"/recordings?page_size=300&"+month, "meetings")
			pages = max(pages, len(sizes))
			all = append(all, rows...)
			for _, row := range objects(t, rows) {
				meeting := held[row["uuid"].(string)]
				if meeting == nil || meeting["has_recording"] != true || meeting["topic"] != row["topic"] || meeting["id"] != row["id"] || row["host_id"] != id {
					t.Errorf("%v is of %v", row, meeting)
				}
			}
		}
	}
	want := everything(t, sim, "recordings")
	slices.Sort(want)
	slices.Sort(all)
	if diff := cmp.Diff(want, all); diff != "" || pages < 2 {
		t.Errorf("at most %d pages (-want +got):\n%s", pages, diff)
	}
	if today, _ := list(t, sim, token, "/users/me/recordings?", "meetings"); len(today) > 0 {
		t.Errorf("today and tomorrow have %s", today)
	}
}

func TestRecordingFiles(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	types, large := map[string]int{}, 0
	for _, row := range objects(t, everything(t, sim, "recordings")) {
		total, files := 0.0, row["recording_files"].([]any)
		for _, each := range files {
			file := each.(record)
			kind := file["file_type"].(string)
			types[kind]++
			bare := kind == "CC" || kind == "TIMELINE"
			if (file["id"] == nil) != bare || (file["status"] == nil) != bare || (file["file_size"] == nil) != bare {
				t.Errorf("%v", file)
			}
			size, _ := file["file_size"].(float64)
			total += size
			if size > 1<<31 {
				large++
			}
			if file["meeting_id"] != row["uuid"] || !strings.HasPrefix(file["download_url"].(string), strings.TrimSuffix(sim.Info().APIURL, "/v2")) {
				t.Errorf("%v of %v", file, row["uuid"])
			}
		}
		if row["total_size"] != total || row["recording_count"] != float64(len(files)) {
			t.Errorf("%v bytes and %v files, says %v", total, len(files), row)
		}
	}
	for _, kind := range strings.Fields("MP4 M4A TIMELINE CHAT TRANSCRIPT CC") {
		if types[kind] == 0 {
			t.Errorf("no file is %s", kind)
		}
	}
	if large == 0 {
		t.Error("no file is larger than 2 GiB")
	}
}

func TestRecordingOfMeeting(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off"})
	token := mint(t, sim)
	shown := map[string]bool{} // numbers whose newest instance was recorded
	rows := objects(t, everything(t, sim, "recordings"))
	newest, slashes := map[float64]string{}, 0
	for _, meeting := range objects(t, everything(t, sim, "report_user_meetings")) { // newest first
		if id := meeting["id"].(float64); newest[id] == "" {
			newest[id] = meeting["uuid"].(string)
		}
	}
	for _, row := range rows {
		uuid := row["uuid"].(string)
		var byUUID record
		decode(t, get(t, sim, token, "/meetings/"+url.PathEscape(url.PathEscape(uuid))+"/recordings").Body, &byUUID)
		for field, value := range row {
			if diff := cmp.Diff(value, byUUID[field]); diff != "" {
				t.Errorf("%s, %s (-list +meeting):\n%s", uuid, field, diff)
			}
		}
		once := get(t, sim, token, "/meetings/"+url.PathEscape(uuid)+"/recordings")
		if lost := strings.HasPrefix(uuid, "/") || strings.Contains(uuid, "//"); lost != (once.Status == 404) {
			t.Errorf("%s, encoded once: %d %s", uuid, once.Status, once.Body)
		} else if lost {
			slashes++
		}
		if byUUID["password"] != row["recording_play_passcode"] {
			t.Errorf("password %v", byUUID["password"])
		}
		if newest[row["id"].(float64)] == uuid {
			var byNumber record
			decode(t, get(t, sim, token, fmt.Sprintf("/meetings/%.0f/recordings", row["id"])).Body, &byNumber)
			if diff := cmp.Diff(byUUID, byNumber); diff != "" {
				t.Errorf("(-by UUID +by number):\n%s", diff)
			}
			shown[uuid] = true
		}
	}
	if slashes == 0 {
		t.Error("no UUID needs to be encoded twice")
	}
	if len(shown) == 0 || len(shown) == len(rows) {
		t.Errorf("%d of %d are of the newest instance", len(shown), len(rows))
	}
}

func TestRecordingDownloads(t *testing.T) {
	clock := newClock()
	sim := start(t, zoomsim.Options{Now: clock.Now})
	token := mint(t, sim)
	row := objects(t, everything(t, sim, "recordings"))[0]
	file := row["recording_files"].([]any)[0].(record)
	fetch := func(method string, headers ...string) (*http.Response, string) {
		t.Helper()
		request, err := http.NewRequest(method, file["download_url"].(string), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, header := range headers {
			name, value, _ := strings.Cut(header, ": ")
			request.Header.Set(name, value)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(io.LimitReader(answer.Body, 1000))
		if err != nil {
			t.Fatal(err)
		}
		return answer, string(body)
	}
	if answer, body := fetch("GET"); answer.StatusCode != 401 || !strings.Contains(body, `"code":124`) {
		t.Errorf("without a token: %d %s", answer.StatusCode, body)
	}
	answer, _ := fetch("HEAD", "Authorization: Bearer "+token)
	if answer.StatusCode != 200 || float64(answer.ContentLength) != file["file_size"] {
		t.Errorf("%d, %d bytes of %v", answer.StatusCode, answer.ContentLength, file["file_size"])
	}
	if answer, body := fetch("GET", "Authorization: Bearer "+token, "Range: bytes=5-14"); answer.StatusCode != 206 || body != strings.Repeat("\x00", 10) {
		t.Errorf("a range: %d %q", answer.StatusCode, body)
	}

	var own struct {
		Token string `json:"download_access_token"`
	}
	decode(t, get(t, sim, token, "/meetings/"+url.PathEscape(url.PathEscape(row["uuid"].(string)))+"/recordings?include_fields=download_access_token&ttl=60").Body, &own)
	if answer, _ := fetch("HEAD", "Authorization: Bearer "+own.Token); answer.StatusCode != 200 {
		t.Errorf("its own token: %d", answer.StatusCode)
	}
	clock.advance(60e9)
	if answer, _ := fetch("HEAD", "Authorization: Bearer "+own.Token); answer.StatusCode != 401 {
		t.Errorf("its own token, after its time: %d", answer.StatusCode)
	}
}
