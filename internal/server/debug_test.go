package server

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/stagedoor/stagedoor"
)

// shown is a state with names as an attacker would give them.
func shown() Debug {
	const evil = `</td><script>alert("x")</script>'`
	return Debug{
		Version: "1.2.3", Commit: "abc", Go: "go1", Platform: "linux/amd64", PID: 7, StartedAt: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), Uptime: 60,
		Settings: []Setting{{"listen", "127.0.0.1:8700"}, {"public_url", evil}, {"acme_host", ""}},
		Callers:  3, Revision: 42, Audit: 5,
		Credentials: []DebugCredential{
			{
				Name: "acme", Provider: "zoom", Plan: "business", Status: stagedoor.StatusFailing, Reason: evil, Token: stagedoor.TokenFresh,
				Expires: time.Now().Add(time.Hour), NextRenewal: time.Date(2026, 11, 25, 1, 2, 3, 0, time.UTC), Failure: evil, Fix: evil,
				Quota: []DebugQuota{{Name: "Heavy", Limit: 40, Span: "second", Used: 10, Left: 30}, {Name: evil, Span: "day", Used: 2}},
			},
			{Name: evil, Token: stagedoor.TokenExpired},
		},
	}
}

// TestDebug holds the page, in both forms, to what it is to show, with names in
// it that would like to be more than text.
func TestDebug(t *testing.T) {
	w := newWorld(t, Options{})
	w.debug = shown()
	page := raw(t, w.address(0), "GET /debug", "Authorization: Bearer operator")
	if page.StatusCode != 200 || page.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%s %v", page.Status, page.Header)
	}
	hasOwnHeaders(t, "/debug", page)
	for _, part := range []string{
		"Stagedoor 1.2.3", "<td>abc</td>", "2026-11-25 00:00:00 UTC (1m0s)", "<td>42</td>", "<h3>acme</h3>", "zoom, business", "next renewal 2026-11-25 01:02:03 UTC",
		"<td>Heavy</td><td>40 a second</td><td>10</td><td>30</td>", "none a day", "127.0.0.1:8700", "&lt;script&gt;", `<th scope="row">acme_host</th><td>–</td>`,
	} {
		if !strings.Contains(page.body, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if strings.Contains(page.body, "<script") || strings.Contains(page.body, "src=") || strings.Contains(page.body, "style=") || t.Failed() {
		t.Errorf("the page:\n%s", page.body)
	}
	document := raw(t, w.address(0), "GET /debug?format=json", "Authorization: Bearer operator")
	var d Debug
	if err := json.Unmarshal([]byte(document.body), &d); err != nil || d.Revision != 42 || len(d.Credentials) != 2 || d.Credentials[0].NextRenewal.IsZero() ||
		d.Running != 1 || document.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%v %v %s", err, document.Header, document.body)
	}
	w.debug = Debug{}
	if page := raw(t, w.address(0), "GET /debug", "Authorization: Bearer operator"); !strings.Contains(page.body, "stagedoor credential add NAME") {
		t.Errorf("a page of nothing says no next step:\n%s", page.body)
	}
}

// scrape reads the figures as Prometheus does.
func scrape(t *testing.T, w *world) map[string]float64 {
	t.Helper()
	a := raw(t, w.address(0), "GET /metrics", "Authorization: Bearer operator")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(a.body))
	if err != nil || a.StatusCode != 200 {
		t.Fatalf("%v: %s\n%s", err, a.Status, a.body)
	}
	values := map[string]float64{}
	for name, family := range families {
		if family.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue()
			if m.GetHistogram() != nil {
				value = float64(m.GetHistogram().GetSampleCount())
			}
			values[strings.TrimPrefix(name, "stagedoor_")+" "+strings.Join(labels, ",")] = value
		}
	}
	return values
}

// TestMetrics holds names, labels and values after known traffic.
func TestMetrics(t *testing.T) {
	var failing error
	m := NewMetrics(func(context.Context) (Debug, error) { return shown(), failing })
	w := newWorld(t, Options{})
	parts := w.parts()
	parts.Metrics = m.Handler()
	for _, d := range w.doors {
		d.http.Handler.(*router).parts = parts
	}
	for range 3 {
		m.Began()
	}
	m.Ended(Call{Caller: "reports", Credential: "acme", Label: "Heavy", Status: 200, Result: "ok", Duration: time.Second, Waited: 500 * time.Millisecond, Upstream: time.Second / 2, Sent: 10, Received: 100, Healed: true})
	m.Ended(Call{Caller: "reports", Credential: "acme", Status: 403, Result: "forbidden", Sent: -1, Received: -1})
	m.Granted(stagedoor.Event{Result: "ok", Actor: "caller s3cret"})
	m.Granted(stagedoor.Event{Result: "unauthenticated"})
	m.Minted("acme", nil)
	m.Minted("acme", &stagedoor.Error{Kind: stagedoor.KindInvalidClient})
	values := scrape(t, w)
	for series, want := range map[string]float64{
		"gateway_requests_total caller=reports,code=200,credential=acme,label=Heavy,result=ok":   1,
		"gateway_requests_total caller=reports,code=403,credential=acme,label=,result=forbidden": 1,
		"gateway_requests_in_flight ":                              1,
		"gateway_request_duration_seconds credential=acme":         2,
		"gateway_upstream_seconds credential=acme":                 1,
		"gateway_quota_wait_seconds_total credential=acme":         0.5,
		"gateway_bytes_total credential=acme,direction=sent":       10,
		"gateway_bytes_total credential=acme,direction=received":   100,
		"oauth_requests_total result=ok":                           1,
		"oauth_requests_total result=unauthenticated":              1,
		"token_heals_total credential=acme":                        1,
		"token_mints_total credential=acme,result=ok":              1,
		"token_mints_total credential=acme,result=invalid_client":  1,
		"build_info commit=abc,go=go1,version=1.2.3":               1,
		"start_time_seconds ":                                      1795564800,
		"callers ":                                                 3,
		"audit_backlog_lines ":                                     5,
		"credential_failing credential=acme":                       1,
		"quota_used credential=acme,label=Heavy,span=second":       10,
		"quota_limit credential=acme,label=Heavy,span=second":      40,
		"quota_left credential=acme,label=Heavy,span=second":       30,
		"quota_used credential=acme,label=" + evil() + ",span=day": 2,
		"token_expires_in_seconds credential=" + evil():            0,
	} {
		if got, ok := values[series]; !ok || got != want {
			t.Errorf("%s: %v (there: %v), want %v", series, got, ok, want)
		}
	}
	if _, ok := values["quota_limit credential=acme,label="+evil()+",span=day"]; ok {
		t.Error("a limit of none")
	}
	if left := values["token_expires_in_seconds credential=acme"]; left <= 3000 || left > 3600 {
		t.Errorf("the token lasts %v seconds", left)
	}
	// What can not be read of the moment does not hide what was counted.
	failing = errors.New("the disk is full")
	if values := scrape(t, w); values["oauth_requests_total result=ok"] != 1 || len(values) == 0 {
		t.Errorf("%v", values)
	}
}

func evil() string { return shown().Credentials[1].Name }
