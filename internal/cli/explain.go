package cli

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

func explainCommand(s *session) *cobra.Command {
	var asJSON bool
	var provider string
	cmd := &cobra.Command{
		Use: "explain [TEXT|-]", Short: "Say what a raw error means and how to mend it", GroupID: groupDiagnose,
		Long:    "Takes any error text: Zoom's raw answer, or another program's message around it.",
		Example: "stagedoor explain 'Scope not granted'\nsome-program 2>&1 | stagedoor explain -",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print kind, cause and fix as JSON")
	cmd.Flags().StringVar(&provider, "provider", stagedoor.Zoom.Name, "Whose error it is; `stagedoor provider list` names them")
	cmd.RunE = s.plain(func(_ context.Context, args []string) error {
		text := strings.Join(args, " ")
		if text == "-" || text == "" && !s.inTTY {
			b, err := io.ReadAll(io.LimitReader(s.in, 1<<20))
			if err != nil {
				return err
			}
			text = string(b)
		}
		p, err := s.provider(provider)
		if err != nil {
			return err
		}
		explained, err := app.Explain(p, text)
		if err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(explained)
		}
		more := "docs/errors.md#" + explained.Rule
		if !slices.ContainsFunc(stagedoor.Zoom.Errors, func(r stagedoor.ErrorRule) bool { return r.ID == explained.Rule }) || p.BuiltOn() != stagedoor.Zoom.Name {
			more = "the rule " + explained.Rule + " of `stagedoor provider show " + p.Name + "`"
		}
		rows := [][]string{
			{"kind", string(explained.Kind)},
			{"cause", explained.Cause},
			{"fix", explained.Fix},
		}
		for _, hint := range explained.Hints {
			rows = append(rows, []string{"hint", hint})
		}
		err = s.table(append(rows, []string{"more", more}))
		if err == nil {
			s.hint("stagedoor credential check NAME")
		}
		return err
	})
	return cmd
}

// provider returns the provider by its name; for Zoom no app is opened.
func (s *session) provider(name string) (stagedoor.Provider, error) {
	if name == stagedoor.Zoom.Name {
		return stagedoor.Zoom, nil
	}
	a, err := s.open()
	if err != nil {
		return stagedoor.Provider{}, err
	}
	p, err := a.Provider(name)
	return p, errors.Join(err, a.Close())
}
