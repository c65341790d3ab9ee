package sync

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

// inBubble runs a test of the world at noon of a day, in a clock of its own.
func inBubble(t *testing.T, f func(t *testing.T, p *provider, place *shelf, e *Engine)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(noon))
		p, place := begin(noon), &shelf{}
		f(t, p, place, worldEngine(p, place))
	})
}

func (p *provider) begun(prefix string) (n int) {
	for _, asked := range p.asked {
		if strings.HasPrefix(asked, prefix) {
			n++
		}
	}
	return n
}

func runOf(t *testing.T, e *Engine, streams ...stagedoor.Stream) (stagedoor.Receipt, error) {
	t.Helper()
	return e.Run(t.Context(), plan(t, e, Job{Run: "r", Streams: streams}))
}

func reportOf(receipt stagedoor.Receipt, stream string) stagedoor.StreamReport {
	i := slices.IndexFunc(receipt.Streams, func(r stagedoor.StreamReport) bool { return r.Stream == stream })
	if i < 0 {
		return stagedoor.StreamReport{}
	}
	return receipt.Streams[i]
}

// TestOneReading holds that a run reads nothing twice, however many streams hang
// on it: each parent once, by its own windows, and each meeting once for its
// people and for what is worked out of them.
func TestOneReading(t *testing.T) {
	inBubble(t, func(t *testing.T, p *provider, place *shelf, e *Engine) {
		receipt, err := runOf(t, e, attendance, badges, people, members, meetings, groups)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(p.asked); n != len(slices.Compact(slices.Sorted(slices.Values(p.asked)))) {
			t.Errorf("%d lists were read, some of them twice: %v", n, p.asked)
		}
		if p.begun("/groups?") != 1 || p.begun("/meetings?") != 4 || p.begun("/meetings/") != 16 {
			t.Errorf("the lists that were read: %v", p.asked)
		}
		if r := reportOf(receipt, "attendance"); r.Requests != 0 || r.SlicesWritten != 62 || r.Returned != len(p.truth(attendance)) {
			t.Errorf("attendance: %+v", r.Parts)
		}
		if r := reportOf(receipt, "people"); r.Parts == nil || r.Parts.Count != 16 || r.Parts.Requests != 0 {
			t.Errorf("people: %+v", r.Parts)
		}
		if place.done != 1 {
			t.Errorf("Finish came %d times", place.done)
		}
	})
}

// TestOnlyWhatIsNeeded holds that a second run reads its days alone, and of the
// parent only these.
func TestOnlyWhatIsNeeded(t *testing.T) {
	inBubble(t, func(t *testing.T, p *provider, place *shelf, e *Engine) {
		if _, err := runOf(t, e, people); err != nil {
			t.Fatal(err)
		}
		p.asked = nil
		receipt, err := runOf(t, e, attendance, people)
		if err != nil {
			t.Fatal(err)
		}
		// Attendance was never read, so all its days are; people's only where both are.
		if people, attended := reportOf(receipt, "people"), reportOf(receipt, "attendance"); people.SlicesWritten != 2 || attended.SlicesWritten != 62 {
			t.Errorf("%d slices of people and %d of attendance", people.SlicesWritten, attended.SlicesWritten)
		}
		p.asked = nil
		if _, err := runOf(t, e, people, attendance); err != nil {
			t.Fatal(err)
		}
		want := []string{"/meetings/old0/people?", "/meetings/old1/people?", "/meetings?from=2026-11-21&to=2026-11-22"}
		if got := slices.Sorted(slices.Values(p.asked)); !slices.Equal(got, want) {
			t.Errorf("the third run reads %v, want %v", got, want)
		}
	})
}

// TestLeftOut holds what each answer of a part means: not there is listed, and
// makes nothing of its day gone; alone and empty are nothing to tell.
func TestLeftOut(t *testing.T) {
	inBubble(t, func(t *testing.T, p *provider, place *shelf, e *Engine) {
		today := noon.Format(time.RFC3339)
		p.lists["/meetings"] = append(p.lists["/meetings"],
			fields{"id": "alone", "day": today, "topic": "x", "kind": "Meeting", "people": "1"},
			fields{"id": "late", "day": today, "topic": "x", "kind": "Meeting", "people": "5"},
			fields{"id": "webinar", "day": today, "topic": "x", "kind": "Webinar", "people": "9"})
		p.lists["/meetings/late/people"] = []fields{{"id": "l", "name": "n"}}
		if _, err := runOf(t, e, people, attendance, members); err != nil {
			t.Fatal(err)
		}
		held := place.held("people")
		p.before = func(path string, _ stagedoor.Request, _ int) error {
			switch path {
			case "/meetings/alone/people", "/meetings/late/people":
				return &stagedoor.Error{Kind: stagedoor.KindNotFound, Code: "3001", Cause: "no report"}
			case "/groups/a/members":
				return &stagedoor.Error{Kind: stagedoor.KindBadRequest, Status: 400, Code: "300", Cause: "not enabled"}
			}
			return nil
		}
		delete(p.lists, "/meetings/old0/people")
		receipt, err := runOf(t, e, people, attendance, members)
		if stagedoor.KindOf(err) != stagedoor.KindPartial {
			t.Fatalf("err = %v, want partial", err)
		}
		want := []stagedoor.Skip{{What: "meetings late", Reason: "no report; it is asked for again until its day is settled"}}
		for _, name := range []string{"people", "attendance"} {
			if diff := cmp.Diff(want, reportOf(receipt, name).Skipped); diff != "" {
				t.Errorf("%s skipped (-want +got):\n%s", name, diff)
			}
		}
		if diff := cmp.Diff(held, place.held("people")); diff != "" {
			t.Errorf("rows of a day with a part that was left out were marked:\n%s", diff)
		}
		if p.begun("/meetings/webinar/") != 0 {
			t.Error("a webinar was asked for its people")
		}
		for key := range place.held("members") {
			if strings.HasPrefix(key, "a:") {
				t.Errorf("%s is there, of a part that says it has none", key)
			}
		}
		p.before = nil
		if _, err := runOf(t, e, people); err != nil || !cmp.Equal(p.truth(people), place.held("people")) {
			t.Errorf("once it is ready: %v\n%s", err, cmp.Diff(p.truth(people), place.held("people")))
		}
	})
}

// TestEnded holds that parts which the parent does not list any more are marked,
// down the chain, and only where the parent's whole list was read.
func TestEnded(t *testing.T) {
	inBubble(t, func(t *testing.T, p *provider, place *shelf, e *Engine) {
		if _, err := runOf(t, e, badges, members); err != nil {
			t.Fatal(err)
		}
		p.lists["/groups"] = p.lists["/groups"][1:] // a goes, with aa, ab, ac
		p.before = func(path string, _ stagedoor.Request, _ int) error {
			if path == "/groups/b/members" {
				return &stagedoor.Error{Kind: stagedoor.KindNotFound, Code: "404", Cause: "gone"}
			}
			return nil
		}
		if _, err := runOf(t, e, badges, members); stagedoor.KindOf(err) != stagedoor.KindPartial {
			t.Fatalf("err = %v, want partial", err)
		}
		if want := []string{"members a"}; !slices.Equal(place.ended, want) { // whose badges are there is not known
			t.Errorf("ended: %v, want %v", place.ended, want)
		}
		p.before = nil
		receipt, err := runOf(t, e, badges, members)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"members a", "badges aa", "badges ab", "badges ac"}; !slices.Equal(place.ended, want) {
			t.Errorf("ended: %v, want %v", place.ended, want)
		}
		if r := reportOf(receipt, "badges"); r.Parts.Ended != 3 || !slices.ContainsFunc(r.Slices, func(s stagedoor.SliceReport) bool {
			return s.State == stagedoor.SliceEnded && s.Slice == "all@ab" && s.Gone == 3
		}) {
			t.Errorf("the receipt of what ended: %+v", r.Parts)
		}
		p.lists["/groups"] = nil
		if _, err := runOf(t, e, members); err != nil || len(place.ended) != 4 {
			t.Errorf("an account without any group: %v, ended %v", err, place.ended)
		}
	})
}

// TestSideBySide holds that lists of a label are read as many at once as it is
// wide, those of another label at the same time, and that the days of a run with
// a slow destination go on being read.
func TestSideBySide(t *testing.T) {
	inBubble(t, func(t *testing.T, p *provider, place *shelf, e *Engine) {
		p.perPage = 100
		p.before = func(string, stagedoor.Request, int) error { time.Sleep(time.Second); return nil }
		began := time.Now()
		if _, err := runOf(t, e, badges, people); err != nil {
			t.Fatal(err)
		}
		// 18 lists of badges by 3, after a list of groups and 3 of members; at the
		// same time 3 windows of meetings, then 16 lists of people by 3.
		if took := time.Since(began); took != 8*time.Second {
			t.Errorf("it took %s, want 8 s", took)
		}
		if p.most["members"] != 3 || p.most["meetings"] != 3 {
			t.Errorf("at most at once: %v", p.most)
		}
		if place.open != 0 || place.most > 3+openSlices+1+openSlices {
			t.Errorf("%d slices are open, %d were at once", place.open, place.most)
		}
	})
}

// TestOneByOne holds the order of rows where it is seen: one slice after another.
func TestOneByOne(t *testing.T) {
	inBubble(t, func(t *testing.T, p *provider, place *shelf, e *Engine) {
		e.Width = nil
		receipt, err := runOf(t, e, people, groups)
		if err != nil || place.most != 2 { // the source's and none other's
			if place.most != 1 {
				t.Fatalf("%v, %d slices were open at once", err, place.most)
			}
		}
		days := reportOf(receipt, "people").Slices
		if !slices.IsSortedFunc(days, func(a, b stagedoor.SliceReport) int { return strings.Compare(a.Slice, b.Slice) }) {
			t.Error("the days are not in order")
		}
		p.asked = nil
		e.Destination = &shelf{}
		receipt, err = e.Run(t.Context(), plan(t, e, Job{Streams: []stagedoor.Stream{people, attendance}, Limit: 4}))
		if err != nil || reportOf(receipt, "people").Returned != 4 || reportOf(receipt, "attendance").Returned != 4 {
			t.Errorf("with a limit: %v, %+v", err, receipt.Streams)
		}
		if p.begun("/meetings?from=2026-11") != 0 {
			t.Errorf("the parents of days that nobody came to were read: %v", p.asked)
		}
	})
}

// TestErrorsStay holds that an error stops the stream that it concerns and no
// other, and what hangs on that; and that one which concerns all ends them.
func TestErrorsStay(t *testing.T) {
	inBubble(t, func(t *testing.T, p *provider, place *shelf, e *Engine) {
		p.before = func(path string, _ stagedoor.Request, _ int) error {
			time.Sleep(time.Second)
			if path == "/meetings" {
				return &stagedoor.Error{Kind: stagedoor.KindScopeMissing, Code: "4711", Cause: "no scope", Fix: "Add it."}
			}
			return nil
		}
		receipt, err := runOf(t, e, world...)
		if stagedoor.KindOf(err) != stagedoor.KindPartial || len(receipt.Streams) != len(world)-2+2 && reportOf(receipt, "logs").Error != nil {
			t.Fatalf("%v, %+v", err, receipt.Streams)
		}
		for _, r := range receipt.Streams {
			refused := r.Stream == "meetings" || r.Stream == "people" || r.Stream == "attendance"
			if refused != (r.Error != nil) || refused && r.Error.Fix != "Add it." {
				t.Errorf("%s: %+v", r.Stream, r.Error)
			}
		}
		if n := p.begun("/meetings?"); n > 3 {
			t.Errorf("a stream that was refused was asked for %d times", n)
		}

		p.before = func(path string, _ stagedoor.Request, page int) error {
			time.Sleep(time.Second)
			if path == "/groups" {
				return &stagedoor.Error{Kind: stagedoor.KindInvalidClient, Cause: "refused"}
			}
			return nil
		}
		if receipt, err = runOf(t, e, world...); stagedoor.KindOf(err) != stagedoor.KindInvalidClient || receipt.State != "failed" {
			t.Errorf("a refused credential: %v, %s", err, receipt.State)
		}
		for _, r := range receipt.Streams {
			if r.Error == nil || r.Error.Kind != stagedoor.KindInvalidClient {
				t.Errorf("%s was cut off by %+v", r.Stream, r.Error)
			}
		}
	})
}

// TestStopped holds that a run which is stopped ends at once, leaves nothing
// running (the bubble tells) and nothing open.
func TestStopped(t *testing.T) {
	inBubble(t, func(t *testing.T, p *provider, place *shelf, e *Engine) {
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second+500*time.Millisecond)
		defer stop()
		p.before = func(string, stagedoor.Request, int) error { time.Sleep(time.Second); return nil }
		receipt, err := e.Run(ctx, plan(t, e, Job{Streams: world}))
		if stagedoor.KindOf(err) != stagedoor.KindInterrupted || receipt.State != "interrupted" || place.open != 0 || place.done != 0 {
			t.Errorf("%v, %s, %d slices open, finished %d times", err, receipt.State, place.open, place.done)
		}
	})
}

// TestMoved holds that a list which changes while it is read is read again, and
// in the end taken as it comes.
func TestMoved(t *testing.T) {
	for _, times := range []int{1, 100} {
		inBubble(t, func(t *testing.T, p *provider, place *shelf, e *Engine) {
			p.counts = true
			left := times
			p.before = func(path string, _ stagedoor.Request, page int) error {
				if path == "/groups" && page == 2 && left > 0 {
					left--
					p.lists["/groups"] = p.lists["/groups"][1:] // what came moves what is to come
					p.lists["/groups"] = append(p.lists["/groups"], fields{"id": "x" + string(rune('a'+left%20))}, fields{"id": "y" + string(rune('a'+left%20))})
				}
				return nil
			}
			receipt, err := runOf(t, e, groups)
			if want := min(times, restartsMoved); err != nil || reportOf(receipt, "groups").Slices[0].Restarts != want {
				t.Errorf("changed %d times: %v, %+v", times, err, receipt.Streams)
			}
			if times == 1 && !cmp.Equal(p.truth(groups), place.held("groups")) {
				t.Errorf("a row was lost:\n%s", cmp.Diff(p.truth(groups), place.held("groups")))
			}
		})
	}
}

// TestDivideNested holds the figures of a dry run, which writes nothing.
func TestDivideNested(t *testing.T) {
	inBubble(t, func(t *testing.T, p *provider, place *shelf, e *Engine) {
		plan := plan(t, e, Job{Streams: []stagedoor.Stream{attendance, people, badges}})
		if err := e.Divide(t.Context(), &plan); err != nil {
			t.Fatal(err)
		}
		got := map[string][2]int{}
		for _, part := range plan.Streams {
			got[part.Stream.Name] = [2]int{part.Requests(), part.Parts.Count}
		}
		want := map[string][2]int{"people": {16, 16}, "attendance": {0, 16}, "badges": {18, 9}}
		if diff := cmp.Diff(want, got); diff != "" || len(place.rows) != 0 {
			t.Errorf("calls and parts (-want +got):\n%s", diff)
		}
		people := plan.Streams[slices.IndexFunc(plan.Streams, func(s StreamPlan) bool { return s.Stream.Name == "people" })]
		if days, ok := people.Expired(0, noon.AddDate(0, 0, 3)); !ok || days.String() != "2026-09-22..2026-09-22" {
			t.Errorf("read in three days, the first slice has lost %s, %v", days, ok)
		}
		if _, ok := people.Expired(3, noon.AddDate(0, 0, 3)); ok {
			t.Error("a slice of days that are still kept then has lost some")
		}
	})
}
