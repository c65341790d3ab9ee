package quota_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/quota"
)

// TestObjects holds that what is limited by host or registrant is refused when it
// is used up, for that one alone, by all processes, until midnight.
func TestObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := perSecond(40)
		limits.ObjectLimits = []stagedoor.ObjectLimit{{
			Name: "meetings of a host", Operations: []string{"POST /users/{userId}/meetings"}, Object: "userId", PerDay: 3,
		}}
		store := &shelf{}
		ctx := context.Background()
		create := func(a *quota.Account, host string, o stagedoor.Outcome) error {
			turn, err := a.Admit(ctx, stagedoor.Call{
				Operation: stagedoor.Operation{Method: "POST", Path: "/users/{userId}/meetings", Label: stagedoor.Heavy},
				Objects:   map[string][]string{"meetings of a host": {host}},
			}, stagedoor.Use{})
			if err == nil {
				turn.Sent()
				turn.Done(o)
			}
			return err
		}
		open := func() *quota.Account {
			return quota.Open(quota.Options{Provider: limits, Plan: stagedoor.PlanBusiness, Store: store})
		}
		for range 3 {
			a := open()
			if err := create(a, "ada@example.com", stagedoor.Outcome{}); err != nil {
				t.Fatal(err)
			}
			if err := a.Close(ctx); err != nil {
				t.Fatal(err)
			}
		}
		a := open()
		defer a.Close(ctx)
		err := create(a, "Ada@example.com", stagedoor.Outcome{})
		if stagedoor.KindOf(err) != stagedoor.KindDailyQuota || !strings.Contains(err.Error(), "meetings of a host (3)") {
			t.Errorf("the fourth gave %v", err)
		}
		if err := create(a, "bob@example.com", stagedoor.Outcome{}); err != nil {
			t.Errorf("another host gave %v", err)
		}
		// Zoom refuses a host whom other apps have used up: that host, and nobody else.
		midnight := stagedoor.DayOf(time.Now()).AddDate(0, 0, 1)
		if err := create(a, "cleo@example.com", stagedoor.Outcome{Daily: true, Narrow: true, Until: midnight}); err != nil {
			t.Fatal(err)
		}
		if err := create(a, "cleo@example.com", stagedoor.Outcome{}); stagedoor.KindOf(err) != stagedoor.KindDailyQuota {
			t.Errorf("after Zoom refused her: %v", err)
		}
		if err := create(a, "dan@example.com", stagedoor.Outcome{}); err != nil {
			t.Errorf("another host gave %v", err)
		}
		if text, _ := store.Quota(ctx, ""); strings.Contains(string(text), "example.com") || !strings.Contains(string(text), "meetings of a host") {
			t.Errorf("an address lies in the store, or nothing does: %s", text)
		}
		time.Sleep(time.Until(midnight))
		for _, host := range []string{"ada@example.com", "cleo@example.com"} {
			if err := create(a, host, stagedoor.Outcome{}); err != nil {
				t.Errorf("on the next day %s gave %v", host, err)
			}
		}
	})
}
