package cli

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/doctor"
)

func explainCommand(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "explain [TEXT|-]", Short: "Say what a raw error means and how to mend it", GroupID: groupDiagnose,
		Long:    "Takes any error text: Zoom's raw answer, or another program's message around it.",
		Example: "stagedoor explain 'Scope not granted'\nsome-program 2>&1 | stagedoor explain -",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print kind, cause and fix as JSON")
	cmd.RunE = s.plain(func(_ context.Context, args []string) error {
		text := strings.Join(args, " ")
		if text == "-" || text == "" && !s.inTTY {
			b, err := io.ReadAll(io.LimitReader(s.in, 1<<20))
			if err != nil {
				return err
			}
			text = string(b)
		}
		if strings.TrimSpace(text) == "" {
			return &stagedoor.Error{
				Op: "explain", Kind: stagedoor.KindUsage, Cause: "there is no text to explain",
				Fix: "Paste the error in quotes, or pipe it in: `stagedoor explain -`.",
			}
		}
		explained, rule, ok := doctor.Explain(stagedoor.Zoom, text)
		if !ok {
			return &stagedoor.Error{
				Op: "explain", Kind: stagedoor.KindNotFound, Cause: "nothing in the error table matches this text",
				Fix: "Paste the whole answer with its body, such as {\"code\":…,\"message\":…}; docs/errors.md lists what is known.",
			}
		}
		hints := []string{}
		if explained.Kind == stagedoor.KindScopeMissing {
			hints = app.ScopeHintsIn(text)
		}
		if asJSON {
			return s.printJSON(struct {
				Rule string `json:"rule"`
				stagedoor.Notice
				Hints []string `json:"hints"`
			}{rule, stagedoor.NoticeOf(explained), hints})
		}
		rows := [][]string{
			{"kind", string(explained.Kind)},
			{"cause", explained.Cause},
			{"fix", explained.Fix},
		}
		for _, hint := range hints {
			rows = append(rows, []string{"hint", hint})
		}
		err := s.table(append(rows, []string{"more", "docs/errors.md#" + rule}))
		if err == nil {
			s.hint("stagedoor credential check NAME")
		}
		return err
	})
	return cmd
}
