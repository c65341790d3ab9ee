package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

type auditFlags struct {
	since, caller, actor, credential, action string
	format                                   string
	asJSON, follow                           bool
	limit                                    int
}

func auditCommand(s *session) *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use: "audit", Short: "Show who did what, with which credential, and how it ended", GroupID: groupDiagnose, Args: cobra.NoArgs,
		Long: "Each call and each admin act is a line: of commands, of syncs, of callers at the gateway. The newest come\n" +
			"last. No line holds a header, a body, a query or a secret. Lines are kept for 90 days (audit_retention).\n\n" +
			"`audit verify` finds what was done to them since they were written.",
		Example: "stagedoor audit --limit 20\n\n# What a caller was refused today\nstagedoor audit --caller reports --since 2026-10-31 --json | jq '.[] | select(.result != \"ok\")'\n\n" +
			"# Whoever took a token out of here\nstagedoor audit --action token.hand-out --limit 1000 --format csv\n\n" +
			"# As it happens, until Ctrl-C\nstagedoor audit --follow",
	}
	flags := cmd.Flags()
	flags.IntVar(&f.limit, "limit", 50, "how many lines at most")
	flags.StringVar(&f.since, "since", "", "From when on: a day, an RFC 3339 time, or how long ago (2h, 7d)")
	flags.StringVar(&f.caller, "caller", "", "only what this caller did")
	flags.StringVar(&f.actor, "actor", "", `only what this one did: "person ada", "operator token grafana"`)
	flags.StringVar(&f.credential, "credential", "", "only with this credential")
	flags.StringVar(&f.action, "action", "", `only this: credential.edit, token.hand-out, "GET /users/{userId}"`)
	flags.StringVar(&f.format, "format", "", "How to print the lines: table (default on a terminal), json, ndjson (default in a pipe) or csv")
	flags.BoolVar(&f.asJSON, "json", false, "print an array")
	flags.BoolVar(&f.follow, "follow", false, "go on printing new lines of all processes, until Ctrl-C")
	cmd.AddCommand(auditVerify(s), auditHead(s), auditPrune(s))
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		q, err := f.query()
		if err != nil {
			return err
		}
		format, err := f.lines(s)
		if err != nil {
			return err
		}
		p := &auditPrinter{session: s, format: format}
		if a.HasDatabase() {
			err = s.showAudit(ctx, a, q, p, f.follow)
		} else if f.follow {
			err = errNoAudit("follow the audit", a)
		} else {
			s.say("there is no database in %s yet, and so no audit", a.Home())
		}
		return errors.Join(err, p.end())
	})
	return cmd
}

func errNoAudit(op string, a *app.App) error {
	return &stagedoor.Error{
		Op: op, Subject: a.Home(), Kind: stagedoor.KindNotFound,
		Cause: "there is no database yet, and so no audit", Fix: "Both are made with the first credential: `stagedoor credential add`.",
	}
}

// lines is the format that the flags ask for.
func (f *auditFlags) lines(s *session) (string, error) {
	format := f.format
	switch {
	case format == "" && f.asJSON:
		format = "json"
	case format == "" && s.outTTY:
		format = "table"
	case format == "":
		format = "ndjson"
	}
	if !slices.Contains([]string{"table", "json", "ndjson", "csv"}, format) {
		return "", &stagedoor.Error{Op: "print the audit", Subject: "--format " + format, Kind: stagedoor.KindUsage, Cause: "there is no such format", Fix: "Use table, json, ndjson or csv."}
	}
	if format == "json" && f.follow {
		return "", &stagedoor.Error{Op: "print the audit", Subject: "--follow", Kind: stagedoor.KindUsage, Cause: "one document can not be printed of what does not end", Fix: "Use --format ndjson: one document a line."}
	}
	return format, nil
}

func (f *auditFlags) query() (q stagedoor.AuditQuery, err error) {
	wrong := func(subject, cause, fix string) error {
		return &stagedoor.Error{Op: "read the flags", Subject: subject, Kind: stagedoor.KindUsage, Cause: cause, Fix: fix}
	}
	if f.limit < 1 {
		return q, wrong("--limit", "it is less than 1", "Say how many lines you want to see.")
	}
	if f.caller != "" && f.actor != "" {
		return q, wrong("--caller and --actor", "each of them says who", "Give one of them; --caller NAME is --actor 'caller NAME'.")
	}
	q = stagedoor.AuditQuery{Actor: f.actor, Credential: f.credential, Action: f.action, Limit: f.limit}
	if f.caller != "" {
		q.Actor = "caller " + f.caller
	}
	if f.since != "" {
		if q.Since, err = momentOf(f.since, time.Now()); err != nil {
			return q, wrong("--since "+stagedoor.Outside(f.since, 40), "it is no time", "Write a day (2026-10-31), a time (2026-10-31T09:00:00Z), or how long ago (90m, 2h, 7d).")
		}
	}
	return q, nil
}

// momentOf reads a day, a time, or how long ago.
func momentOf(text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	d, err := stagedoor.ParseLength(text)
	return now.UTC().Add(-d), err
}

// lookEvery is how often the audit is looked at while it is followed.
const lookEvery = 250 * time.Millisecond

func (s *session) showAudit(ctx context.Context, a *app.App, q stagedoor.AuditQuery, p *auditPrinter, follow bool) error {
	// First where it ends, so that no line falls between.
	arrived, err := a.AuditArrived(ctx)
	if err != nil {
		return err
	}
	rows, err := a.Audit(ctx, q)
	if err != nil {
		return err
	}
	if follow {
		rows = slices.DeleteFunc(rows, func(r stagedoor.AuditRow) bool { return r.Arrival > arrived })
	}
	slices.Reverse(rows) // as they happened
	if len(rows) == 0 && !follow {
		s.say("no line of the audit is like that")
	}
	if err := p.print(rows); err != nil || !follow {
		return err
	}
	q.Following, q.After, q.Limit = true, arrived, 1000
	for {
		select {
		case <-ctx.Done():
			return nil // that is how it ends
		case <-time.After(lookEvery):
		}
		for {
			rows, err := a.Audit(ctx, q)
			if err != nil {
				return err
			}
			if err := p.print(rows); err != nil {
				return err
			}
			if len(rows) > 0 {
				q.After = rows[len(rows)-1].Arrival
			}
			if len(rows) < q.Limit {
				break
			}
		}
	}
}

// auditPrinter prints lines as they come.
type auditPrinter struct {
	*session
	format string
	lines  int
}

func (p *auditPrinter) print(rows []stagedoor.AuditRow) error {
	if len(rows) == 0 && p.format != "csv" {
		return nil
	}
	switch p.format {
	case "table":
		return p.table(rows)
	case "csv":
		return p.csv(rows)
	}
	for _, row := range rows {
		// As it stands in the database: what the MAC is of.
		before, after := "", "\n"
		if p.format == "json" {
			if before, after = "[\n", ""; p.lines > 0 {
				before = ",\n"
			}
		}
		p.lines++
		if _, err := io.WriteString(p.shown(), before+row.Line+after); err != nil {
			return err
		}
	}
	return nil
}

func (p *auditPrinter) end() error {
	if p.format != "json" {
		return nil
	}
	text := "\n]\n"
	if p.lines == 0 {
		text = "[]\n"
	}
	_, err := io.WriteString(p.out, text)
	return err
}

var auditColumns = []string{"AT (UTC)", "WHO", "ACTION", "CREDENTIAL", "RESULT", "WHAT"}

func (p *auditPrinter) table(rows []stagedoor.AuditRow) error {
	var cells [][]string
	if p.lines == 0 {
		cells = append(cells, auditColumns)
	}
	p.lines += len(rows)
	for _, row := range rows {
		e, err := eventOf(row)
		if err != nil {
			cells = append(cells, []string{row.At.Format(time.DateTime), "?", "not readable", "", "", "see stagedoor audit verify"})
			continue
		}
		result := e.Result
		if e.Status != 0 {
			result += fmt.Sprintf(" %d", e.Status)
		}
		var what []string
		for _, part := range []string{e.Subject, e.Detail} {
			if part != "" && part != "credential "+e.Credential && !strings.HasSuffix(e.Action, part) {
				what = append(what, part)
			}
		}
		cells = append(cells, []string{e.At.UTC().Format(time.DateTime), e.Actor, e.Action, e.Credential, result, strings.Join(what, "; ")})
	}
	return p.terminal.table(cells)
}

func (p *auditPrinter) csv(rows []stagedoor.AuditRow) error {
	w := csv.NewWriter(p.shown())
	if p.lines == 0 {
		_ = w.Write([]string{"at", "actor", "action", "subject", "credential", "from", "result", "detail", "status", "sent", "received", "duration_ns", "tracking"})
	}
	p.lines += len(rows) + 1
	for _, row := range rows {
		e, err := eventOf(row)
		if err != nil {
			return err
		}
		_ = w.Write([]string{
			e.At.UTC().Format(time.RFC3339Nano), e.Actor, e.Action, e.Subject, e.Credential, e.From, e.Result, e.Detail,
			fmt.Sprint(e.Status), fmt.Sprint(e.Sent), fmt.Sprint(e.Received), fmt.Sprint(int64(e.Duration)), e.Tracking,
		})
	}
	w.Flush()
	return w.Error()
}

func eventOf(row stagedoor.AuditRow) (stagedoor.Event, error) {
	var e stagedoor.Event
	if err := json.Unmarshal([]byte(row.Line), &e); err != nil {
		return e, &stagedoor.Error{
			Op: "read the audit", Subject: fmt.Sprintf("line %d of chain %d", row.Sequence, row.Chain), Kind: stagedoor.KindAltered, Err: err,
			Cause: "it is not readable: it was changed since it was written", Fix: "See `stagedoor audit verify`.",
		}
	}
	return e, nil
}

// readHead reads a head from a file, from stdin, or from the text itself.
func (s *session) readHead(given string) (string, error) {
	if given == "-" {
		text, err := io.ReadAll(io.LimitReader(s.in, 1<<20))
		return string(text), err
	}
	if strings.HasPrefix(given, "stagedoor-audit-head") || strings.HasPrefix(given, "{") {
		return given, nil
	}
	text, err := os.ReadFile(given)
	if err != nil {
		return "", &stagedoor.Error{
			Op: "read the head", Subject: given, Kind: stagedoor.KindUsage, Err: err,
			Cause: "the file can not be read", Fix: "Name a file that holds what `stagedoor audit head` printed, - for stdin, or give the line itself.",
		}
	}
	return string(text), nil
}
