package app

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// Streams describes the streams that the words name (streams and families); no
// word means all.
func (a *App) Streams(words ...string) ([]stagedoor.StreamInfo, error) {
	if len(words) == 0 {
		words = []string{"all"}
	}
	list, err := stream.Find(words...)
	if err != nil {
		return nil, err
	}
	var infos []stagedoor.StreamInfo
	for _, s := range list {
		infos = append(infos, describe(s))
	}
	return infos, nil
}

func describe(s stagedoor.Stream) stagedoor.StreamInfo {
	info := stagedoor.StreamInfo{
		Name: s.Name, Title: s.Title, Family: s.Family, Derived: s.Derived, From: s.From, Description: s.Description, Docs: s.Docs,
		PageSize: s.PageSize, Params: s.Params, Passes: s.Passes, ShowsGone: s.ShowsGone, Plan: stagedoor.PlanFree,
		Limits: []stagedoor.StreamLimit{}, Roles: []string{}, Columns: []stagedoor.StreamColumn{},
		Key: stagedoor.StreamKey{Day: slices.Concat([]string{}, s.Day), ID: idsOf(s), Content: slices.Concat([]string{}, s.Content)},
	}
	if s.Window != nil {
		info.Window = &stagedoor.StreamWindow{LookBackMonths: s.Window.LookBack, SettleHours: s.Window.Settle.Hours(), SliceDays: s.Window.Days}
	}
	if s.Partition != nil {
		info.Partition = &stagedoor.StreamPartition{Stream: s.Partition.Stream, Column: s.Partition.Column, Param: s.Partition.Param, Nested: s.Partition.Nested}
		for _, column := range slices.Sorted(maps.Keys(s.Partition.Only)) {
			info.Partition.Only = strings.TrimPrefix(info.Partition.Only+"&"+column+"="+s.Partition.Only[column], "&")
		}
	}
	if s.EmptyMeans != nil {
		notice := stagedoor.NoticeOf(s.EmptyMeans)
		info.EmptyMeans = &notice
	}
	if s.Example != "" {
		info.Example = json.RawMessage(s.Example)
	}
	for _, c := range s.Columns {
		column := stagedoor.StreamColumn{Name: c.Name, Field: c.Source(), Type: c.Type, About: c.About}
		if column.From = parentColumn(s, c.Name); column.From != "" || s.Derived {
			column.Field = ""
		}
		info.Columns = append(info.Columns, column)
	}
	if op, ok := zoom.Operations().Find(s.Method, s.Path); ok {
		info.Operation, info.Label = op.Name(), op.Label
		for _, plan := range []stagedoor.Plan{stagedoor.PlanFree, stagedoor.PlanPro, stagedoor.PlanBusiness} {
			if l := stagedoor.Zoom.Limit(op.Family(), op.Label, plan); l.Label != "" {
				info.Limits = append(info.Limits, stagedoor.StreamLimit{Plan: plan, PerSecond: l.PerSecond, PerMinute: l.PerMinute, PerDay: l.PerDay, DayOver: sharing(l)})
			}
		}
	}
	uses := streamUses(s, s.Name)
	for _, use := range uses {
		info.Plan = larger(info.Plan, smallestPlan(use.Operation.Path))
		for _, role := range use.Operation.Roles {
			if !slices.Contains(info.Roles, role) {
				info.Roles = append(info.Roles, role)
			}
		}
	}
	info.Scopes = stagedoor.StreamScopes{
		Granular: scopes().Least(stagedoor.GranularScopes, uses).Scopes(),
		Classic:  scopes().Least(stagedoor.ClassicScopes, uses).Scopes(),
	}
	return info
}

// parentColumn is the column of the parent stream that fills one of the stream's;
// empty where none does.
func parentColumn(s stagedoor.Stream, column string) string {
	if s.Partition == nil {
		return ""
	}
	if s.Partition.Into == column {
		return s.Partition.Stream + "." + s.Partition.Column
	}
	for from, into := range s.Partition.Carry {
		if into == column {
			return s.Partition.Stream + "." + from
		}
	}
	return ""
}

// sharing returns the labels that count against one daily limit together.
func sharing(l stagedoor.RateLimit) []stagedoor.Label {
	if l.DayGroup == "" {
		return nil
	}
	var labels []stagedoor.Label
	for _, other := range stagedoor.Zoom.Limits {
		if other.Family == l.Family && other.Plan == l.Plan && other.DayGroup == l.DayGroup {
			labels = append(labels, other.Label)
		}
	}
	return labels
}

// smallestPlan is the plan below which Zoom answers "Only available for paid
// account" or, for dashboards, "only available for … Business or higher"; or
// below which nobody has what the operation lists: groups, cloud recordings, and
// registrants, since these need a licensed host.
// Source: Zoom's OpenAPI documents of Meetings, Users and Accounts, March 2026.
func smallestPlan(path string) stagedoor.Plan {
	switch {
	case strings.HasPrefix(path, "/report/"), strings.HasPrefix(path, "/groups"),
		strings.HasSuffix(path, "/recordings"), strings.HasSuffix(path, "/registrants"):
		return stagedoor.PlanPro
	case strings.HasPrefix(path, "/metrics/"):
		return stagedoor.PlanBusiness
	}
	return stagedoor.PlanFree
}

// StreamsFor returns the streams that words name, as [stream.Find] does, for an account
// of a plan: those that the plan does not have are left out, and returned beside, where
// no word names them by their own name, and others stay.
func StreamsFor(plan stagedoor.Plan, words ...string) (found, left []stagedoor.Stream, err error) {
	all, err := stream.Find(words...)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range all {
		if !slices.Contains(words, s.Name) && larger(describe(s).Plan, plan) != plan {
			left = append(left, s)
			continue
		}
		found = append(found, s)
	}
	if len(found) == 0 {
		return all, nil, nil // then Zoom says why
	}
	return found, left, nil
}

var planSize = map[stagedoor.Plan]int{stagedoor.PlanFree: 0, stagedoor.PlanPro: 1, stagedoor.PlanBusiness: 2}

func larger(a, b stagedoor.Plan) stagedoor.Plan {
	if planSize[a] > planSize[b] {
		return a
	}
	return b
}

// Judge says of a stream whether the credential may read it with the scopes
// that its token holds, as far as that is known without asking Zoom.
func (a *App) Judge(info stagedoor.StreamInfo, c stagedoor.Credential, held []string) stagedoor.StreamInfo {
	info.Credential, info.Missing = c.Slug, []string{}
	streams, err := stream.Find(info.Name)
	if err != nil {
		return info
	}
	comparison := scopes().Compare("", chainUses(streams[0]), held)
	for _, need := range comparison.Missing {
		info.Missing = append(info.Missing, need.Scope)
	}
	var why []string
	if len(info.Missing) > 0 {
		why = append(why, "missing scope "+strings.Join(missing(comparison.Missing, info.Name), ", "))
	}
	for _, closed := range comparison.Closed {
		why = append(why, closed.Why)
	}
	if planSize[c.Plan] < planSize[info.Plan] {
		why = append(why, "it needs the "+string(info.Plan)+" plan or higher, and the credential's plan is "+string(c.Plan))
	}
	if len(held) == 0 {
		info.Missing = []string{}
		info.Why = "the token does not say which scopes it holds"
		return info
	}
	readable := len(why) == 0
	info.Readable, info.Why = &readable, strings.Join(why, "; ")
	return info
}

// missing names scopes, and of those that a parent needs, which: "… (of
// history_meetings, whose rows it is read for)".
func missing(needs []stagedoor.ScopeNeed, name string) []string {
	var list []string
	for _, need := range needs {
		text := need.Scope
		if !slices.Contains(need.For, name) {
			text += " (of " + strings.Join(need.For, " and ") + ", whose rows it is read for)"
		}
		list = append(list, text)
	}
	return list
}

// idsOf are the alternatives that identify a row, each as its columns.
func idsOf(s stagedoor.Stream) []string {
	ids := []string{}
	for _, columns := range s.ID {
		ids = append(ids, strings.Join(columns, " + "))
	}
	return ids
}
