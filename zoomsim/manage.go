package zoomsim

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// managementRoutes serves what steers the simulator, under /sim.
func (s *Simulator) managementRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/sim", only(http.MethodGet, s.serveIndex))
	mux.HandleFunc("/sim/{$}", only(http.MethodGet, s.serveIndex))
	mux.HandleFunc("/sim/stats", only(http.MethodGet, s.serveStats))
	mux.HandleFunc("/sim/requests", only(http.MethodGet, s.serveRequests))
	mux.HandleFunc("/sim/dataset/{stream}", only(http.MethodGet, s.serveDataset))
	mux.HandleFunc("/sim/faults", only(http.MethodPost, s.serveFaults))
	mux.HandleFunc("/sim/credential", only(http.MethodPost, s.serveCredential))
	mux.HandleFunc("/sim/reset", only(http.MethodPost, s.serveReset))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, fmt.Errorf("there is no %s; GET /sim lists what there is", r.URL.Path))
	})
	return mux
}

// only refuses other methods and bounds the body.
func only(method string, handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			w.Header().Set("Allow", method)
			refuse(w, http.StatusMethodNotAllowed, fmt.Errorf("%s takes %s, not %s", r.URL.Path, method, r.Method))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		handle(w, r)
	}
}

// refuse answers a management request that is wrong.
func refuse(w http.ResponseWriter, status int, err error) {
	newAnswer(status, jsonType, encode(map[string]string{"error": err.Error()})).write(w)
}

func (s *Simulator) serveIndex(w http.ResponseWriter, _ *http.Request) {
	ok(map[string]any{
		"GET /sim/stats":            "counts since the start or the last reset",
		"GET /sim/requests":         "the log: the latest 10,000 requests as NDJSON, oldest first",
		"GET /sim/dataset/{stream}": "the truth as NDJSON; ?since=&until= are inclusive days; ?meeting_uuid= or ?part= narrow it, ?with=meeting or ?with=part tell what a row belongs to; streams: " + strings.Join(streams(), ", "),
		"POST /sim/faults":          `{"faults":[{"kind","operation","after","count","delay","rate"}]}; kinds: ` + strings.Join(faultKinds, ", "),
		"POST /sim/credential":      `{"client_secret","active","scopes"}, any of them`,
		"POST /sim/reset":           "statistics, faults, tokens, rate counters and the credential back to the start; what edits did stays",
	}).write(w)
}

func (s *Simulator) serveStats(w http.ResponseWriter, _ *http.Request) { ok(s.Stats()).write(w) }

// serveRequests prints the log, a line a request.
func (s *Simulator) serveRequests(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriter(w)
	for _, line := range s.Requests() {
		_, _ = out.Write(append(encode(line), '\n'))
	}
	_ = out.Flush()
}

// serveDataset streams, for a dataset may be long.
func (s *Simulator) serveDataset(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	since, err1 := optionalDay("since", query.Get("since"))
	until, err2 := optionalDay("until", query.Get("until"))
	if err := errors.Join(err1, err2); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	with := query.Get("with")
	if with != "" && with != "meeting" && with != "part" {
		refuse(w, http.StatusBadRequest, fmt.Errorf("with %q: there are with=meeting and with=part", with))
		return
	}
	records, err := s.Truth(Truth{
		Stream: r.PathValue("stream"), Since: since, Until: until,
		MeetingUUID: query.Get("meeting_uuid"), WithMeeting: with == "meeting",
		Part: query.Get("part"), WithPart: with == "part",
	})
	if err != nil {
		refuse(w, http.StatusNotFound, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriter(w)
	for record := range records {
		_, _ = out.Write(record)
		if err := out.WriteByte('\n'); err != nil {
			return // the client has gone
		}
	}
	_ = out.Flush()
}

func optionalDay(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	value, err := time.Parse(dayLayout, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s %q is not a day such as 2026-01-31", name, text)
	}
	return value, nil
}

// serveFaults adds faults and answers with all that are pending.
func (s *Simulator) serveFaults(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Faults []Fault `json:"faults"`
	}
	err := decode(r, &body)
	if err == nil && body.Faults == nil {
		err = errors.New(`there is no list "faults"`)
	}
	if err == nil {
		err = s.AddFaults(body.Faults...)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	ok(map[string]any{"pending": s.pendingFaults()}).write(w)
}

// serveCredential changes the app. Its answer does not show the secret.
func (s *Simulator) serveCredential(w http.ResponseWriter, r *http.Request) {
	var body struct {
		ClientSecret *string    `json:"client_secret"`
		Active       *bool      `json:"active"`
		Scopes       *scopeList `json:"scopes"`
	}
	err := decode(r, &body)
	if err == nil && body.ClientSecret != nil && *body.ClientSecret == "" {
		err = errors.New("client_secret is empty")
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	s.SetCredential(CredentialChange{ClientSecret: body.ClientSecret, Active: body.Active, Scopes: (*[]string)(body.Scopes)})

	s.mu.Lock()
	now := map[string]any{"active": s.state.app.active, "scopes": s.state.app.scopes}
	s.mu.Unlock()
	ok(now).write(w)
}

// scopeList reads a list or a string separated by blanks.
type scopeList []string

func (l *scopeList) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*l = strings.Fields(text)
		return nil
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil {
		return errors.New("scopes is neither a list of strings nor a string")
	}
	*l = list
	return nil
}

func (s *Simulator) serveReset(w http.ResponseWriter, _ *http.Request) {
	s.Reset()
	ok(map[string]string{"status": "reset"}).write(w)
}

// decode reads the one JSON object of a body; unknown fields are refused, so
// that a typo is noticed.
func decode(r *http.Request, into any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("the body is not the JSON expected: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body holds more than one JSON value")
	}
	return nil
}
