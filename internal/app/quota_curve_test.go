package app

import (
	"reflect"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

func TestCurve(t *testing.T) {
	day := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	line := func(label stagedoor.Label, who string, calls int) stagedoor.QuotaLine {
		return stagedoor.QuotaLine{QuotaEntry: stagedoor.QuotaEntry{Label: label, Caller: who, Credential: "acme"}, Calls: calls}
	}
	got := curveOf(day, []stagedoor.QuotaSample{
		{At: day.Add(time.Hour), Lines: []stagedoor.QuotaLine{line("Light", "cli", 3)}},
		{At: day.Add(2 * time.Hour), Lines: []stagedoor.QuotaLine{line("Light", "cli", 4), line("Heavy", "reports", 7), line("Light", "reports", 1)}},
	})
	want := stagedoor.QuotaCurve{
		Date: "2026-11-25", Labels: []string{"Heavy", "Light"},
		Points: []stagedoor.QuotaPoint{{At: day, Calls: []int{0, 0}}, {At: day.Add(time.Hour), Calls: []int{0, 3}}, {At: day.Add(2 * time.Hour), Calls: []int{7, 5}}},
		Callers: []stagedoor.CallerCalls{
			{Caller: "reports", Credential: "acme", Calls: 8}, {Caller: "cli", Credential: "acme", Calls: 4},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if empty := curveOf(day, nil); len(empty.Points) != 0 || empty.Callers == nil {
		t.Errorf("of a day without calls: %+v", empty)
	}
}

// TestCurveIsKept: what a caller does in a daemon is a curve, also for the day before.
func TestCurveIsKept(t *testing.T) {
	g := startDaemon(t, stagedoor.Rule{Path: "/**"})
	token := g.token(t, g.caller(t), g.secret)
	g.ask(t, token, "/to/acme/v2/users?page_size=1")
	eventually(t, func() bool {
		curve, err := g.app.QuotaCurve(t.Context(), "acme", now())
		if err != nil {
			t.Fatal(err)
		}
		return len(curve.Points) == 2 && len(curve.Callers) == 1 && curve.Callers[0].Caller == "reports"
	})
	g.app.sample(t.Context())
	yesterday, err := g.app.QuotaCurve(t.Context(), "acme", now().AddDate(0, 0, -1))
	if err != nil || len(yesterday.Points) != 0 {
		t.Errorf("yesterday: %+v, %v", yesterday, err)
	}
	samples, err := g.app.store.QuotaSamples(t.Context(), accountName("zoom", g.info.AccountID), stagedoor.DayOf(now()), now().Add(time.Hour))
	if err != nil || len(samples) != 1 || len(samples[0].Lines) != 1 {
		t.Errorf("kept: %+v, %v", samples, err)
	}
}
