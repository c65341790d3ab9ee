package zoomsim

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Simulator is one Zoom account with one Server-to-Server OAuth app. Its
// methods may be called at any time from any goroutine.
type Simulator struct {
	options       Options // with defaults; not changed once it serves
	account       *account
	joined        []*user // who have been here, as of the start: hosts and guests of meetings, ever
	scheduled     []*scheduledMeeting
	registrants   map[int64][]registration   // of the meetings, by id, whose registrants were edited
	registering   map[int64]scheduledMeeting // by id, see newRegistering
	heldByIndex   []*heldMeeting
	heldByUUID    map[string]*heldMeeting
	hosts         map[*user]hostThen
	webinars      []*heldMeeting
	meetings      []*heldMeeting // newest first, as are the other reports
	activities    made[activityRef]
	signIns       made[signIn]
	operationLogs made[operationLog]
	since, until  time.Time // days with reports, both inclusive
	truths        map[string]func(Truth) iter.Seq[json.RawMessage]
	editors       map[string]editor
	edits         map[string]int // how many there were, by kind and stream
	company       sync.RWMutex   // guards the rows above, which edits replace; taken after mu, never while waiting
	pages         pager
	operations    map[string]func(*call) *answer // simulated ones, by name
	handler       http.Handler

	counting sync.Mutex // guards what is counted of meetings when somebody asks

	ctx       context.Context // ends with Close, so that no answer is waited for
	cancel    context.CancelFunc
	server    *http.Server  // nil without a listener
	served    chan struct{} // closed when server has returned
	closeOnce sync.Once
	closeErr  error

	requestNumber atomic.Uint64 // for tracking ids
	network       network

	mu    sync.Mutex // guards state; never held while waiting
	state *state
}

// state is all that requests and management change; a reset replaces it.
type state struct {
	app    app
	tokens map[string]*accessToken
	quota  *quota
	extra  extraCounts
	locks  locks
	faults faultQueue
	edits  []*Fault // that wait for requests
	others []*otherTraffic
	tally  tally
	log    requestLog

	othersStarted int // since the reset
}

// Info tells how to reach a simulator. It is the one place that shows its secret.
type Info struct {
	TokenURL      string `json:"token_url"`
	APIURL        string `json:"api_url"` // with /v2
	AccountID     string `json:"account_id"`
	ClientID      string `json:"client_id"`
	ClientSecret  string `json:"client_secret"`
	ManagementURL string `json:"management_url"`
	Seed          int64  `json:"seed"`
	Since         string `json:"since"` // first day with reports, YYYY-MM-DD
	Until         string `json:"until"` // last day with reports, inclusive
}

// New returns a simulator without a listener, for use with Handler. Its URLs are
// known only if BaseURL is given.
func New(o Options) (*Simulator, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("zoomsim: %w", err)
	}
	r := randomFor(o.Seed, "app", 0)
	o.ClientID = cmp.Or(o.ClientID, randomID(r))
	o.ClientSecret = cmp.Or(o.ClientSecret, randomSecret(r))
	s := &Simulator{
		options: o,
		account: newAccount(o),
		since:   o.Today.AddDate(0, 0, -historyDays),
		until:   o.Today.AddDate(0, 0, -1),
		pages:   newPager(o),
		network: network{latency: o.Latency, jitter: o.Jitter, back: o.JitterBack, seed: o.Seed},
	}
	if err := errors.Join(s.account.leave(o.GoneUsers), s.account.bar(o.BarredUsers)); err != nil {
		return nil, fmt.Errorf("zoomsim: %w", err)
	}
	s.joined = s.account.joined()
	listed := slices.Clone(s.account.users)
	s.hosts = s.account.hostsThen()
	s.newHeld()
	s.newWebinars()
	s.scheduled, s.registrants = newScheduled(o, s.account, s.meetings), map[int64][]registration{}
	s.newRegistering()
	s.activities.make = s.newActivities
	s.signIns.make = func() []signIn { return newSignIns(o, s.joined, s.since, s.until) }
	s.operationLogs.make = func() []operationLog { return newOperationLogs(o, listed, s.joined, s.since, s.until) }
	s.operations = map[string]func(*call) *answer{
		"GET /groups":                           s.listGroups,
		"GET /groups/{groupId}/members":         s.listGroupMembers,
		"GET /meetings/{meetingId}":             s.getMeeting,
		"GET /meetings/{meetingId}/recordings":  s.getRecordings,
		"GET /meetings/{meetingId}/registrants": s.listRegistrants,
		"GET /users/{userId}/meetings":          s.listMeetings,
		"GET /users/{userId}/recordings":        s.listRecordings,
		"GET /users":                            s.listUsers,
		"GET /users/{userId}":                   s.getUser,
		"GET /report/activities":                s.listSignIns,
		"GET /report/meeting_activities":        s.listMeetingActivities,
		"GET /report/operationlogs":             s.listOperationLogs,
		"GET /report/users/{userId}/meetings":   s.listUserMeetings,
	}
	s.truths = map[string]func(Truth) iter.Seq[json.RawMessage]{}
	s.editors, s.edits = map[string]editor{}, map[string]int{}
	s.addLogs()
	s.addLists()
	s.addLogEditors()
	s.addActivityEditors()
	s.addHistory()
	s.addParticipants()
	s.addDashboard()
	s.addPast()
	s.addListEditors()
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.handler = s.routes()
	s.Reset()
	return s, nil
}

// Start returns a simulator that serves on Options.Listen.
func Start(o Options) (*Simulator, error) {
	s, err := New(o)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", s.options.Listen)
	if err != nil {
		s.cancel()
		return nil, fmt.Errorf("zoomsim: %w", err)
	}
	if s.options.BaseURL == "" {
		s.options.BaseURL = "http://" + reachable(listener.Addr().(*net.TCPAddr))
	}
	s.server = &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	s.served = make(chan struct{})
	go func() {
		defer close(s.served)
		_ = s.server.Serve(listener) // returns when closed
	}()
	return s, nil
}

// reachable is an address to dial: one that listens everywhere is reached on loopback.
func reachable(addr *net.TCPAddr) string {
	if addr.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", addr.Port)
	}
	return addr.String()
}

// Handler serves everything: /oauth/, /v2/ and, for management, /sim/.
func (s *Simulator) Handler() http.Handler { return s.handler }

func (s *Simulator) routes() http.Handler {
	management := s.managementRoutes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		if path == "/sim" || strings.HasPrefix(path, "/sim/") {
			management.ServeHTTP(w, r)
			return
		}
		w.Header().Set("X-Zm-Trackingid", s.trackingID())
		if path == tokenPath {
			s.serveToken(w, r)
			return
		}
		s.record(r)
		switch {
		case path == "/oauth/revoke":
			s.serveRevoke(w, r)
		case strings.HasPrefix(path, downloadPath):
			s.serveRecordingFile(w, r)
		case strings.HasPrefix(path, "/v2/"):
			s.serveAPI(w, r)
		default:
			errNotRecognized().write(w)
		}
	})
}

// trackingID is how Zoom's support finds a request (header seen in
// github.com/kyleboe/zoom_rb issue 399).
func (s *Simulator) trackingID() string {
	r := randomFor(s.options.Seed, "request", int(s.requestNumber.Add(1)))
	return fmt.Sprintf("v=2.0;clid=us02;rid=WEB_%016x%016x", r.Uint64(), r.Uint64())
}

// Close ends the server and every answer that waits. It may be called again.
func (s *Simulator) Close() error {
	s.closeOnce.Do(func() {
		s.cancel()
		if s.server == nil {
			return
		}
		// Answers under way end at once; what is still open after a second is a
		// connection that never sent a request.
		patience, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		if s.server.Shutdown(patience) != nil {
			s.closeErr = s.server.Close()
		}
		<-s.served
	})
	return s.closeErr
}

// Info tells how to reach the simulator and its app's present secret.
func (s *Simulator) Info() Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	info := Info{
		AccountID:    s.account.id,
		ClientID:     s.options.ClientID,
		ClientSecret: s.state.app.secret,
		Seed:         s.options.Seed,
		Since:        s.since.Format(dayLayout),
		Until:        s.until.Format(dayLayout),
	}
	if base := s.options.BaseURL; base != "" {
		info.TokenURL, info.APIURL, info.ManagementURL = base+"/oauth/token", base+"/v2", base+"/sim"
	}
	return info
}

// Reset takes statistics, faults, tokens, rate counters and changes of the
// credential back to the start. What edits did to the company stays.
func (s *Simulator) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = &state{
		app:    app{secret: s.options.ClientSecret, active: true, scopes: s.options.Scopes},
		tokens: map[string]*accessToken{},
		quota:  newQuota(s.options),
		locks:  newLocks(),
		tally:  newTally(),
	}
}
