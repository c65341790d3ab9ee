package api

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stagedoor/stagedoor"
)

// TestPagesAreStable holds that whoever reads a list page by page sees each thing
// once that is there all the time, whatever comes and goes meanwhile.
func TestPagesAreStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringN(0, 6, -1)
		stay := rapid.SliceOfNDistinct(name, 0, 30, func(s string) string { return s }).Draw(t, "stay")
		p := Paged{Limit: rapid.IntRange(1, 7).Draw(t, "limit")}
		seen := map[string]int{}
		for pages := 0; ; pages++ {
			coming := rapid.SliceOfNDistinct(name, 0, 5, func(s string) string { return s }).Draw(t, "coming")
			all := slices.Clone(stay)
			for _, s := range coming {
				if !slices.Contains(all, s) {
					all = append(all, s)
				}
			}
			page, err := pageOf(context.Background(), p, all, func(s string) string { return s })
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Body.Items) > p.Limit {
				t.Fatalf("a page of %d has %d", p.Limit, len(page.Body.Items))
			}
			for _, s := range page.Body.Items {
				seen[s]++
			}
			if (page.Body.Next == "") != (page.Link == "") {
				t.Fatalf("next is %q and the link %q", page.Body.Next, page.Link)
			}
			if page.Body.Next == "" {
				break
			}
			if pages > 1000 {
				t.Fatal("it never ends")
			}
			p.After = page.Body.Next
		}
		for _, s := range stay {
			if seen[s] != 1 {
				t.Errorf("%q was seen %d times", s, seen[s])
			}
		}
	})
}

func TestLinkLeadsOn(t *testing.T) {
	ctx := context.WithValue(context.Background(), arrivalKey{}, arrival{path: "/api/v1/runs", query: url.Values{"state": {"done", "failed"}, "limit": {"2"}}})
	page, err := pageOf(ctx, Paged{Limit: 2}, []int{3, 1, 2}, func(i int) string { return fmt.Sprint(i) })
	if err != nil {
		t.Fatal(err)
	}
	target, relation, _ := strings.Cut(page.Link, ">")
	u, err := url.Parse(strings.TrimPrefix(target, "<"))
	if err != nil || relation != `; rel="next"` || u.Path != "/api/v1/runs" || u.Query().Get("after") != page.Body.Next || len(u.Query()["state"]) != 2 {
		t.Errorf("the link is %s", page.Link)
	}
}

// FuzzCursor holds that a cursor is one of ours or is refused, and that nothing of it
// is repeated.
func FuzzCursor(f *testing.F) {
	f.Add(cursor("a", "b&c"))
	f.Add("!")
	f.Add("JQ")
	f.Fuzz(func(t *testing.T, after string) {
		keys, err := Paged{After: after}.read(2)
		if err == nil && after != "" && cursor(slices.Clone(keys)...) != after {
			// Base64 and escapes have more than one form; what is read must stay the same.
			again, err := Paged{After: cursor(slices.Clone(keys)...)}.read(2)
			if err != nil || !slices.Equal(again, keys) {
				t.Errorf("%q is %q, and that %q", after, keys, again)
			}
		}
		if err != nil && stagedoor.KindOf(err) != stagedoor.KindUsage {
			t.Errorf("%q: %v", after, err)
		}
	})
}
