package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

func streamsCommand(s *session) *cobra.Command {
	var credential string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "streams [STREAM|FAMILY…]", Short: "List what can be read, or show one stream in full", GroupID: groupData,
		Long: "A stream is one data set that `sync` reads. One that is named alone is shown in full: its columns,\n" +
			"how far back it goes, limits, scopes, an example.\n\n" +
			"With a credential it says of each whether its token may read it, and if not, why. No call of the API\n" +
			"is spent on that.",
		Example: "stagedoor streams\nstagedoor streams meeting_activities\nstagedoor streams --credential acme",
	}
	cmd.Flags().StringVar(&credential, "credential", "", "say which of them the token of this credential may read")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print an array with all that is known of each")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		list, err := a.Streams(args...)
		if err != nil {
			return err
		}
		if cmd.Flags().Changed("credential") {
			c, err := a.Credential(ctx, credential)
			if err != nil {
				return err
			}
			if err := a.KnowsScopes(c); err != nil {
				return err
			}
			held, err := a.HeldScopes(ctx, c)
			if err != nil {
				return err
			}
			for i := range list {
				list[i] = a.Judge(list[i], c, held.Scopes)
			}
		}
		if asJSON {
			type full struct {
				stagedoor.StreamInfo
				Commands []string `json:"commands"`
			}
			var all []full
			for _, info := range list {
				all = append(all, full{info, streamCommands(info)})
			}
			return s.printJSON(all)
		}
		if len(args) == 1 && list[0].Name == args[0] {
			return s.showStream(list[0])
		}
		return s.listStreams(list)
	})
	return cmd
}

func (s *session) listStreams(list []stagedoor.StreamInfo) error {
	judged := list[0].Credential != ""
	rows := [][]string{{"STREAM", "FAMILY", "LABEL", "BACK", "WHAT IT IS"}}
	if judged {
		rows = [][]string{{"STREAM", "FAMILY", "READABLE", "WHY NOT"}}
	}
	for _, info := range list {
		if judged {
			rows = append(rows, []string{info.Name, info.Family, readable(info), info.Why})
			continue
		}
		rows = append(rows, []string{info.Name, info.Family, string(info.Label), lookBack(info), info.Title})
	}
	if err := s.table(rows); err != nil {
		return err
	}
	name := "NAME"
	if judged {
		name = list[0].Credential
	}
	s.hint("stagedoor streams "+list[0].Name, "stagedoor sync "+name+" "+list[0].Name)
	return nil
}

func readable(info stagedoor.StreamInfo) string {
	switch {
	case info.Readable == nil:
		return "unknown"
	case *info.Readable:
		return "yes"
	}
	return "no"
}

func lookBack(info stagedoor.StreamInfo) string {
	switch {
	case info.Window == nil:
		return "whole"
	case info.Window.LookBackMonths == 0:
		return "no limit"
	}
	return count(info.Window.LookBackMonths, "month")
}

// showStream shows one stream in full.
func (s *session) showStream(info stagedoor.StreamInfo) error {
	rows := [][]string{
		{"stream", info.Name},
		{"family", info.Family},
		{"what it is", info.Description},
		{"operation", info.Operation},
	}
	if info.Derived {
		rows = append(rows, []string{"derived", "worked out by Stagedoor from " + info.From + ", out of the same calls"})
	}
	for _, name := range sortedKeys(info.Params) {
		rows = append(rows, []string{"always sent", name + "=" + info.Params[name]})
	}
	if len(info.Passes) > 0 {
		var passes []string
		for _, pass := range info.Passes {
			var pairs []string
			for _, name := range sortedKeys(pass) {
				pairs = append(pairs, name+"="+pass[name])
			}
			passes = append(passes, strings.Join(pairs, "&"))
		}
		rows = append(rows, []string{"read in passes", strings.Join(passes, ", ")})
	}
	if p := info.Partition; p != nil {
		rows = append(rows, []string{"read for each of", partText(*p)})
	}
	if info.Window != nil {
		rows = append(rows,
			[]string{"days", fmt.Sprintf("by whole UTC days, %s a slice; a day is read again until %g h after its end, since rows may come late", sliceText(info.Window.SliceDays), info.Window.SettleHours)},
			[]string{"goes back", lookBack(info)})
	} else {
		rows = append(rows, []string{"days", "none: it is read whole"})
	}
	rows = append(rows,
		[]string{"rows a page", fmt.Sprint(info.PageSize)},
		[]string{"key of a row", keyText(info.Key)},
		[]string{"plan", string(info.Plan) + " or higher"},
		[]string{"label", string(info.Label)},
	)
	for _, limit := range info.Limits {
		rows = append(rows, []string{"limit on " + string(limit.Plan), limitText(limit)})
	}
	rows = append(rows,
		[]string{"scopes, granular", orNone(info.Scopes.Granular)},
		[]string{"scopes, classic", orNone(info.Scopes.Classic)},
		[]string{"role of the owner", orNone(info.Roles)},
		[]string{"Zoom's page", info.Docs},
	)
	if info.EmptyMeans != nil {
		rows = append(rows, []string{"if it is empty", info.EmptyMeans.Cause + ". " + info.EmptyMeans.Fix})
	}
	if info.Credential != "" {
		rows = append(rows, []string{"readable with " + info.Credential, strings.TrimSpace(readable(info) + "  " + info.Why)})
	}
	if err := s.table(slices.DeleteFunc(rows, func(r []string) bool { return r[1] == "" })); err != nil {
		return err
	}
	fmt.Fprintln(s.out)
	columns := [][]string{{"COLUMN", "TYPE", "IN ZOOM'S RECORD", "ABOUT"}}
	for _, c := range info.Columns {
		columns = append(columns, []string{c.Name, string(c.Type), cmp.Or(c.Field, c.From, "-"), c.About})
	}
	if err := s.table(columns); err != nil {
		return err
	}
	if len(info.Example) > 0 {
		var b bytes.Buffer
		if err := json.Indent(&b, info.Example, "", "  "); err != nil {
			return err
		}
		title := "A record as Zoom sends it"
		if info.Derived {
			title = "A record as it is worked out"
		}
		fmt.Fprintf(s.out, "\n%s\n%s\n", title, b.String())
	}
	fmt.Fprintln(s.out)
	for _, command := range streamCommands(info) {
		fmt.Fprintln(s.out, command)
	}
	return nil
}

// partText says of which rows a stream is read for each.
func partText(p stagedoor.StreamPartition) string {
	of := p.Stream
	if p.Only != "" {
		of += " with " + p.Only
	}
	return fmt.Sprintf("%s: its %s is the operation's {%s}", of, p.Column, p.Param)
}

func sliceText(days int) string {
	switch days {
	case 0:
		return "at most a month"
	case 1:
		return "one"
	}
	return "at most " + strconv.Itoa(days)
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// keyText says what tells one row from another.
func keyText(key stagedoor.StreamKey) string {
	text := ""
	if len(key.Day) > 0 {
		text = "the UTC day of " + strings.Join(key.Day, " or else ") + ", and "
	}
	if len(key.ID) > 0 {
		text += strings.Join(key.ID, " or else ")
		if len(key.Content) == 0 {
			return text
		}
		text += "; of rows without it "
	}
	return text + "a hash of " + strings.Join(key.Content, ", ") + " with a number among equals"
}

func limitText(limit stagedoor.StreamLimit) string {
	var parts []string
	if limit.PerSecond > 0 {
		parts = append(parts, count(limit.PerSecond, "call")+" a second")
	}
	if limit.PerMinute > 0 {
		parts = append(parts, count(limit.PerMinute, "call")+" a minute")
	}
	if limit.PerDay > 0 {
		day := fmt.Sprintf("%d a day", limit.PerDay)
		if len(limit.DayOver) > 1 {
			day += fmt.Sprintf(" (%s and %s together)", limit.DayOver[0], limit.DayOver[1])
		}
		parts = append(parts, day)
	}
	return strings.Join(parts, ", ")
}

// streamCommands are commands to copy that read the stream.
func streamCommands(info stagedoor.StreamInfo) []string {
	name := info.Credential
	if name == "" {
		name = "NAME"
	}
	commands := []string{
		"stagedoor sync " + name + " " + info.Name + " --limit 10",
		"stagedoor sync " + name + " " + info.Name + " --into sqlite:zoom.db",
	}
	if info.Window != nil {
		commands = append(commands, "stagedoor sync "+name+" "+info.Name+" --since 2026-10-01 --until 2026-10-31 --format csv")
	}
	scopes := "stagedoor scopes --stream " + info.Name
	if info.Credential != "" && info.Credential != stagedoor.EnvSlug {
		scopes += " --credential " + name
	}
	return append(commands, scopes)
}
