package zoomsim_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// A session asks a simulator without a network, for many requests.
type session struct {
	t     rapid.TB
	sim   *zoomsim.Simulator
	now   *clock
	token string
}

func newSession(t rapid.TB, o zoomsim.Options) *session {
	s := &session{t: t, now: newClock()}
	o.Seed, o.Today, o.Now, o.Meetings, o.BaseURL = 1, today, s.now.Now, 1, "http://zoom.example"
	o.TokenTTL = 1000 * time.Hour
	var err error
	if s.sim, err = zoomsim.New(o); err != nil {
		t.Fatal(err)
	}
	s.token = s.mint()
	return s
}

// allowed asks n times and returns how many requests were not refused by a limit.
func (s *session) allowed(path string, status, n int) int {
	s.t.Helper()
	through := 0
	for range n {
		switch got := s.ask(path); got.Status {
		case status:
			through++
		case 429:
		default:
			s.t.Fatalf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	return through
}

// ask sends an API request straight to the handler.
func (s *session) ask(path string) response {
	return s.serve("GET", "/v2"+path, "", "Authorization: Bearer "+s.token)
}

func (s *session) serve(method, path, body string, header ...string) response {
	request := httptest.NewRequest(method, "http://zoom.example"+path, strings.NewReader(body))
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	s.sim.Handler().ServeHTTP(recorder, request)
	return response{recorder.Code, recorder.Header(), recorder.Body.String()}
}

func (s *session) mint() string {
	info := s.sim.Info()
	got := s.serve("POST", "/oauth/token", grant(info), formType, basic(info.ClientID, info.ClientSecret))
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(got.Body), &token); err != nil || token.AccessToken == "" {
		s.t.Fatalf("no token: %d %s", got.Status, got.Body)
	}
	return token.AccessToken
}
