package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/quota"

	syncing "github.com/stagedoor/stagedoor/internal/sync"
)

// forecast says what a first reading comes to, and what can not be read.
func (s *session) forecast(ctx context.Context, run *app.Sync, part syncing.StreamPlan) {
	for _, lost := range part.Lost {
		s.say("%s %s: %s (%d days) is older than the %d months that Zoom keeps of this report, and can not be read any more",
			amber.Render("lost"), part.Stream.Name, lost, lost.Count(), part.Stream.Window.LookBack)
	}
	if len(part.Slices) == 0 || part.Stream.Partition != nil && part.Parts == nil {
		return
	}
	// What can not be kept free is used as far as it goes, so an error here is
	// nothing to stop for: the calls meet it again.
	comes, err := run.Reserve(ctx, part)
	if err == nil && comes.Days > 1 {
		s.say("%s %s: %s. It stops when the day is used up; the same command goes on where it stopped", amber.Render("long"), part.Stream.Name, comes)
	}
	if part.Stream.Window == nil || !part.First {
		return
	}
	s.say("%s", faint.Render(fmt.Sprintf("%s: %s..%s%s in %s, %s", part.Stream.Name,
		part.Slices[0].Days.Since.Format(time.DateOnly), part.Slices[len(part.Slices)-1].Days.Until.Format(time.DateOnly),
		forParts(part), count(len(part.Slices), "slice"), s.callsOf(run, part))))
}

// forParts says what a stream is read for, where it is read in parts.
func forParts(part syncing.StreamPlan) string {
	if part.Parts == nil {
		return ""
	}
	return fmt.Sprintf(" for %d %s", part.Parts.Count, part.Parts.Of)
}

// callsOf says how many calls a stream takes, and with the first stream of a label
// how fast these may be made.
func (s *session) callsOf(run *app.Sync, part syncing.StreamPlan) string {
	if part.Stream.From != "" && part.Requests() == 0 {
		return "out of what comes for " + part.Stream.From
	}
	rate := ""
	if pace := run.Permitted(part.Stream.Name); pace != "" && !slices.Contains(s.toldPaces, pace) {
		s.toldPaces = append(s.toldPaces, pace)
		rate = "; the account may make " + pace
	}
	return fmt.Sprintf("at least %s, one more per %d rows%s", count(part.Requests(), string(app.Label(part.Stream))+" call"), part.Stream.PageSize, rate)
}

type planDocument struct {
	Streams []streamPlan     `json:"streams"`
	Labels  []quota.Forecast `json:"labels"`
}

type streamPlan struct {
	Stream   string     `json:"stream"`
	Label    string     `json:"label"`
	Requests int        `json:"requests_at_least"`
	Slices   []string   `json:"slices"`
	Lost     []string   `json:"lost"`    // older than the provider keeps
	Expires  []string   `json:"expires"` // too old before their turn comes
	Known    int        `json:"days_known"`
	Parts    *planParts `json:"partitions,omitempty"`
}

type planParts struct {
	Of    string `json:"of"`
	Count int    `json:"count"`
	Calls int    `json:"requests"` // that finding them took, just now
}

// showPlan is the answer of a dry run.
func (s *session) showPlan(ctx context.Context, run *app.Sync, asJSON bool) error {
	outlook, err := run.Outlook(ctx)
	if err != nil {
		return err
	}
	document := planDocument{Streams: []streamPlan{}, Labels: outlook.Labels}
	rows := [][]string{{"STREAM", "SLICE", "CALLS", "LABEL"}}
	for _, part := range run.Plan.Streams {
		p := streamPlan{
			Stream: part.Stream.Name, Label: string(app.Label(part.Stream)), Requests: part.Requests(),
			Slices: []string{}, Lost: []string{}, Expires: []string{}, Known: part.Known,
		}
		if part.Parts != nil {
			p.Parts = &planParts{part.Parts.Of, part.Parts.Count, part.Parts.Requests}
			if part.Parts.Requests > 0 {
				s.say("%s: there are %d %s to read it for, which took %s to find out", p.Stream, part.Parts.Count, part.Parts.Of, count(part.Parts.Requests, "call"))
			}
		}
		if part.Stream.From != "" && part.Requests() == 0 && len(part.Slices) > 0 {
			s.say("%s: takes no calls of its own, it comes with %s", p.Stream, part.Stream.From)
		}
		for i, slice := range part.Slices {
			slice.Partition = ""
			if id := slice.ID(); len(p.Slices) == 0 || p.Slices[len(p.Slices)-1] != id || i == 0 {
				p.Slices = append(p.Slices, id)
			}
		}
		rows = append(rows, planRows(part)...)
		for _, lost := range part.Lost {
			p.Lost = append(p.Lost, lost.String())
			rows = append(rows, []string{p.Stream, lost.String(), "lost: older than Zoom keeps", ""})
		}
		for _, days := range outlook.Expires[p.Stream] {
			p.Expires = append(p.Expires, days.String())
			rows = append(rows, []string{p.Stream, days.String(), "lost before their turn: older than Zoom keeps by then", ""})
		}
		if part.Known > 0 {
			rows = append(rows, []string{p.Stream, fmt.Sprintf("%d days", part.Known), "none: the destination has them", ""})
		}
		document.Streams = append(document.Streams, p)
	}
	for _, comes := range outlook.Labels {
		if comes.Calls > 0 {
			s.say("at least %s", comes)
		}
	}
	for _, part := range run.Plan.Streams {
		for _, days := range outlook.Expires[part.Stream.Name] {
			s.say("%s %s: %s (%d days) will be older than Zoom keeps before their turn comes. Name fewer streams, or a later --since, which spends no calls on what is lost anyway",
				amber.Render("lost"), part.Stream.Name, days, days.Count())
		}
	}
	if asJSON {
		return s.printJSON(document)
	}
	return s.table(rows)
}

// planRows are the lines of a stream's slices: those of the same days, one for
// each part, are one line, and so are the single days of a month.
func planRows(part syncing.StreamPlan) (rows [][]string) {
	for i := 0; i < len(part.Slices); {
		shown, calls := part.Slices[i], 0
		shown.Partition = ""
		first := i
		for ; i < len(part.Slices); i++ {
			days := part.Slices[i].Days
			next := part.Stream.Partition != nil && part.Stream.Partition.Nested && days.Since.Equal(shown.Days.Until.AddDate(0, 0, 1)) && days.Since.Month() == shown.Days.Until.Month()
			if i > first && (part.Stream.Partition == nil || days != shown.Days && !next) {
				break
			}
			shown.Days.Until, calls = days.Until, calls+part.Calls(i)
		}
		id := shown.ID()
		switch {
		case part.Parts != nil && part.Stream.Partition.Nested:
			id += " in " + count(i-first, "slice")
		case part.Parts != nil:
			id += fmt.Sprintf(" for %d %s", i-first, part.Parts.Of)
		}
		takes := fmt.Sprintf("%d or more", calls)
		if part.Stream.From != "" && calls == 0 {
			takes = "none"
		}
		rows = append(rows, []string{part.Stream.Name, id, takes, string(app.Label(part.Stream))})
	}
	return rows
}
