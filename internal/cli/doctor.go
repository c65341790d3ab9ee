package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/doctor"
)

func doctorCommand(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "doctor [NAME]", Short: "Find what is wrong, and say how to mend it", GroupID: groupDiagnose,
		Args: takes(0, 1, "at most one NAME"),
		Long: "Looks at this machine (settings, key, database, disk), at the way to Zoom (DNS, TCP, proxy, TLS,\n" +
			"clock), and at each credential (ids, secret, app, scopes, plan, report, quota): one line each, with\n" +
			"the fix. Without a NAME every saved credential is examined, and env where its variables are set.\n" +
			"It makes three calls a credential, and mints one token, which all processes then share.\n" +
			"Exit status 0: nothing failed (warnings may be); 4: the token endpoint refused; 5: a quota is\n" +
			"used up; 1: anything else failed.",
		Example: "stagedoor doctor\nstagedoor doctor acme\nstagedoor doctor --json",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object with all checks")
	cmd.RunE = s.plain(func(ctx context.Context, args []string) error {
		settings, broken := s.settings.Resolve(os.Getenv)
		if broken == nil {
			broken = settings.NoHome
		}
		log, err := newLog(settings, os.Stderr)
		if err != nil {
			if broken == nil {
				broken = err
			}
			settings.LogLevel, settings.LogFormat = "warn", "text"
			if log, err = newLog(settings, os.Stderr); err != nil {
				return err
			}
		}
		a, err := app.Open(settings, app.Environment{Getenv: os.Getenv, Passphrase: s.passphrase, Log: log})
		if err != nil {
			return err
		}
		defer a.Close()
		var checks []stagedoor.Check
		paper := &paper{t: s.terminal}
		visit, err := a.Doctor(ctx, args, broken, func(c stagedoor.Check) {
			c.Fix = fixFor(c.Credential, c.Fix)
			checks = append(checks, c)
			if !asJSON {
				paper.write(c)
			}
		})
		if !asJSON {
			paper.flush()
		}
		if err == nil {
			err = paper.err
		}
		if err != nil {
			return err
		}
		next := doctor.Next(checks)
		if asJSON {
			err = s.printJSON(struct {
				Checks     []stagedoor.Check `json:"checks"`
				OK         int               `json:"ok"`
				Warnings   int               `json:"warnings"`
				Failures   int               `json:"failures"`
				Skipped    int               `json:"skipped"`
				TokenCalls int               `json:"token_calls"`
				APICalls   int               `json:"api_calls"`
				Next       string            `json:"next"`
			}{
				checks, doctor.Count(checks, stagedoor.CheckOK), doctor.Count(checks, stagedoor.CheckWarn), doctor.Count(checks, stagedoor.CheckFail),
				doctor.Count(checks, stagedoor.CheckSkip), visit.TokenCalls, visit.APICalls, next,
			})
		} else {
			s.say("%d ok, %s, %s; %s to the token endpoint and %d to the API", doctor.Count(checks, stagedoor.CheckOK),
				count(doctor.Count(checks, stagedoor.CheckWarn), "warning"), count(doctor.Count(checks, stagedoor.CheckFail), "failure"),
				count(visit.TokenCalls, "call"), visit.APICalls)
			s.next(next)
		}
		if err != nil {
			return err
		}
		if status := doctor.ExitStatus(checks); status != 0 {
			return told{status}
		}
		return nil
	})
	return cmd
}

// told is the error of a command that has said all that there is to say, and
// only ends with a status.
type told struct{ status int }

func (t told) Error() string { return fmt.Sprintf("exit status %d", t.status) }

// paper prints checks as they come: a line each, and the fix below. What is
// skipped for one reason is one line.
type paper struct {
	t       *terminal
	head    string // of the checks being printed
	begun   bool
	skipped []string
	why     string
	err     error
}

// nameWidth is the width of the longest name of a check.
const nameWidth = 14

func (p *paper) write(c stagedoor.Check) {
	if c.Result == stagedoor.CheckSkip && p.begun && p.head == c.Credential && (p.why == c.Says || len(p.skipped) == 0) {
		p.skipped, p.why = append(p.skipped, c.Name), c.Says
		return
	}
	p.flush()
	if !p.begun || p.head != c.Credential {
		p.begun, p.head = true, c.Credential
		head := "this machine"
		if c.Credential != "" {
			head = "credential " + c.Credential
		}
		p.line("%s", bold.Render(head))
	}
	if c.Result == stagedoor.CheckSkip {
		p.skipped, p.why = []string{c.Name}, c.Says
		return
	}
	style := map[stagedoor.CheckResult]func(...string) string{stagedoor.CheckOK: green.Render, stagedoor.CheckWarn: amber.Render, stagedoor.CheckFail: red.Render}[c.Result]
	p.line("%s  %-*s  %s", style(fmt.Sprintf("%-4s", c.Result)), nameWidth, c.Name, p.within(oneLine(c.Says)))
	if c.Fix != "" {
		p.line("      %-*s  %s %s", nameWidth, "", bold.Render("fix"), p.within(oneLine(c.Fix)))
	}
}

// within breaks a text between words, so that it stays in its column.
func (p *paper) within(text string) string {
	const indent = 6 + nameWidth + 2
	if width := min(p.t.outWidth, 120); width > 2*indent {
		return strings.ReplaceAll(ansi.Wrap(text, width-indent-len("fix "), ""), "\n", "\n"+strings.Repeat(" ", indent))
	}
	return text
}

// flush prints what was skipped.
func (p *paper) flush() {
	if len(p.skipped) == 0 {
		return
	}
	names := strings.Join(p.skipped, ", ")
	p.line("%s  %-*s  %s", faint.Render("skip"), nameWidth, names, faint.Render(oneLine(p.why)))
	p.skipped, p.why = nil, ""
}

func (p *paper) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !p.t.outTTY {
		text = ansi.Strip(text) // colours are for people
	}
	if _, err := fmt.Fprintln(p.t.out, text); err != nil && p.err == nil {
		p.err = err
	}
}
