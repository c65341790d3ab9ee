package app

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/stream"
)

// TestPageOfStreams holds the table of docs/streams.md against the catalogue:
// every stream under its family, with its key, look-back, plan and scopes.
func TestPageOfStreams(t *testing.T) {
	text, err := os.ReadFile("../../docs/streams.md")
	if err != nil {
		t.Fatal(err)
	}
	word := regexp.MustCompile("`([^`]+)`")
	var listed []string
	family := ""
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) != 6 {
			continue
		}
		if name, ok := strings.CutPrefix(cells[0], "**"); ok {
			family = strings.TrimSuffix(name, "**")
			continue
		}
		name := strings.Trim(cells[0], "`")
		s, ok := streamNamed(name)
		if !ok || name == cells[0] {
			continue // the table's head
		}
		listed = append(listed, name)
		info := describe(s)
		if info.Family != family {
			t.Errorf("%s stands under %s, and is of %s", name, family, info.Family)
		}
		if back := map[bool]string{true: "6 months", false: "no limit"}[s.Window != nil && s.Window.LookBack == 6]; s.Window != nil && cells[3] != back || s.Window == nil && cells[3] != "" {
			t.Errorf("%s goes back %q, says the page", name, cells[3])
		}
		if string(info.Plan) != cells[4] {
			t.Errorf("%s needs the plan %s, and the page says %s", name, info.Plan, cells[4])
		}
		var scopes []string
		for _, m := range word.FindAllStringSubmatch(cells[5], -1) {
			scopes = append(scopes, m[1])
		}
		if !slices.Equal(scopes, info.Scopes.Granular) {
			t.Errorf("%s needs the scopes %v, and the page says %v", name, info.Scopes.Granular, scopes)
		}
		checkKeyCell(t, s, cells[2], word)
	}
	for _, s := range stream.All() {
		if !slices.Contains(listed, s.Name) {
			t.Errorf("docs/streams.md does not list %s", s.Name)
		}
	}
}

// checkKeyCell holds that the page names the columns of a key, and the day and
// the hash where it has them.
func checkKeyCell(t *testing.T, s stagedoor.Stream, cell string, word *regexp.Regexp) {
	t.Helper()
	var named, want []string
	for _, m := range word.FindAllStringSubmatch(cell, -1) {
		named = append(named, m[1])
	}
	for _, id := range s.ID {
		for _, column := range id {
			if !slices.Contains(want, column) {
				want = append(want, column)
			}
		}
	}
	if !slices.Equal(slices.Sorted(slices.Values(named)), slices.Sorted(slices.Values(want))) {
		t.Errorf("%s: its key is of %v, and the page says %v", s.Name, want, named)
	}
	if strings.HasPrefix(cell, "day, ") != (len(s.Day) > 0) || strings.Contains(cell, "hash") != (len(s.ID) == 0) {
		t.Errorf("%s: the page says of its key %q", s.Name, cell)
	}
}

// TestJudge holds what is said of a credential whose token lacks scopes, its
// parents' among them, or whose plan is too small.
func TestJudge(t *testing.T) {
	a := &App{}
	pro := stagedoor.Credential{Slug: "acme", Plan: stagedoor.PlanPro}
	for _, tt := range []struct {
		stream, held, why string
		credential        stagedoor.Credential
		readable          bool
	}{
		{"meeting_attendance", "report:read:list_history_meetings:admin report:read:list_meeting_participants:admin", "", pro, true},
		{"meeting_attendance", "report:read:admin", "", pro, true},
		{
			"meeting_attendance", "report:read:list_meeting_participants:admin",
			"missing scope report:read:list_history_meetings:admin (of history_meetings, whose rows it is read for)", pro, false,
		},
		{
			"report_meeting_participants", "user:read:user:admin",
			"missing scope report:read:list_history_meetings:admin (of history_meetings, whose rows it is read for), report:read:list_meeting_participants:admin", pro, false,
		},
		{
			"meeting_registrants", "meeting:read:list_registrants:admin meeting:read:list_meetings:admin",
			"missing scope user:read:list_users:admin (of users, whose rows it is read for)", pro, false,
		},
		{"meeting_registrants", "meeting:read:admin user:read:admin", "", pro, true},
		{"metrics_meetings", "dashboard:read:list_meetings:admin", "it needs the business plan or higher, and the credential's plan is pro", pro, false},
		{"recordings", "recording:read:admin user:read:admin", "it needs the pro plan or higher, and the credential's plan is free", stagedoor.Credential{Plan: stagedoor.PlanFree}, false},
		{"groups", "", "the token does not say which scopes it holds", pro, false},
	} {
		s, _ := streamNamed(tt.stream)
		got := a.Judge(describe(s), tt.credential, strings.Fields(tt.held))
		readable := got.Readable != nil && *got.Readable
		if readable != tt.readable || got.Why != tt.why {
			t.Errorf("%s with %s: %v, %q; want %v, %q", tt.stream, tt.held, readable, got.Why, tt.readable, tt.why)
		}
		if tt.held == "" && (got.Readable != nil || len(got.Missing) > 0) {
			t.Errorf("%s: nothing is known, and it says %v, %v", tt.stream, got.Readable, got.Missing)
		}
	}
}
