package app

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/scope"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// StreamInfo is everything that is known of a stream.
type StreamInfo struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Family      string `json:"family"`
	Derived     bool   `json:"derived"`
	From        string `json:"derived_from,omitempty"` // the stream that it is worked out from, out of the same calls
	Description string `json:"description"`
	Docs        string `json:"docs,omitempty"`

	Operation string              `json:"operation,omitempty"` // "GET /users"
	Label     stagedoor.Label     `json:"label,omitempty"`
	PageSize  int                 `json:"page_size,omitempty"`
	Params    map[string]string   `json:"params,omitempty"`
	Passes    []map[string]string `json:"passes,omitempty"`
	Window    *WindowInfo         `json:"window,omitempty"`
	Partition *PartitionInfo      `json:"partition,omitempty"`
	Plan      stagedoor.Plan      `json:"plan"` // the smallest that has it
	Limits    []LimitInfo         `json:"limits"`
	Scopes    StreamScopes        `json:"scopes"`
	Roles     []string            `json:"roles"` // what the role of the app's owner must permit

	Columns    []ColumnInfo      `json:"columns"`
	Key        KeyInfo           `json:"key"`
	ShowsGone  bool              `json:"shows_gone"`
	EmptyMeans *stagedoor.Notice `json:"empty_means,omitempty"`
	Example    json.RawMessage   `json:"example,omitempty"`

	// With a credential.
	Credential string   `json:"credential,omitempty"`
	Readable   *bool    `json:"readable,omitempty"` // nil where it can not be told
	Why        string   `json:"why,omitempty"`      // why not, or why it can not be told
	Missing    []string `json:"missing,omitzero"`   // scopes
}

// WindowInfo tells how a stream is bounded by days.
type WindowInfo struct {
	LookBackMonths int     `json:"look_back_months"` // 0: no limit known
	SettleHours    float64 `json:"settle_hours"`     // how long after a day its rows may still come
	SliceDays      int     `json:"slice_days"`       // that are read and written as one; 0: a calendar month
}

// PartitionInfo tells of which stream's rows a stream is read for each.
type PartitionInfo struct {
	Stream string `json:"stream"`
	Column string `json:"column"`
	Param  string `json:"param"`
	Only   string `json:"only,omitempty"` // the rows that have some: "type=Meeting"
	// Nested tells that the parts of the same days are read and written as one.
	Nested bool `json:"nested"`
}

// LimitInfo is a rate limit under one plan; 0 is none.
type LimitInfo struct {
	Plan      stagedoor.Plan    `json:"plan"`
	PerSecond int               `json:"per_second,omitempty"`
	PerMinute int               `json:"per_minute,omitempty"`
	PerDay    int               `json:"per_day,omitempty"`
	DayOver   []stagedoor.Label `json:"per_day_over,omitempty"` // the labels that share PerDay, where there are several
}

// StreamScopes are the least scopes that a stream is read with, those of its
// parents included: all of one style.
type StreamScopes struct {
	Granular []string `json:"granular"`
	Classic  []string `json:"classic"`
}

// ColumnInfo is one column.
type ColumnInfo struct {
	Name  string               `json:"name"`
	Field string               `json:"field"`          // in Zoom's record; empty where it has none
	From  string               `json:"from,omitempty"` // then: the column it comes from, "history_meetings.topic"
	Type  stagedoor.ColumnType `json:"type"`
	About string               `json:"about,omitempty"`
}

// KeyInfo tells what a row's key is made of.
type KeyInfo struct {
	Day     []string `json:"day"`
	ID      []string `json:"id"`
	Content []string `json:"content"`
}

// Streams describes the streams that the words name (streams and families); no
// word means all.
func (a *App) Streams(words ...string) ([]StreamInfo, error) {
	if len(words) == 0 {
		words = []string{"all"}
	}
	list, err := stream.Find(words...)
	if err != nil {
		return nil, err
	}
	var infos []StreamInfo
	for _, s := range list {
		infos = append(infos, describe(s))
	}
	return infos, nil
}

func describe(s stagedoor.Stream) StreamInfo {
	info := StreamInfo{
		Name: s.Name, Title: s.Title, Family: s.Family, Derived: s.Derived, From: s.From, Description: s.Description, Docs: s.Docs,
		PageSize: s.PageSize, Params: s.Params, Passes: s.Passes, ShowsGone: s.ShowsGone, Plan: stagedoor.PlanFree,
		Limits: []LimitInfo{}, Roles: []string{}, Columns: []ColumnInfo{},
		Key: KeyInfo{Day: slices.Concat([]string{}, s.Day), ID: idsOf(s), Content: slices.Concat([]string{}, s.Content)},
	}
	if s.Window != nil {
		info.Window = &WindowInfo{LookBackMonths: s.Window.LookBack, SettleHours: s.Window.Settle.Hours(), SliceDays: s.Window.Days}
	}
	if s.Partition != nil {
		info.Partition = &PartitionInfo{Stream: s.Partition.Stream, Column: s.Partition.Column, Param: s.Partition.Param, Nested: s.Partition.Nested}
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
		column := ColumnInfo{Name: c.Name, Field: c.Source(), Type: c.Type, About: c.About}
		if column.From = parentColumn(s, c.Name); column.From != "" || s.Derived {
			column.Field = ""
		}
		info.Columns = append(info.Columns, column)
	}
	if op, ok := zoom.Operations().Find(s.Method, s.Path); ok {
		info.Operation, info.Label = op.Name(), op.Label
		for _, plan := range []stagedoor.Plan{stagedoor.PlanFree, stagedoor.PlanPro, stagedoor.PlanBusiness} {
			if l := stagedoor.Zoom.Limit(op.Family(), op.Label, plan); l.Label != "" {
				info.Limits = append(info.Limits, LimitInfo{Plan: plan, PerSecond: l.PerSecond, PerMinute: l.PerMinute, PerDay: l.PerDay, DayOver: sharing(l)})
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
	info.Scopes = StreamScopes{
		Granular: scopes().Least(scope.Granular, uses).Scopes(),
		Classic:  scopes().Least(scope.Classic, uses).Scopes(),
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
		if other.Plan == l.Plan && other.DayGroup == l.DayGroup {
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

var planSize = map[stagedoor.Plan]int{stagedoor.PlanFree: 0, stagedoor.PlanPro: 1, stagedoor.PlanBusiness: 2}

func larger(a, b stagedoor.Plan) stagedoor.Plan {
	if planSize[a] > planSize[b] {
		return a
	}
	return b
}

// Judge says of a stream whether the credential may read it with the scopes
// that its token holds, as far as that is known without asking Zoom.
func (a *App) Judge(info StreamInfo, c stagedoor.Credential, held []string) StreamInfo {
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
func missing(needs []scope.Need, name string) []string {
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
