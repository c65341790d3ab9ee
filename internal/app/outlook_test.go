package app

import (
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/quota"
)

// TestCourse holds on which day a call of a plan is made: by what is left of
// today's quota and of the days to come, by the rate, and by who else shares them.
func TestCourse(t *testing.T) {
	heavy := &course{perDay: 100, left: 30, per: time.Second / 10}
	slow := &course{per: time.Minute} // 1,440 a day, of the same daily limit
	for _, tt := range []struct {
		label *course
		calls int
		day   int
	}{
		{heavy, 30, 0}, {heavy, 1, 1}, {heavy, 99, 1}, {heavy, 1, 2}, {slow, 99, 2}, {slow, 1, 3}, {heavy, 0, 3},
	} {
		if got := tt.label.take(heavy, tt.calls); got != tt.day {
			t.Errorf("%d calls after %d of the day's: day %d, want %d", tt.calls, heavy.used, got, tt.day)
		}
	}
	if heavy.last != 2 || slow.last != 3 || heavy.calls != 131 {
		t.Errorf("heavy %+v, slow %+v", heavy, slow)
	}
	free := &course{per: time.Minute, left: -1}
	if day := free.take(free, 1440*3+1); day != 3 {
		t.Errorf("without a daily limit 4,321 calls at one a minute end on day %d, want 3", day)
	}
}

func TestAdd(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 6, d, 0, 0, 0, 0, time.UTC) }
	var spans []stagedoor.Days
	for _, days := range []stagedoor.Days{{Since: day(1), Until: day(2)}, {Since: day(3), Until: day(3)}, {Since: day(1), Until: day(3)}, {Since: day(9), Until: day(10)}} {
		spans = add(spans, days)
	}
	if len(spans) != 2 || spans[0].String() != "2026-06-01..2026-06-03" || spans[1].String() != "2026-06-09..2026-06-10" {
		t.Errorf("spans = %v", spans)
	}
}

// TestWidthGrows holds that a width grows to what uses the quota up, at most to
// twice itself at a time, and never beyond.
func TestWidthGrows(t *testing.T) {
	for _, tt := range []struct {
		now, calls int
		left       float64
		want       int
	}{
		{2, 0, 40, 2},   // nothing was sent yet
		{2, 36, 40, 2},  // full
		{2, 2, 40, 4},   // a slow answer: twice is tried first
		{8, 30, 40, 11}, // nearly there
		{40, 10, 40, 50},
	} {
		w := &width{now: tt.now, most: 50}
		if got := w.grown(quota.Pace{Calls: tt.calls, Left: tt.left}); got != tt.want {
			t.Errorf("%d wide, %d calls of %.0f: %d wide, want %d", tt.now, tt.calls, tt.left, got, tt.want)
		}
	}
}
