package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/provider"
	"github.com/stagedoor/stagedoor/internal/provider/providertest"
)

func providerCheck(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "check FILE", Short: "Say what is wrong with a provider file, or what it will do", Args: takes(1, 1, "one FILE"),
		Long: "Reads the file as Stagedoor will, and lists every problem with its line, its field, the reason and the fix.\n" +
			"For a file without one, it prints the request for a token that it stands for. Nothing is sent.",
		Example: "stagedoor provider check my-service.yaml",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		s.toldRefused = true
		e, err := fileArgument(a, args[0])
		if err != nil {
			return err
		}
		type result struct {
			File     string            `json:"file"`
			OK       bool              `json:"ok"`
			Provider string            `json:"provider,omitempty"`
			Request  string            `json:"request,omitempty"`
			Problems provider.Problems `json:"problems,omitempty"`
		}
		if e.Err != nil {
			problems, ok := errors.AsType[provider.Problems](e.Err)
			if !ok {
				return e.Err // it could not be read at all
			}
			if asJSON {
				err = s.printJSON(result{File: e.Path, Problems: problems})
			} else {
				err = s.showProblems(problems)
			}
			return errors.Join(err, &stagedoor.Error{
				Op: "check the provider file", Subject: e.Path, Kind: stagedoor.KindProvider,
				Cause: "it has " + count(len(problems), "problem"), Fix: "Mend what is listed, and check it again.",
			})
		}
		request, err := a.TokenRequest(ctx, e.Provider)
		if err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(result{File: e.Path, OK: true, Provider: e.Provider.Name, Request: request})
		}
		s.say("%s %s describes the provider %s (%s)", green.Render("ok"), e.Path, bold.Render(e.Provider.Name), e.Provider.Title)
		s.say("a credential of it asks for a token with this request:")
		fmt.Fprint(s.out, request)
		s.next("stagedoor provider try "+args[0], s.install(a, e))
		return nil
	})
	return cmd
}

// install is what one does next with a file that is good.
func (s *session) install(a *app.App, e provider.Entry) string {
	inside := filepath.Join(string(a.Providers()), e.Provider.Name+".yaml")
	if path, err := filepath.Abs(e.Path); err == nil && path == inside {
		return "stagedoor credential add NAME --provider " + e.Provider.Name
	}
	return "mkdir -m 700 -p " + string(a.Providers()) + " && cp " + e.Path + " " + inside
}

func (s *session) showProblems(problems provider.Problems) error {
	rows := [][]string{{"LINE", "FIELD", "REASON", "FIX"}}
	for _, p := range problems {
		line := "-"
		if p.Line > 0 {
			line = fmt.Sprint(p.Line)
		}
		rows = append(rows, []string{line, p.Field, p.Reason, p.Fix})
	}
	return s.table(rows)
}

func providerTry(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "try FILE", Short: "Mint a token at an endpoint that behaves as the file says", Args: takes(1, 1, "one FILE"),
		Long: "Starts a token endpoint on this machine that wants what the file says and answers as it says, mints tokens at\n" +
			"it, and shows request, answer and what came of it: lifetimes, a wrong secret, every error of the file. No\n" +
			"credential is used and nothing leaves this machine.",
		Example: "stagedoor provider try my-service.yaml",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		s.toldRefused = true
		e, err := fileArgument(a, args[0])
		if err != nil {
			return err
		}
		if e.Err != nil {
			return e.Err
		}
		report, err := a.TryProvider(ctx, e.Provider)
		if err != nil {
			return err
		}
		if asJSON {
			err = s.printJSON(struct {
				File     string `json:"file"`
				Provider string `json:"provider"`
				OK       bool   `json:"ok"`
				providertest.Report
			}{e.Path, e.Provider.Name, report.Failed() == 0, report})
		} else {
			s.sayReport(report)
		}
		if n := report.Failed(); n > 0 {
			return errors.Join(err, &stagedoor.Error{
				Op: "try the provider file", Subject: e.Path, Kind: stagedoor.KindProvider,
				Cause: count(n, "check") + " of " + fmt.Sprint(len(report.Checks)) + " failed", Fix: "Mend what is listed, and try it again.",
			})
		}
		if !asJSON {
			s.say("the file does what it says; whether the service does too, `stagedoor credential add` proves")
			s.next(s.install(a, e))
		}
		return err
	})
	return cmd
}

func (s *session) sayReport(report providertest.Report) {
	s.say("a token endpoint as the file says is up at %s", report.Endpoint)
	for _, part := range []struct{ title, text string }{
		{"the request", report.Request},
		{"the answer", report.Answer},
		{"the answer to a wrong secret", report.Refusal},
	} {
		fmt.Fprint(s.out, part.title, "\n\n", indent(part.text), "\n")
	}
	for _, c := range report.Checks {
		mark := map[string]string{"ok": green.Render("ok  "), "fail": red.Render("fail")}[c.Result]
		s.say("%s  %-16s  %s", mark, c.Name, oneLine(c.Says))
		if c.Fix != "" {
			s.say("                        %s", faint.Render(c.Fix))
		}
		if c.Error != nil && c.Result != "ok" {
			s.say("                        %s", faint.Render("the error was: "+oneLine(c.Error.Cause)))
		}
	}
}
