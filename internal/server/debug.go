package server

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/http"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Debug is what /debug shows. It holds no secret, and no account or client id.
type Debug struct {
	Version    string    `json:"version"`
	Commit     string    `json:"commit,omitempty"`
	Go         string    `json:"go"`
	Platform   string    `json:"platform"`
	PID        int       `json:"pid"`
	StartedAt  time.Time `json:"started_at"`
	Uptime     float64   `json:"uptime_seconds"`
	Goroutines int       `json:"goroutines"`
	Memory     uint64    `json:"memory_bytes"` // taken from the system

	Settings    []Setting         `json:"settings"`
	Credentials []DebugCredential `json:"credentials"`
	Runs        []DebugRuns       `json:"runs"`
	Schedules   []DebugSchedule   `json:"schedules"`
	Callers     int               `json:"callers"`
	Running     int64             `json:"requests_running"`
	Revision    int64             `json:"revision"`      // of the database's callers and credentials that is in use
	Audit       int               `json:"audit_backlog"` // lines that are not written yet
}

// Setting is one of the settings, as it is in force.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// DebugRuns counts the runs that are kept and stand so.
type DebugRuns struct {
	State stagedoor.RunState `json:"state"`
	Runs  int                `json:"runs"`
}

// DebugSchedule is a schedule, and how its newest run stands.
type DebugSchedule struct {
	Name       string             `json:"name"`
	Credential string             `json:"credential"`
	Cron       string             `json:"cron"`
	Zone       string             `json:"zone"`
	Paused     bool               `json:"paused,omitempty"`
	Next       time.Time          `json:"next_run_at,omitzero"`
	LastState  stagedoor.RunState `json:"last_state,omitempty"`
	LastDone   time.Time          `json:"last_done_at,omitzero"`
	Missed     int                `json:"missed"`
	Skipped    int                `json:"skipped"`
}

// DebugCredential is a credential's token and quota.
type DebugCredential struct {
	Name        string               `json:"name"` // slug
	Provider    string               `json:"provider"`
	Plan        stagedoor.Plan       `json:"plan"`
	Status      stagedoor.Status     `json:"status"`
	Reason      string               `json:"status_reason,omitempty"`
	Token       stagedoor.TokenState `json:"token"`
	Expires     time.Time            `json:"token_expires_at,omitzero"`
	NextRenewal time.Time            `json:"next_renewal,omitzero"` // zero: when somebody asks
	Minting     bool                 `json:"minting,omitempty"`
	Failure     string               `json:"failure,omitempty"`
	Fix         string               `json:"fix,omitempty"`
	Quota       []DebugQuota         `json:"quota"`
}

// DebugQuota is a limit and what is used of it.
type DebugQuota struct {
	Name      string `json:"name"`  // "Heavy", "phone Light"; of a day's limit its group
	Limit     int    `json:"limit"` // 0: none
	Span      string `json:"span"`  // "second", "minute" or "day"
	Used      int    `json:"used"`  // of a second or minute: held by running processes
	Left      int    `json:"left"`
	Processes int    `json:"processes,omitempty"`
}

func (t *router) debug(w http.ResponseWriter, r *http.Request) {
	d, err := t.parts.Debug(r.Context())
	if err != nil {
		t.options.Log.Warn("the debug page could not be made", "error", err)
		stagedoor.ProblemOf(err, 0).Write(w)
		return
	}
	d.Running = t.running.Load()
	if r.URL.Query().Get("format") == "json" {
		w.Header().Set("Content-Type", "application/json")
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		_ = encoder.Encode(d) // who has gone needs no answer
		return
	}
	var page bytes.Buffer
	if err := debugPage().Execute(&page, d); err != nil {
		problem(w, &stagedoor.Error{Kind: stagedoor.KindInternal, Cause: "The page could not be made: " + err.Error(), Fix: "Ask for /debug?format=json."})
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes())
}

// debugPage is plain: no script, no style of its own, nothing from elsewhere.
var debugPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("debug").Funcs(template.FuncMap{
		"at": func(at time.Time) string {
			if at.IsZero() {
				return "–"
			}
			return at.UTC().Format("2006-01-02 15:04:05 UTC")
		},
		"in": func(seconds float64) string { return (time.Duration(seconds) * time.Second).String() },
		"mb": func(bytes uint64) uint64 { return bytes >> 20 },
	}).Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Stagedoor: debug</title></head>
<body>
<h1>Stagedoor {{.Version}}</h1>
<table>
<tr><th scope="row">commit</th><td>{{or .Commit "–"}}</td></tr>
<tr><th scope="row">built with</th><td>{{.Go}}, {{.Platform}}</td></tr>
<tr><th scope="row">process</th><td>{{.PID}}, up since {{at .StartedAt}} ({{in .Uptime}})</td></tr>
<tr><th scope="row">goroutines</th><td>{{.Goroutines}}</td></tr>
<tr><th scope="row">memory</th><td>{{mb .Memory}} MiB</td></tr>
<tr><th scope="row">requests running</th><td>{{.Running}}</td></tr>
<tr><th scope="row">callers</th><td>{{.Callers}}</td></tr>
<tr><th scope="row">revision</th><td>{{.Revision}}</td></tr>
<tr><th scope="row">audit lines to write</th><td>{{.Audit}}</td></tr>
</table>
<h2>Credentials</h2>
{{range .Credentials}}<h3>{{.Name}}</h3>
<table>
<tr><th scope="row">provider, plan</th><td>{{.Provider}}, {{.Plan}}</td></tr>
<tr><th scope="row">status</th><td>{{.Status}}{{with .Reason}}: {{.}}{{end}}</td></tr>
<tr><th scope="row">token</th><td>{{.Token}}{{if .Minting}}, being minted{{end}}; expires {{at .Expires}}; next renewal {{at .NextRenewal}}</td></tr>
{{with .Failure}}<tr><th scope="row">failure</th><td>{{.}}</td></tr>
{{end}}{{with .Fix}}<tr><th scope="row">fix</th><td>{{.}}</td></tr>
{{end}}</table>
{{if .Quota}}<table>
<tr><th scope="col">quota</th><th scope="col">limit</th><th scope="col">used</th><th scope="col">left</th></tr>
{{range .Quota}}<tr><td>{{.Name}}</td><td>{{if .Limit}}{{.Limit}} a {{.Span}}{{else}}none a {{.Span}}{{end}}</td><td>{{.Used}}</td><td>{{if .Limit}}{{.Left}}{{else}}–{{end}}</td></tr>
{{end}}</table>
{{end}}{{else}}<p>None is saved. <code>stagedoor credential add NAME</code></p>
{{end}}<h2>Runs</h2>
<table>
{{range .Runs}}<tr><th scope="row">{{.State}}</th><td>{{.Runs}}</td></tr>
{{end}}</table>
{{if .Schedules}}<table>
<tr><th scope="col">schedule</th><th scope="col">credential</th><th scope="col">when</th><th scope="col">next run</th><th scope="col">last run</th><th scope="col">last done</th><th scope="col">missed</th><th scope="col">skipped</th></tr>
{{range .Schedules}}<tr><td>{{.Name}}</td><td>{{.Credential}}</td><td>{{.Cron}} {{.Zone}}</td><td>{{if .Paused}}paused{{else}}{{at .Next}}{{end}}</td><td>{{or .LastState "–"}}</td><td>{{at .LastDone}}</td><td>{{.Missed}}</td><td>{{.Skipped}}</td></tr>
{{end}}</table>
{{end}}<h2>Settings</h2>
<table>
{{range .Settings}}<tr><th scope="row">{{.Name}}</th><td>{{or .Value "–"}}</td></tr>
{{end}}</table>
<p>The same for programs: <code>/debug?format=json</code></p>
</body>
</html>
`))
})
