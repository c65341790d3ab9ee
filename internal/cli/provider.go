package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/provider"
)

func providerCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "provider", Short: "Look at providers, and prove a file of your own", GroupID: groupCredentials,
		Example: "# What there is\nstagedoor provider list\n\n# Prove a file of your own before it is used\nstagedoor provider try my-service.yaml",
		Long: "A provider is a file that says how a service grants tokens. Zoom's come with Stagedoor; a file of your own\n" +
			"goes into the folder providers of the home. docs/providers.md shows how to write one.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(providerList(s), providerShow(s), providerCheck(s), providerTry(s))
	return cmd
}

// origin is where a provider comes from, in words for people.
func origin(e provider.Entry) string {
	if e.Path == "" {
		return "built in"
	}
	return e.Path
}

func providerList(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List providers, and the files that were refused", Args: cobra.NoArgs,
		Example: "stagedoor provider list",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print an array")
	cmd.RunE = s.run(func(_ context.Context, a *app.App, _ []string) error {
		list, err := a.Providers().List()
		if err != nil {
			return err
		}
		type row struct {
			Name    string            `json:"name"`
			Title   string            `json:"title,omitempty"`
			Extends string            `json:"extends,omitempty"`
			From    string            `json:"from"`
			Status  string            `json:"status"` // ok or refused
			Error   *stagedoor.Notice `json:"error,omitempty"`
		}
		var rows []row
		for _, e := range list {
			r := row{Name: e.Name, Title: e.Provider.Title, Extends: e.Provider.Extends, From: origin(e), Status: "ok"}
			if e.Err != nil {
				notice := stagedoor.NoticeOf(e.Err)
				r.Status, r.Error = "refused", &notice
			}
			rows = append(rows, r)
		}
		if asJSON {
			return s.printJSON(rows)
		}
		table := [][]string{{"NAME", "TITLE", "STATUS", "FROM"}}
		for _, r := range rows {
			table = append(table, []string{r.Name, r.Title, r.Status, r.From})
		}
		if err := s.table(table); err != nil {
			return err
		}
		for _, e := range list {
			if e.Err != nil {
				s.sayRefused(e)
			}
		}
		s.toldRefused = true
		s.hint("stagedoor provider show NAME", "stagedoor provider check FILE")
		return nil
	})
	return cmd
}

// sayRefused says why a file is not used.
func (s *session) sayRefused(e provider.Entry) {
	notice := stagedoor.NoticeOf(e.Err)
	s.say("%s %s is not used: %s", amber.Render("note:"), e.Path, notice.Cause)
	s.say("      %s", faint.Render(notice.Fix))
}

// noteRefused tells a person, after any command, of provider files that are not
// used. A program is not told, and does not wait while they are read.
func (s *session) noteRefused(a *app.App) {
	if s.toldRefused || !s.outTTY || !s.errTTY {
		return
	}
	refused := a.Providers().Refused()
	for _, e := range refused {
		s.say("%s the provider file %s is not used; `stagedoor provider check %s` says why", amber.Render("note:"), e.Path, e.Path)
	}
}

func providerShow(s *session) *cobra.Command {
	var asJSON bool
	var format string
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show one provider in full", Args: takes(1, 1, "one NAME"),
		Long: "Shows what a provider says, with all that it takes over from another, and the request for a token as it is\n" +
			"sent. --format yaml prints its file, to begin one of your own with.",
		Example: "stagedoor provider show zoom\nstagedoor provider show client-credentials --format yaml > my-service.yaml",
	}
	cmd.Flags().StringVar(&format, "format", "text", "How to print it: text, or yaml for its file as it was written")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON, by the keys of the file")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		if format != "text" && format != "yaml" || format == "yaml" && asJSON {
			return &stagedoor.Error{
				Op: "read the flags", Subject: "--format " + format, Kind: stagedoor.KindUsage,
				Cause: "there is no such format, or it does not go with --json", Fix: "Use text or yaml, or --json alone.",
			}
		}
		e, err := a.Providers().Find(args[0])
		if err != nil {
			return err
		}
		if format == "yaml" {
			_, err := s.out.Write(e.Text)
			return err
		}
		if asJSON {
			text, err := provider.JSON(e.Provider)
			if err != nil {
				return err
			}
			return s.printJSON(json.RawMessage(text))
		}
		request, err := a.TokenRequest(ctx, e.Provider)
		if err != nil {
			return err
		}
		if err := s.table(describe(e)); err != nil {
			return err
		}
		if err := s.showLimits(e.Provider); err != nil {
			return err
		}
		if err := s.showErrors(e.Provider); err != nil {
			return err
		}
		fmt.Fprint(s.out, "\nthe request for a token\n\n", indent(request))
		s.hint("stagedoor provider show "+e.Name+" --format yaml > my-service.yaml", "stagedoor credential add NAME --provider "+e.Name)
		return nil
	})
	return cmd
}

// describe writes what a provider says as rows; keys without a value are left
// out.
func describe(e provider.Entry) [][]string {
	p := e.Provider
	or := func(value, byDefault string) string {
		if value == "" {
			return byDefault
		}
		return value
	}
	names := func(list []string, byDefault string) string {
		if len(list) == 0 {
			return byDefault
		}
		return strings.Join(list, ", or else ")
	}
	expiry := names(p.Response.ExpiresIn, "expires_in") + ", in " + or(p.Response.ExpiresUnit, "seconds")
	if len(p.Response.ExpiresAt) > 0 {
		expiry += "; or at the instant " + names(p.Response.ExpiresAt, "")
	}
	rows := [][]string{
		{"name", p.Name},
		{"title", p.Title},
		{"from", origin(e)},
		{"extends", p.Extends},
		{"docs", p.Docs},
		{"token url", or(p.TokenURL, "the credential's --token-url")},
		{"api url", or(p.APIURL+p.APIBase, "the credential's --api-url")},
		{"validation", p.Validation},
		{"hosts", strings.Join(p.Hosts, ", ")},
		{"download hosts", strings.Join(p.DownloadHosts, ", ")},
		{"token in", names(p.Response.AccessToken, "access_token")},
		{"lifetime in", expiry},
		{"lifetime if none", p.Response.Lifetime.String()},
		{"scopes in", names(p.Response.Scope, "scope")},
		{"api url in", names(p.Response.APIURL, "")},
		{"refusal in", names(p.Response.Error, "error")},
	}
	for _, f := range p.Fields {
		title := f.Title
		if f.Optional {
			title += " (optional)"
		}
		rows = append(rows, []string{"credential has", strings.TrimSpace(f.Name + "  " + title + "  " + f.Where)})
	}
	return slices.DeleteFunc(rows, func(r []string) bool { return r[1] == "" })
}

func (s *session) showLimits(p stagedoor.Provider) error {
	if len(p.Limits) == 0 {
		return nil
	}
	rows := [][]string{{"LABEL", "PLAN", "PER SECOND", "PER MINUTE", "PER DAY", "SHARED WITH"}}
	number := func(n int) string {
		if n == 0 {
			return "-"
		}
		return fmt.Sprint(n)
	}
	for _, l := range p.Limits {
		rows = append(rows, []string{string(l.Label), string(l.Plan), number(l.PerSecond), number(l.PerMinute), number(l.PerDay), l.DayGroup})
	}
	fmt.Fprintln(s.out)
	return s.table(rows)
}

func (s *session) showErrors(p stagedoor.Provider) error {
	if len(p.Errors) == 0 {
		return nil
	}
	rows := [][]string{{"ERROR", "AT", "KIND", "CAUSE"}}
	for _, r := range p.Errors {
		rows = append(rows, []string{r.ID, r.At, string(r.Kind), r.Cause})
	}
	fmt.Fprintln(s.out)
	return s.table(rows)
}

// indent sets a text off from what stands around it.
func indent(text string) string {
	var b bytes.Buffer
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			b.WriteString("    ")
		}
		b.WriteString(line)
	}
	return b.String()
}

// fileArgument refuses what is the name of a provider and no file, with the way
// that leads on.
func fileArgument(a *app.App, path string) (provider.Entry, error) {
	if _, err := os.Stat(path); err != nil && !strings.ContainsAny(path, `/\`) {
		if e, finding := a.Providers().Find(path); finding == nil && e.Path == "" {
			return provider.Entry{}, &stagedoor.Error{
				Op: "read the provider file", Subject: path, Kind: stagedoor.KindUsage,
				Cause: "there is no such file; " + path + " is a provider that comes with Stagedoor",
				Fix:   "Write its file out first: `stagedoor provider show " + path + " --format yaml > my-" + path + ".yaml`.",
			}
		} else if e.Path != "" {
			return a.Providers().Read(e.Path), nil
		}
	}
	return a.Providers().Read(path), nil
}
