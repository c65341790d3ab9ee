package zoom

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// mintingTransport puts a token of the simulator on each request, and a new one
// on a request that was answered with 401.
type mintingTransport struct {
	info zoomsim.Info

	mu    sync.Mutex // guards token
	token string
}

func (m *mintingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		token, err := m.mint(attempt > 0)
		if err != nil {
			return nil, err
		}
		again := r.Clone(r.Context())
		again.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultTransport.RoundTrip(again)
		if err != nil || answer.StatusCode != http.StatusUnauthorized || attempt > 0 {
			return answer, err
		}
		answer.Body.Close()
	}
}

func (m *mintingTransport) mint(anew bool) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.token != "" && !anew {
		return m.token, nil
	}
	m.token = ""
	form := url.Values{"grant_type": {"account_credentials"}, "account_id": {m.info.AccountID}}
	r, err := http.NewRequest(http.MethodPost, m.info.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(m.info.ClientID, m.info.ClientSecret)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		io.Copy(io.Discard, answer.Body)
		return "", &stagedoor.Error{Op: "mint a token", Kind: stagedoor.KindUnavailable}
	}
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	err = json.NewDecoder(answer.Body).Decode(&granted)
	m.token = granted.AccessToken
	return m.token, err
}

// Whatever goes wrong on the way, the rows are those of the account: none lost,
// none twice, in order, byte for byte.
func TestActivitiesOfTheSimulatorUnderFaults(t *testing.T) {
	const operation = "GET /report/meeting_activities"
	for name, faults := range map[string][]zoomsim.Fault{
		"none":                {},
		"token_revoked":       {{Kind: zoomsim.TokenRevoked, After: 2}},
		"429_second":          {{Kind: zoomsim.PerSecond429, After: 1}},
		"429_daily":           {{Kind: zoomsim.Daily429, After: 2, Delay: 2 * time.Second}},
		"reset":               {{Kind: zoomsim.Reset, After: 1, Count: 3}},
		"http_500":            {{Kind: zoomsim.HTTP500, After: 1, Count: 3}},
		"html_503":            {{Kind: zoomsim.HTML503, Count: 3}},
		"slow":                {{Kind: zoomsim.Slow, Delay: 100 * time.Millisecond, Count: 2}},
		"truncated":           {{Kind: zoomsim.Truncated, After: 1, Count: 3}},
		"page_token_expired":  {{Kind: zoomsim.PageTokenExpired, After: 1}},
		"token_endpoint_down": {{Kind: zoomsim.TokenRevoked, After: 1}, {Kind: zoomsim.TokenEndpointDown, Count: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim, err := zoomsim.Start(zoomsim.Options{Seed: 1, Meetings: 60, Limits: "off"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { sim.Close() })
			for _, fault := range faults {
				if fault.Kind != zoomsim.TokenEndpointDown {
					fault.Operation = operation
				}
				if err := sim.AddFaults(fault); err != nil {
					t.Fatal(err)
				}
			}
			client, err := New(Config{HTTP: &mintingTransport{info: sim.Info()}, APIURL: sim.Info().APIURL, Provider: zoomish(), Patience: time.Minute})
			if err != nil {
				t.Fatal(err)
			}

			until, err := time.Parse(time.DateOnly, sim.Info().Until)
			if err != nil {
				t.Fatal(err)
			}
			since := until.AddDate(0, 0, -29)
			query := url.Values{
				"from": {since.Format(time.DateOnly)}, "to": {until.Format(time.DateOnly)},
				"activity_type": {"All Activities"}, "page_size": {"50"},
			}
			rows, reading, err := walk(t, client, "/report/meeting_activities", query)
			for restarts := 0; err != nil && restarts < 3; restarts++ { // as a sync does
				e := err.(*stagedoor.Error)
				if want := map[string]stagedoor.Kind{"429_daily": stagedoor.KindDailyQuota, "page_token_expired": stagedoor.KindPageToken}[name]; e.Kind != want {
					t.Fatalf("got %v", err)
				}
				time.Sleep(time.Until(e.RetryAt))
				rows, reading, err = walk(t, client, "/report/meeting_activities", query)
			}
			if err != nil {
				t.Fatal(err)
			}

			dataset, err := sim.Dataset("meeting_activities", since, until)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for record := range dataset {
				want = append(want, string(record))
			}
			if len(want) < 100 {
				t.Fatalf("only %d rows to compare", len(want))
			}
			if diff := cmp.Diff(want, rows); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if reading.Rows != len(want) || reading.Pages < 3 || reading.Form != "meeting_activity_logs" {
				t.Errorf("reading %+v", reading)
			}
			fired := sim.Stats().FaultsFired
			for _, fault := range faults {
				if want := max(1, fault.Count); fired[fault.Kind] != want {
					t.Errorf("%s fired %d times, want %d", fault.Kind, fired[fault.Kind], want)
				}
			}
			// Healing a 401 is the transport's affair; all else was counted here.
			if name == "http_500" && reading.Retries != 3 || name == "none" && reading.Requests != sim.Stats().Requests {
				t.Errorf("reading %+v, the simulator counts %d", reading, sim.Stats().Requests)
			}
		})
	}
}

// At the pace of the client the simulator, which counts as Zoom does, refuses
// nothing.
func TestPaceEarnsNo429(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds of real time")
	}
	for _, limiter := range []string{"fixed", "sliding", "bucket"} {
		t.Run(limiter, func(t *testing.T) {
			t.Parallel()
			sim, err := zoomsim.Start(zoomsim.Options{Seed: 1, Users: 10, Meetings: 60, Limiter: limiter})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { sim.Close() })
			client, err := New(Config{HTTP: &mintingTransport{info: sim.Info()}, APIURL: sim.Info().APIURL, Provider: limited(), Quota: paced(t, limited())})
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					for range 10 {
						do(t, client, "/users")
					}
				})
			}
			all.Wait()
			if stats := sim.Stats(); stats.Requests != 80 || stats.RateLimited.Second != 0 {
				t.Errorf("%d requests, %d refused", stats.Requests, stats.RateLimited.Second)
			}
		})
	}
}
