package cli

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

func auditVerify(s *session) *cobra.Command {
	var given string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "verify", Short: "Find what was done to the audit since it was written", Args: cobra.NoArgs,
		Long: "Every line is sealed to the one before it, and every process's lines to those of the processes before it:\n" +
			"a line that was edited, moved or removed is found, and so is a whole process. What was cut off at the end is\n" +
			"found with a head that was saved before (`audit head`), and so is an older database that was put back.\n" +
			"Exit status 1 means that something is not as it was written.",
		Example: "stagedoor audit verify\n\n# With a head that was saved elsewhere\nstagedoor audit head > head.txt\nstagedoor audit verify --head head.txt",
	}
	cmd.Flags().StringVar(&given, "head", "", "a head that was saved: a FILE, - for stdin, or its text")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		var head *stagedoor.AuditHead
		if given != "" {
			text, err := s.readHead(given)
			if err != nil {
				return err
			}
			h, err := stagedoor.ParseAuditHead(text)
			if err != nil {
				return err
			}
			head = &h
		}
		if !a.HasDatabase() {
			return errNoAudit("verify the audit", a)
		}
		report, err := a.VerifyAudit(ctx, head)
		if err != nil {
			return err
		}
		if asJSON {
			if err := s.printJSON(report); err != nil {
				return err
			}
			return report.Err()
		}
		s.sayFindings(report)
		return report.Err()
	})
	return cmd
}

func (s *session) sayFindings(r stagedoor.AuditReport) {
	span := ""
	if r.Lines > 0 {
		span = fmt.Sprintf(", from %s to %s UTC", r.First.Format(time.DateTime), r.Last.Format(time.DateTime))
	}
	s.say("read %s of %s%s", count(int(r.Lines), "line"), processes(r.Chains), span)
	if r.Removed != nil {
		s.say("%s before them removed when their time was over, last at %s UTC", count(int(r.Removed.Lines), "line"), r.Removed.At.Format(time.DateTime))
	}
	if r.Lost > 0 {
		s.say("%s %s could not be written when they were due, and are counted where they would stand", amber.Render("lost"), count(int(r.Lost), "line"))
	}
	for _, p := range r.Problems {
		s.say("%s  %s", red.Render(p.Kind), p.Says)
	}
	if more := r.Found - int64(len(r.Problems)); more > 0 {
		s.say("and %d more", more)
	}
	switch {
	case r.Found > 0:
	case r.Head != nil:
		s.say("%s: nothing was changed, moved or removed, and nothing is missing since the head of %s UTC", green.Render("whole"), r.Head.At.Format(time.DateTime))
	default:
		s.say("%s: nothing was changed, moved or removed", green.Render("whole"))
		s.say("whether something was cut off at the end, only a head can tell that was saved before")
		s.next("stagedoor audit head")
	}
}

func auditHead(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "head", Short: "Print how far the audit reaches, to be kept elsewhere", Args: cobra.NoArgs,
		Long: "One line, which covers the lines of all processes up to now. It is no secret. Keep it where nobody who can\n" +
			"write the database can write: in a mail, in another system's log. `audit verify --head` holds it against what\n" +
			"is there.",
		Example: "stagedoor audit head > head.txt",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		if !a.HasDatabase() {
			return errNoAudit("make a head of the audit", a)
		}
		head, err := a.AuditHead(ctx)
		if err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(head)
		}
		if _, err := fmt.Fprintln(s.out, head); err != nil {
			return err
		}
		s.hint("stagedoor audit verify --head FILE   holds it against the audit")
		return nil
	})
	return cmd
}

func auditPrune(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "prune", Short: "Remove the lines whose time is over", Args: cobra.NoArgs,
		Long: "Removes what is older than audit_retention (stagedoor.yaml, or STAGEDOOR_AUDIT_RETENTION; 90d unless set, 0\n" +
			"keeps all). `stagedoor serve` does so once a day, and without it commands do as they end; this does it now.\n" +
			"Only lines that verify are removed, and a sealed note of how many they were takes their place.",
		Example: "stagedoor audit prune\n\n# Once, more than usual\nSTAGEDOOR_AUDIT_RETENTION=30d stagedoor audit prune",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print how many were removed as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		if !a.HasDatabase() {
			return errNoAudit("remove old lines of the audit", a)
		}
		removed, err := a.PruneAudit(ctx, math.MaxInt64)
		if asJSON && err == nil {
			return s.printJSON(struct {
				Removed int64 `json:"removed"`
			}{removed})
		}
		if err == nil {
			s.say("removed %s", count(int(removed), "line"))
		}
		return err
	})
	return cmd
}

func processes(n int64) string {
	if n == 1 {
		return "1 process"
	}
	return fmt.Sprintf("%d processes", n)
}
