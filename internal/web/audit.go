package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// Audit tells who did what. What each does stands at package app's.
type Audit interface {
	Audit(ctx context.Context, q stagedoor.AuditQuery) ([]stagedoor.AuditRow, error)
	VerifyAudit(ctx context.Context, head *stagedoor.AuditHead) (stagedoor.AuditReport, error)
}

func (s *site) auditRoutes() []route {
	return []route{
		{"GET /audit", stagedoor.RoleViewer, s.audit},
		{"POST /audit/verify", stagedoor.RoleOperator, s.verifyAudit},
	}
}

// auditPageLines is how many lines a page has.
const auditPageLines = 50

// auditShown is what the page of the audit shows.
type auditShown struct {
	query  url.Values // the filter, as it was asked
	lines  []auditLine
	older  string // the page after this one; empty: there is none
	newest bool   // it begins with the newest line, and so follows
	role   stagedoor.Role
	report *stagedoor.AuditReport
}

// auditLine is a line; what can not be read is told.
type auditLine struct {
	stagedoor.Event
	unread bool
	at     time.Time
}

func (a auditShown) value(name string) string { return a.query.Get(name) }

// path is the page with its filter.
func (a auditShown) path() string {
	if len(a.query) == 0 {
		return "/audit"
	}
	return "/audit?" + a.query.Encode()
}

func (s *site) audit(w http.ResponseWriter, r *http.Request) error {
	return s.showAudit(w, r, nil)
}

func (s *site) showAudit(w http.ResponseWriter, r *http.Request, report *stagedoor.AuditReport) error {
	a := auditShown{query: url.Values{}, role: visitorOf(r.Context()).Operator.Role, report: report}
	for _, name := range []string{"actor", "action", "credential", "result", "since", "until", "before", "arrival"} {
		if value := strings.TrimSpace(r.URL.Query().Get(name)); value != "" {
			a.query.Set(name, value)
		}
	}
	q := stagedoor.AuditQuery{
		Actor: a.value("actor"), Action: a.value("action"), Credential: a.value("credential"), Failed: a.value("result") == "failed", Limit: auditPageLines + 1,
	}
	if since, err := time.Parse(time.DateOnly, a.value("since")); err == nil {
		q.Since = since
	}
	if until, err := time.Parse(time.DateOnly, a.value("until")); err == nil {
		q.Until = until.AddDate(0, 0, 1) // the day itself counts
	}
	if before, err := time.Parse(time.RFC3339Nano, a.value("before")); err == nil {
		q.Before = before
		q.BeforeArrival, _ = strconv.ParseInt(a.value("arrival"), 10, 64)
	}
	a.newest = q.Before.IsZero()
	rows, err := s.Audit.Audit(r.Context(), q)
	if err != nil {
		return err
	}
	if len(rows) > auditPageLines {
		rows = rows[:auditPageLines]
		last, more := rows[len(rows)-1], url.Values{}
		for name := range a.query {
			more.Set(name, a.value(name))
		}
		more.Set("before", last.At.UTC().Format(time.RFC3339Nano))
		more.Set("arrival", strconv.FormatInt(last.Arrival, 10))
		a.older = "/audit?" + more.Encode()
	}
	for _, row := range rows {
		line := auditLine{at: row.At}
		line.unread = json.Unmarshal([]byte(row.Line), &line.Event) != nil
		if !a.role.Includes(stagedoor.RoleOperator) { // paths hold ids and addresses
			line.From, line.Detail, line.Tracking = "", "", ""
			if strings.HasPrefix(line.Subject, "/") {
				line.Subject = ""
			}
		}
		a.lines = append(a.lines, line)
	}
	return s.show(w, r, page{Title: words.AuditTitle, Section: "/audit"}, auditPage(a))
}

// what is what a line says beside who, action and credential.
func (l auditLine) what() string {
	var parts []string
	for _, part := range []string{l.Subject, l.Detail} {
		if part != "" && part != "credential "+l.Credential && !strings.HasSuffix(l.Action, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "; ")
}

func (l auditLine) result() string {
	if l.Status != 0 {
		return l.Result + " " + strconv.Itoa(l.Status)
	}
	return l.Result
}

func (s *site) verifyAudit(w http.ResponseWriter, r *http.Request) error {
	report, err := s.Audit.VerifyAudit(r.Context(), nil)
	if err != nil {
		return err
	}
	if fragment(r) {
		return s.swap(w, r, http.StatusOK, auditReport(report))
	}
	return s.showAudit(w, r, &report)
}

func resultOptions(chosen string) []option {
	return []option{{"", words.AuditAny, chosen == ""}, {"failed", words.AuditFailed, chosen == "failed"}}
}
