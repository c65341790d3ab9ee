package sync

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

func TestPlan(t *testing.T) {
	tests := []struct {
		name  string
		job   Job
		done  []stagedoor.Checkpoint
		want  []string
		lost  []string
		known int
	}{
		{
			"the first time: as far back as the provider keeps, cut at months",
			Job{},
			nil,
			[]string{"2026-05-22..2026-05-31", "2026-06-01..2026-06-30", "2026-07-01..2026-07-31", "2026-08-01..2026-08-31", "2026-09-01..2026-09-30", "2026-10-01..2026-10-31", "2026-11-01..2026-11-20", "2026-11-21..2026-11-22"},
			nil, 0,
		},
		{"asked days alone", Job{Since: date("2026-09-29"), Until: date("2026-10-02")}, nil, []string{"2026-09-29..2026-09-30", "2026-10-01..2026-10-02"}, nil, 0},
		{"days to come are not asked for", Job{Since: date("2026-11-20"), Until: date("2027-01-01")}, nil, []string{"2026-11-20..2026-11-20", "2026-11-21..2026-11-22"}, nil, 0},
		{
			"older than is kept: said, not asked",
			Job{Since: date("2026-01-30"), Until: date("2026-05-23")},
			nil,
			[]string{"2026-05-22..2026-05-23"},
			[]string{"2026-01-30..2026-05-21"},
			0,
		},
		{
			"where it stopped: days that may still change are read again",
			Job{},
			[]stagedoor.Checkpoint{point("2026-11-01..2026-11-20", date("2026-11-20").Add(10*time.Hour), 5)},
			[]string{"2026-11-01..2026-11-20", "2026-11-21..2026-11-22"},
			nil, 0,
		},
		{
			"and of what lies before them, nothing",
			Job{},
			[]stagedoor.Checkpoint{
				point("2026-11-01..2026-11-18", date("2026-11-20").Add(10*time.Hour), 5),
				point("2026-11-19..2026-11-20", date("2026-11-20").Add(10*time.Hour), 5),
			},
			[]string{"2026-11-19..2026-11-20", "2026-11-21..2026-11-22"},
			nil, 18,
		},
		{
			"settled days are not read again, holes are",
			Job{Since: date("2026-10-01"), Until: date("2026-10-31")},
			[]stagedoor.Checkpoint{point("2026-10-01..2026-10-10", noon, 5), point("2026-10-21..2026-10-31", noon, 5)},
			[]string{"2026-10-11..2026-10-20"},
			nil, 21,
		},
		{
			"a gap that grew older than is kept is told once",
			Job{},
			[]stagedoor.Checkpoint{point("2026-03-01..2026-03-10", date("2026-03-10"), 5)},
			[]string{"2026-05-22..2026-05-31", "2026-06-01..2026-06-30", "2026-07-01..2026-07-31", "2026-08-01..2026-08-31", "2026-09-01..2026-09-30", "2026-10-01..2026-10-31", "2026-11-01..2026-11-20", "2026-11-21..2026-11-22"},
			[]string{"2026-03-09..2026-05-21"},
			8,
		},
		{
			"and not again",
			Job{},
			[]stagedoor.Checkpoint{point("2026-03-01..2026-03-10", date("2026-03-10"), 5), point("2026-05-22..2026-11-19", noon, 5)},
			[]string{"2026-11-20..2026-11-20", "2026-11-21..2026-11-22"},
			nil, 8 + 182,
		},
		{
			"all is there",
			Job{Since: date("2026-10-01"), Until: date("2026-10-31")},
			[]stagedoor.Checkpoint{point("2026-10-01..2026-10-31", noon, 5)},
			nil, nil, 31,
		},
		{
			"a full refresh reads what is there, and keeps what Zoom no longer gives",
			Job{Since: date("2026-05-01"), Until: date("2026-05-31"), FullRefresh: true},
			[]stagedoor.Checkpoint{point("2026-05-01..2026-05-31", noon, 5)},
			[]string{"2026-05-22..2026-05-31"},
			nil, 21,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.job.Streams = []stagedoor.Stream{events}
			part := plan(t, engine(&server{}, &place{points: tt.done}), tt.job).Streams[0]
			if diff := cmp.Diff(tt.want, sliceIDs(part)); diff != "" {
				t.Errorf("slices (-want +got):\n%s", diff)
			}
			var lost []string
			for _, d := range part.Lost {
				lost = append(lost, d.String())
			}
			if diff := cmp.Diff(tt.lost, lost); diff != "" {
				t.Errorf("lost (-want +got):\n%s", diff)
			}
			if part.Known != tt.known {
				t.Errorf("known = %d days, want %d", part.Known, tt.known)
			}
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	for name, job := range map[string]Job{
		"since after until":          {Streams: []stagedoor.Stream{events}, Since: date("2026-10-02"), Until: date("2026-10-01")},
		"since after today":          {Streams: []stagedoor.Stream{events}, Since: date("2026-12-01")},
		"a parameter that sync sets": {Streams: []stagedoor.Stream{events}, Params: map[string]string{"page_size": "1"}},
		"the window's own parameter": {Streams: []stagedoor.Stream{events}, Params: map[string]string{"from": "2026-01-01"}},
		"a pass's own parameter":     {Streams: []stagedoor.Stream{things}, Params: map[string]string{"status": "on"}},
		"no oldest day of its own":   {Streams: []stagedoor.Stream{func() stagedoor.Stream { s := events; s.Window = &stagedoor.Window{From: "from", To: "to"}; return s }()}},
	} {
		_, err := engine(&server{}, &place{}).Plan(t.Context(), job)
		if stagedoor.KindOf(err) != stagedoor.KindUsage {
			t.Errorf("%s: %v, want a usage error", name, err)
		}
	}
}

// TestMonthsBefore holds that six months before the 31st is the last day of a
// shorter month, not a day of the next one.
func TestMonthsBefore(t *testing.T) {
	for day, want := range map[string]string{"2026-08-31": "2026-02-28", "2026-11-22": "2026-05-22", "2026-03-15": "2025-09-15", "2026-12-31": "2026-06-30"} {
		if got := monthsBefore(date(day), 6).Format(time.DateOnly); got != want {
			t.Errorf("six months before %s = %s, want %s", day, got, want)
		}
	}
}
