package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

func quotaCommand(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "quota [NAME]", Short: "Show what of the account's quota is used, by whom, and left", GroupID: groupDiagnose,
		Args: takes(0, 1, "at most one NAME"),
		Long: "Zoom counts calls by account, over all its apps. Stagedoor keeps a ledger of its own calls, by day (UTC),\n" +
			"label, credential and run; what other apps use it learns only from refusals and headers. No call is made.",
		Example: "stagedoor quota acme\nstagedoor quota acme --json",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		c, err := a.Credential(ctx, nameOf(args))
		if err != nil {
			return err
		}
		report, err := a.Quota(ctx, c)
		if err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(report)
		}
		if len(report.Rates) == 0 {
			s.say("the provider %s of credential %s names no limits, so nothing is counted", c.Provider, c.Slug)
			return nil
		}
		if err := s.showQuota(report); err != nil {
			return err
		}
		s.hint("stagedoor sync " + c.Slug + " STREAM --dry-run   says what a run would use")
		return nil
	})
	return cmd
}

func (s *session) showQuota(r stagedoor.QuotaReport) error {
	s.say("%s, plan %s; a day ends at 00:00 UTC, in %s", r.Date, r.Plan, short(untilMidnight()))
	rows := [][]string{{"TODAY", "", "USED", "LIMIT", "LEFT", "RESERVED", "FORECAST"}}
	for _, d := range r.Days {
		unused := d.Used+d.Ahead+d.Planned == 0 && d.Closed.IsZero()
		if unused && (d.Limit == 0 || strings.Contains(d.Group, " ")) {
			continue // nothing is limited, or it is another family's, and nothing was called
		}
		rows = append(rows, dayRow(d))
	}
	if err := s.table(rows); err != nil {
		return err
	}
	rows = [][]string{{"", ""}, {"RATE", "PERMITTED", "IN USE"}}
	for _, rate := range r.Rates {
		use := ""
		if rate.Processes > 0 {
			use = fmt.Sprintf("%d by %d running", rate.Held, rate.Processes)
		}
		if rate.Left > 0 {
			use += fmt.Sprintf("; other apps leave %.0f", rate.Left)
		}
		if use != "" || rate.Family == "" {
			rows = append(rows, []string{labelOf(rate.Family, rate.Label), fmt.Sprintf("%d a %s", rate.Requests, rate.Span), strings.TrimPrefix(use, "; ")})
		}
	}
	if err := s.table(rows); err != nil {
		return err
	}
	if len(r.Lines) == 0 {
		s.say("nobody has called today by this home")
		return nil
	}
	rows = [][]string{{"", ""}, {"WHO", "CREDENTIAL", "RUN", "LABEL", "CALLS"}}
	for _, line := range r.Lines {
		rows = append(rows, []string{line.Caller, line.Credential, line.Run, labelOf(line.Family, line.Label), fmt.Sprint(line.Calls)})
	}
	return s.table(rows)
}

func dayRow(d stagedoor.QuotaDay) []string {
	var names []string
	for _, l := range d.Labels {
		names = append(names, string(l))
	}
	name := strings.Join(names, " + ")
	name = strings.ReplaceAll(name, "+ Resource-intensive", "+ Resource-int.") // the line must fit on a terminal
	if family, _, ok := strings.Cut(d.Group, " "); ok {
		name = labelOf(stagedoor.Family(family), stagedoor.Label(name))
	}
	used := d.Used + d.Ahead
	if d.Limit == 0 {
		return []string{name, "", fmt.Sprint(used), "no limit", "", "", forecastOf(d)}
	}
	return []string{
		name, meter(used, d.Planned, d.Limit), fmt.Sprint(used), fmt.Sprint(d.Limit), fmt.Sprint(d.Left), fmt.Sprint(d.Planned), forecastOf(d),
	}
}

func forecastOf(d stagedoor.QuotaDay) string {
	switch {
	case !d.Closed.IsZero():
		return "Zoom refuses until " + d.Closed.UTC().Format("15:04") + " UTC"
	case d.Limit > 0 && d.Used >= d.Limit:
		return "used up until 00:00 UTC"
	case !d.Ends.IsZero():
		return "used up at " + d.Ends.UTC().Format("15:04") + " UTC if it goes on so"
	case d.Used > 0:
		return fmt.Sprintf("%d by midnight", d.ByMidnight)
	}
	return ""
}

// meter is a small bar: what is used, what is reserved, what is left.
func meter(used, planned, limit int) string {
	const width = 8
	cells := func(n int) int { return min(width, (n*width+limit-1)/limit) }
	full := cells(used)
	reserved := min(cells(used+planned), width) - full
	return strings.Repeat("█", full) + strings.Repeat("▒", reserved) + strings.Repeat("░", width-full-reserved)
}

func labelOf(family stagedoor.Family, label stagedoor.Label) string {
	switch family {
	case stagedoor.FamilyPhone:
		return "Phone: " + string(label)
	case stagedoor.FamilyContactCenter:
		return "Contact Center: " + string(label)
	}
	return string(label)
}

func untilMidnight() time.Duration {
	now := time.Now().UTC()
	return stagedoor.DayOf(now).AddDate(0, 0, 1).Sub(now)
}

// short prints hours and minutes.
func short(d time.Duration) string {
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}
