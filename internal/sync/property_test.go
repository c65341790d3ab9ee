package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stagedoor/stagedoor"
)

// change is one of the things that happen at the provider between two calls.
// Rows with days change only while their day is not settled, which is what the
// provider promises.
func change(rt *rapid.T, p *provider, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := fmt.Sprintf("%c", rapid.IntRange('a', 'h').Draw(rt, "id"))
	day := func() string { // today or yesterday, which are not settled
		return stagedoor.DayOf(now).AddDate(0, 0, -rapid.IntRange(0, 1).Draw(rt, "days ago")).Add(9 * time.Hour).Format(time.RFC3339)
	}
	open := func(row fields) bool {
		return row["day"] >= stagedoor.DayOf(now).AddDate(0, 0, -1).Format(time.DateOnly)
	}
	put := func(path string, row fields) {
		rows := slices.DeleteFunc(p.lists[path], func(r fields) bool { return r["id"] == row["id"] })
		p.lists[path] = append(rows, row)
	}
	some := func(path string, want func(fields) bool) (fields, bool) {
		var rows []fields
		for _, row := range p.lists[path] {
			if want == nil || want(row) {
				rows = append(rows, row)
			}
		}
		if len(rows) == 0 {
			return nil, false
		}
		return rapid.SampledFrom(rows).Draw(rt, "row"), true
	}
	drop := func(path, id string) {
		p.lists[path] = slices.DeleteFunc(p.lists[path], func(r fields) bool { return r["id"] == id })
	}
	switch rapid.SampledFrom([]string{"group", "no group", "member", "no member", "badge", "log", "no log", "meeting", "no meeting", "person", "no person"}).Draw(rt, "change") {
	case "group":
		put("/groups", fields{"id": id, "name": fmt.Sprint("n", rapid.IntRange(0, 9).Draw(rt, "name"))})
	case "no group":
		// A list that shows nothing proves nothing, unless its rows are counted.
		if len(p.lists["/groups"]) > 1 || p.counts {
			drop("/groups", id)
		}
	case "member":
		if g, ok := some("/groups", nil); ok {
			put("/groups/"+g["id"]+"/members", fields{"id": g["id"] + id, "name": fmt.Sprint("n", rapid.IntRange(0, 9).Draw(rt, "name"))})
		}
	case "no member":
		if g, ok := some("/groups", nil); ok {
			drop("/groups/"+g["id"]+"/members", g["id"]+id)
		}
	case "badge":
		if g, ok := some("/groups", nil); ok {
			if m, ok := some("/groups/"+g["id"]+"/members", nil); ok {
				put("/members/"+m["id"]+"/badges", fields{"id": id, "kind": rapid.SampledFrom([]string{"gold", "tin"}).Draw(rt, "kind")})
			}
		}
	case "log":
		on := day()
		put("/logs", fields{"id": "new" + id + on[:10], "day": on})
	case "no log":
		if row, ok := some("/logs", open); ok {
			drop("/logs", row["id"])
		}
	case "meeting":
		on := day() // and never another: a day that is settled loses no row
		put("/meetings", fields{"id": "m" + id + on[:10], "day": on, "topic": id, "kind": rapid.SampledFrom([]string{"Meeting", "Meeting", "Webinar"}).Draw(rt, "kind"), "people": "3"})
	case "no meeting":
		if row, ok := some("/meetings", open); ok {
			drop("/meetings", row["id"])
		}
	case "person":
		if row, ok := some("/meetings", open); ok {
			put("/meetings/"+row["id"]+"/people", fields{"id": id, "name": fmt.Sprint("n", rapid.IntRange(0, 2).Draw(rt, "name"))})
		}
	case "no person":
		if row, ok := some("/meetings", open); ok {
			drop("/meetings/"+row["id"]+"/people", id)
		}
	}
}

// begin makes a world that has gone on for a while.
func begin(now time.Time) *provider {
	p := newProvider()
	for i := range 3 {
		g := fields{"id": string(rune('a' + i)), "name": "n"}
		p.lists["/groups"] = append(p.lists["/groups"], g)
		for j := range 3 {
			m := fields{"id": g["id"] + string(rune('a'+j)), "name": "n"}
			p.lists["/groups/"+g["id"]+"/members"] = append(p.lists["/groups/"+g["id"]+"/members"], m)
			p.lists["/members/"+m["id"]+"/badges"] = []fields{{"id": "x", "kind": "gold"}, {"id": "y", "kind": "tin"}, {"id": "z", "kind": "tin"}}
		}
	}
	for ago := range 45 {
		day := stagedoor.DayOf(now).AddDate(0, 0, -ago).Add(8 * time.Hour).Format(time.RFC3339)
		id := fmt.Sprint("old", ago)
		p.lists["/logs"] = append(p.lists["/logs"], fields{"id": id, "day": day}, fields{"id": id + "b", "day": day})
		if ago%3 == 0 || ago < 2 {
			p.lists["/meetings"] = append(p.lists["/meetings"], fields{"id": id, "day": day, "topic": "old", "kind": "Meeting", "people": "2"})
			for i := range 3 {
				p.lists["/meetings/"+id+"/people"] = append(p.lists["/meetings/"+id+"/people"], fields{"id": fmt.Sprint("s", i), "name": fmt.Sprint("n", i%2)})
			}
		}
	}
	for i := range 6 { // a part of more pages than one
		p.lists["/meetings/old0/people"] = append(p.lists["/meetings/old0/people"], fields{"id": fmt.Sprint("t", i), "name": fmt.Sprint("n", i%2)})
	}
	return p
}

// TestExact holds what a sync is for: whatever breaks, whatever changes at the
// provider and whenever a run is stopped, once a run comes to its end undisturbed
// the place holds what the provider has, no more and no less.
func TestExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var failed any // rapid tells by a panic, which a bubble does not let out
		synctest.Test(t, func(*testing.T) {
			defer func() { failed = recover() }()
			exact(rt)
		})
		if failed != nil {
			panic(failed)
		}
	})
}

func exact(rt *rapid.T) {
	time.Sleep(time.Until(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))) // a bubble's clock begins in 2000
	p, place := begin(time.Now()), &shelf{}
	p.counts = rapid.Bool().Draw(rt, "counts")
	e := worldEngine(p, place)
	if rapid.Bool().Draw(rt, "one by one") {
		e.Width = nil
	}
	streams := rapid.SampledFrom([][]stagedoor.Stream{
		world, {attendance}, {people}, {attendance, people}, {badges}, {members, badges}, {people, meetings, logs}, {groups, badges},
	}).Draw(rt, "streams")
	for range rapid.IntRange(0, 4).Draw(rt, "disturbed runs") {
		once(rt, e, p, place, streams, true)
		for range rapid.IntRange(0, 6).Draw(rt, "changes") {
			change(rt, p, time.Now())
		}
		time.Sleep(time.Duration(rapid.IntRange(0, 20).Draw(rt, "hours")) * time.Hour)
	}
	once(rt, e, p, place, streams, false)
	for _, s := range streams {
		if diff := cmp.Diff(p.truth(s), place.held(s.Name)); diff != "" {
			rt.Fatalf("%s (-provider +place):\n%s", s.Name, diff)
		}
	}
	if place.open != 0 {
		rt.Fatalf("%d slices were left open", place.open)
	}
	// And once more, with nothing new: nothing is written twice or marked.
	before := maps.Clone(place.held(streams[0].Name))
	once(rt, e, p, place, streams, false)
	if diff := cmp.Diff(before, place.held(streams[0].Name)); diff != "" {
		rt.Fatalf("a run with nothing to do changed %s:\n%s", streams[0].Name, diff)
	}
}

// once runs the streams, disturbed or not, and holds the receipt to the result.
func once(rt *rapid.T, e *Engine, p *provider, place *shelf, streams []stagedoor.Stream, disturbed bool) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	p.before, place.fail = nil, nil
	if disturbed {
		seed := rapid.Uint64().Draw(rt, "seed")
		var n atomic.Uint64
		chance := func(of uint64) bool { // calls come from several goroutines, and rapid may be asked by one
			x := (seed + n.Add(1)) * 0x9E3779B97F4A7C15
			x ^= x >> 31
			x *= 0xBF58476D1CE4E5B9
			return (x^x>>29)%of == 0
		}
		grim := uint64(rapid.SampledFrom([]int{15, 60, 400}).Draw(rt, "grim"))
		p.before = func(path string, _ stagedoor.Request, page int) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			switch {
			case page > 1 && chance(6):
				return &stagedoor.Error{Kind: stagedoor.KindPageToken, Status: 400, Code: "300", Cause: "expired"}
			case chance(60):
				return &stagedoor.Error{Kind: stagedoor.KindTokenRejected, Status: 401, Cause: "revoked"}
			case young(p, path) && chance(10): // of older ones the provider says it for good
				return &stagedoor.Error{Kind: stagedoor.KindNotFound, Status: 404, Code: "3001", Cause: "not ready"}
			case chance(grim):
				return &stagedoor.Error{Kind: stagedoor.KindDailyQuota, Status: 429, Cause: "used up"}
			case chance(grim * 2):
				stop()
			case page > 1 && chance(12) && len(p.lists["/groups"]) > 2: // a row goes while its list is read
				p.lists["/groups"] = p.lists["/groups"][1:]
			case page > 1 && path == "/logs" && chance(12): // and a day's, so that those after it move to a page that was read
				day := stagedoor.DayOf(time.Now()).Format(time.DateOnly)
				open := func(row fields) bool { return row["day"][:10] == day }
				if at := slices.IndexFunc(p.lists[path], open); at >= 0 && slices.ContainsFunc(p.lists[path][at+1:], open) {
					p.lists[path] = slices.Delete(slices.Clone(p.lists[path]), at, at+1)
				}
			}
			return nil
		}
		place.fail = func(stagedoor.Checkpoint) (before, after error) {
			full := &stagedoor.Error{Kind: stagedoor.KindDestination, Cause: "the disk is full"}
			switch {
			case chance(grim):
				return full, nil
			case chance(grim): // it died when all was written, and nobody heard of it
				return nil, full
			}
			return nil, nil
		}
	}
	job := Job{Run: fmt.Sprint(time.Now().UnixNano()), Streams: streams}
	plan, err := e.Plan(ctx, job)
	if err != nil {
		rt.Fatal(err)
	}
	receipt, err := e.Run(ctx, plan)
	if err == nil {
		for _, report := range receipt.Streams {
			if report.Error != nil || len(report.Skipped) > 0 || len(report.Slices) != report.SlicesWritten+ended(report) {
				rt.Fatalf("done, and yet %+v", report)
			}
		}
		if len(receipt.Streams) != len(streams) {
			rt.Fatalf("done, and %d of %d streams are in the receipt", len(receipt.Streams), len(streams))
		}
	}
	if stagedoor.KindOf(err) == stagedoor.KindPartial && !slices.ContainsFunc(receipt.Streams, func(r stagedoor.StreamReport) bool {
		return slices.ContainsFunc(r.Skipped, func(s stagedoor.Skip) bool { return !strings.HasPrefix(s.Reason, "Zoom keeps") })
	}) {
		err = nil // days that a stopped run did not come to have become too old, and had no rows
	}
	if !disturbed && err != nil {
		rt.Fatalf("undisturbed: %v, receipt %+v", err, receipt)
	}
}

// young reports whether a path is that of the people of a meeting of today or
// yesterday. The caller holds the provider's mutex.
func young(p *provider, path string) bool {
	return slices.ContainsFunc(p.lists["/meetings"], func(m fields) bool {
		return path == "/meetings/"+m["id"]+"/people" && m["day"] >= stagedoor.DayOf(time.Now()).AddDate(0, 0, -1).Format(time.DateOnly)
	})
}

func ended(report stagedoor.StreamReport) int {
	if report.Parts == nil {
		return 0
	}
	return report.Parts.Ended
}
