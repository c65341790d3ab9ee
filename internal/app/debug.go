package app

import (
	"cmp"
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/server"
)

// debug is what /debug and the metrics of the moment show. Viewers may see it, so
// that no account or client id is in it.
func (d *Daemon) debug(ctx context.Context) (server.Debug, error) {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	build := ThisBuild()
	waiting, _ := d.audit.Waiting()
	page := server.Debug{
		Version: build.Version, Commit: build.Commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		PID: os.Getpid(), StartedAt: d.started, Uptime: time.Since(d.started).Seconds(),
		Goroutines: runtime.NumGoroutine(), Memory: memory.Sys,
		Settings: d.app.settings.shown(), Revision: d.revision.Load(), Audit: waiting,
		Credentials: []server.DebugCredential{},
	}
	if err := d.debugRuns(ctx, &page); err != nil {
		return page, err
	}
	callers, err := d.callers.List(ctx)
	if err != nil {
		return page, err
	}
	for _, c := range callers {
		if c.RevokedAt.IsZero() && (c.ExpiresAt.IsZero() || now().Before(c.ExpiresAt)) {
			page.Callers++
		}
	}
	list, err := d.app.vault.List(ctx)
	if err != nil {
		return page, err
	}
	open := d.live.sources()
	for _, c := range list {
		one, err := d.debugCredential(ctx, c, open[c.Slug])
		if err != nil {
			return page, err
		}
		page.Credentials = append(page.Credentials, one)
	}
	return page, nil
}

func (d *Daemon) debugCredential(ctx context.Context, c stagedoor.Credential, open *Connection) (server.DebugCredential, error) {
	shown := server.DebugCredential{
		Name: c.Slug, Provider: c.Provider, Plan: c.Plan, Status: c.Status, Reason: c.StatusReason, Token: stagedoor.TokenExpired,
		Quota: []server.DebugQuota{},
	}
	if open != nil {
		state := open.Source.State()
		shown.Token, shown.Expires, shown.NextRenewal, shown.Minting = state.Token, state.Expiry, state.NextRenewal, state.Minting
		if state.Failure != nil {
			shown.Failure, shown.Fix = state.Failure.Cause, strings.ReplaceAll(state.Failure.Fix, "NAME", c.Slug)
		}
	} else if row, err := d.app.vault.Tokens(c.ID).Load(ctx); err == nil {
		shown.Token, shown.Expires = row.Token.State(now(), 0), row.Token.Expiry
	}
	report, err := d.app.Quota(ctx, c)
	if err != nil {
		return shown, err
	}
	for _, rate := range report.Rates {
		shown.Quota = append(shown.Quota, server.DebugQuota{
			Name:  strings.TrimSpace(string(rate.Family) + " " + string(rate.Label)),
			Limit: rate.Requests, Span: rate.Span, Used: rate.Held, Left: max(rate.Requests-rate.Held, 0), Processes: rate.Processes,
		})
	}
	for _, day := range report.Days {
		shown.Quota = append(shown.Quota, server.DebugQuota{Name: dayName(day), Limit: day.Limit, Span: "day", Used: day.Used, Left: day.Left})
	}
	return shown, nil
}

func dayName(day stagedoor.QuotaDay) string {
	labels := make([]string, len(day.Labels))
	for i, label := range day.Labels {
		labels[i] = string(label)
	}
	name := cmp.Or(strings.Join(labels, " + "), day.Group)
	if family, _, ok := strings.Cut(day.Group, " "); ok && !strings.HasPrefix(name, family+" ") {
		name = family + " " + name
	}
	return name
}

// shown are the settings as they are in force. None of them holds a secret: the
// key's place is one, and a database's address takes no password.
func (s Settings) shown() []server.Setting {
	v := s.Serve
	var list []server.Setting
	for _, one := range [][2]string{
		{"home", s.Home},
		{"database", s.Database},
		{"key", cmp.Or(s.Key, "file:"+s.Home+"/key")},
		{"ca_file", s.CAFile},
		{"log_level", s.LogLevel},
		{"log_format", s.LogFormat},
		{"public_url", s.PublicURL},
		{"audit_retention", s.AuditRetention},
		{"run_retention", s.RunRetention},
		{"runs_at_once", strconv.Itoa(cmp.Or(v.RunsAtOnce, defaultRunsAtOnce))},
		{"listen", v.Listen},
		{"operator_listen", v.OperatorListen},
		{"expose", cmp.Or(v.Expose, server.ExposeAll)},
		{"tls_cert", v.TLSCert},
		{"tls_key", v.TLSKey},
		{"acme_host", strings.Join(v.ACMEHost, ", ")},
		{"acme_email", v.ACMEEmail},
		{"acme_directory", v.ACMEDirectory},
		{"behind_proxy", map[bool]string{true: "true", false: "false"}[v.BehindProxy]},
		{"proxy", strings.Join(v.Proxy, ", ")},
		{"allowed_host", strings.Join(v.AllowedHost, ", ")},
		{"grace", cmp.Or(v.Grace, defaultGrace.String())},
		{"max_body", cmp.Or(v.MaxBody, "2GiB")},
	} {
		list = append(list, server.Setting{Name: one[0], Value: one[1]})
	}
	return list
}
