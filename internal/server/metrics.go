package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/stagedoor/stagedoor"
)

// Metrics are the daemon's figures for Prometheus. Their labels are the names
// that people gave to credentials and callers, never an id of theirs, and no
// path: there are too many.
type Metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	upstream *prometheus.HistogramVec
	waited   *prometheus.CounterVec
	bytes    *prometheus.CounterVec
	grants   *prometheus.CounterVec
	heals    *prometheus.CounterVec
	mints    *prometheus.CounterVec
	running  prometheus.Gauge
}

// NewMetrics returns figures, of which those of the moment are asked of state
// whenever somebody looks.
func NewMetrics(state func(context.Context) (Debug, error)) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: name, Help: help, Buckets: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300},
		}, []string{"credential"})
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		calls:    counter("stagedoor_gateway_requests_total", "Callers' requests, by how they ended.", "credential", "caller", "label", "code", "result"),
		duration: histogram("stagedoor_gateway_request_duration_seconds", "How long callers' requests took, to the last byte."),
		upstream: histogram("stagedoor_gateway_upstream_seconds", "How long the API took to begin its answer."),
		waited:   counter("stagedoor_gateway_quota_wait_seconds_total", "How long callers' requests waited for their turn.", "credential"),
		bytes:    counter("stagedoor_gateway_bytes_total", "Bytes of bodies, from callers (sent) and to them (received).", "credential", "direction"),
		grants:   counter("stagedoor_oauth_requests_total", "Requests for callers' own tokens, by how they ended.", "result"),
		heals:    counter("stagedoor_token_heals_total", "Requests that a new token healed after the API had refused the former.", "credential"),
		mints:    counter("stagedoor_token_mints_total", "Requests to the token endpoint, by how they ended.", "credential", "result"),
		running:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "stagedoor_gateway_requests_in_flight", Help: "Callers' requests that are being answered."}),
	}
	m.registry.MustRegister(m.calls, m.duration, m.upstream, m.waited, m.bytes, m.grants, m.heals, m.mints, m.running, moment{state},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler answers Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Call is what the figures may know of a caller's request.
type Call struct {
	Caller, Credential         string // their names
	Label                      string // of the operation; "" where it was refused before that was known
	Status                     int
	Result                     string // "ok" or a [stagedoor.Kind]
	Duration, Waited, Upstream time.Duration
	Sent, Received             int64 // bytes of bodies
	Healed                     bool
}

// Began counts a caller's request that is being answered.
func (m *Metrics) Began() { m.running.Inc() }

// Ended counts it as answered.
func (m *Metrics) Ended(c Call) {
	m.running.Dec()
	m.calls.WithLabelValues(c.Credential, c.Caller, c.Label, strconv.Itoa(c.Status), c.Result).Inc()
	m.duration.WithLabelValues(c.Credential).Observe(c.Duration.Seconds())
	if c.Upstream > 0 {
		m.upstream.WithLabelValues(c.Credential).Observe(c.Upstream.Seconds())
	}
	m.waited.WithLabelValues(c.Credential).Add(c.Waited.Seconds())
	m.bytes.WithLabelValues(c.Credential, "sent").Add(float64(max(c.Sent, 0)))
	m.bytes.WithLabelValues(c.Credential, "received").Add(float64(max(c.Received, 0)))
	if c.Healed {
		m.heals.WithLabelValues(c.Credential).Inc()
	}
}

// Granted counts a request to the authorization server.
func (m *Metrics) Granted(e stagedoor.Event) { m.grants.WithLabelValues(e.Result).Inc() }

// Minted counts a request to the token endpoint.
func (m *Metrics) Minted(credential string, err error) {
	m.mints.WithLabelValues(credential, stagedoor.ResultOf(err)).Inc()
}

// moment are the figures of the moment in which somebody looks.
type moment struct {
	state func(context.Context) (Debug, error)
}

// momentTime is how long reading them may take.
const momentTime = 5 * time.Second

func described(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("stagedoor_"+name, help, labels, nil)
}

// Describe tells of nothing, which makes this an unchecked collector: its
// credentials come and go.
func (moment) Describe(chan<- *prometheus.Desc) {}

// Collect asks for the state.
func (m moment) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), momentTime)
	defer cancel()
	d, err := m.state(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(described("credentials", "The credentials' state could not be read."), err)
		return
	}
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	gauge(described("build_info", "1, with what this program is.", "version", "commit", "go"), 1, d.Version, d.Commit, d.Go)
	gauge(described("start_time_seconds", "When the daemon started, in seconds since 1970."), float64(d.StartedAt.Unix()))
	gauge(described("callers", "Callers that may get a token."), float64(d.Callers))
	gauge(described("audit_backlog_lines", "Lines of the audit that are not written yet."), float64(d.Audit))
	for _, r := range d.Runs {
		gauge(described("runs", "Runs that are kept, by how they stand.", "state"), float64(r.Runs), string(r.State))
	}
	for _, s := range d.Schedules {
		gauge(described("schedule_last_success_timestamp_seconds", "When the schedule's newest run that was done in full ended, in seconds since 1970; 0: none was.", "schedule"), seconds(s.LastDone), s.Name)
		gauge(described("schedule_next_run_timestamp_seconds", "When the schedule's next run begins, in seconds since 1970; 0: it is paused.", "schedule"), seconds(s.Next), s.Name)
		gauge(described("schedule_missed", "Times of the schedule that passed without a run of their own, while no daemon ran.", "schedule"), float64(s.Missed), s.Name)
		gauge(described("schedule_skipped", "Times of the schedule that were skipped, since its run before had not ended.", "schedule"), float64(s.Skipped), s.Name)
	}
	for _, c := range d.Credentials {
		left := 0.0
		if !c.Expires.IsZero() {
			left = time.Until(c.Expires).Seconds()
		}
		gauge(described("token_expires_in_seconds", "How long the token at hand lasts; 0: there is none.", "credential"), max(left, 0), c.Name)
		gauge(described("credential_failing", "1: the last check or mint was refused.", "credential"), truth(c.Status == stagedoor.StatusFailing), c.Name)
		for _, q := range c.Quota {
			gauge(described("quota_used", "Used of a limit: of a day what was called, of a second or minute what running processes hold.", "credential", "label", "span"), float64(q.Used), c.Name, q.Name, q.Span)
			if q.Limit > 0 {
				gauge(described("quota_limit", "A limit of the provider.", "credential", "label", "span"), float64(q.Limit), c.Name, q.Name, q.Span)
				gauge(described("quota_left", "Left of a limit.", "credential", "label", "span"), float64(q.Left), c.Name, q.Name, q.Span)
			}
		}
	}
}

func seconds(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return float64(at.Unix())
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
