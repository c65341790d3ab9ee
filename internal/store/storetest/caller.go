package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// caller is one with something in every column, for the credential id-1 whose slug
// is acme.
func caller(id, name string) stagedoor.Caller {
	at := time.Date(2026, 11, 22, 9, 30, 15, 123456000, time.UTC)
	return stagedoor.Caller{
		ID: id, Name: name, Description: "Übung 'quoted' \"twice\"", CredentialID: "id-1", Credential: "acme", Provider: "zoom",
		Rules: []stagedoor.Rule{
			{Methods: []string{"GET", "HEAD"}, Path: "/report/**"}, {Scope: "user:read:admin"}, {Deny: true, Path: "/users/mé"},
		},
		Share: 0.2, AllowToken: true, Keys: `{"keys":[]}`,
		Secrets: []stagedoor.CallerSecret{
			{Hash: []byte{0, 1, 255}, CreatedAt: at}, {Hash: []byte{7}, CreatedAt: at.Add(-time.Hour), ExpiresAt: at.Add(time.Hour)},
		},
		CreatedAt: at, CreatedBy: "ann", ChangedAt: at.Add(time.Minute), ChangedBy: "bob", ExpiresAt: at.Add(24 * time.Hour),
	}
}

func acme(t *testing.T, s Store) {
	t.Helper()
	c := small("id-1", "acme")
	c.Provider = "zoom"
	must(t, s.AddCredential(context.Background(), c))
}

func callerRoundTrip(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	open := fresh(t)
	s := opened(t, open, time.Now)
	acme(t, s)
	full := caller("caller_1", "second")
	bare := stagedoor.Caller{ID: "caller_2", Name: "first", CredentialID: "id-1", Credential: "acme", Provider: "zoom"}
	must(t, s.AddCaller(ctx, full))
	must(t, s.AddCaller(ctx, bare))
	other := opened(t, open, time.Now)
	for _, from := range []Store{s, other} {
		list, err := from.Callers(ctx)
		must(t, err)
		if want := []stagedoor.Caller{bare, full}; !reflect.DeepEqual(list, want) {
			t.Errorf("they came back as %+v, want %+v", list, want)
		}
	}
	// What the credential is called is read from there.
	must(t, s.UpdateCredential(ctx, "id-1", func(c *stagedoor.SealedCredential) error {
		c.Slug, c.Provider, c.Status = "other", "zoom-gov", stagedoor.StatusDisabled
		return nil
	}))
	list, err := other.Callers(ctx)
	must(t, err)
	if list[0].Credential != "other" || list[0].Provider != "zoom-gov" || list[0].CredentialStatus != stagedoor.StatusDisabled {
		t.Errorf("the credential is called %q of %q, %s", list[0].Credential, list[0].Provider, list[0].CredentialStatus)
	}
}

func callerNamesUnique(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	acme(t, s)
	must(t, s.AddCaller(ctx, caller("caller_1", "reports")))
	wantKind(t, s.AddCaller(ctx, caller("caller_2", "reports")), stagedoor.KindExists)
	wantKind(t, s.AddCaller(ctx, caller("caller_1", "other")), stagedoor.KindExists)
	must(t, s.UpdateCaller(ctx, "caller_1", func(c *stagedoor.Caller) error {
		c.RevokedAt, c.RevokedBy = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), "eve"
		return nil
	}))
	must(t, s.AddCaller(ctx, caller("caller_2", "reports")))
	list, err := s.Callers(ctx)
	must(t, err)
	if len(list) != 1 || list[0].ID != "caller_2" {
		t.Errorf("the new one did not take the revoked one's place: %+v", list)
	}
}

func callerGoesWithCredential(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	wantKind(t, s.AddCaller(ctx, caller("caller_1", "reports")), stagedoor.KindNotFound)
	acme(t, s)
	must(t, s.AddCaller(ctx, caller("caller_1", "reports")))
	must(t, s.RemoveCredential(ctx, "id-1"))
	list, err := s.Callers(ctx)
	must(t, err)
	if len(list) != 0 {
		t.Errorf("%d callers outlived their credential", len(list))
	}
	wantKind(t, s.UpdateCaller(ctx, "caller_1", func(*stagedoor.Caller) error {
		t.Error("the edit was asked to change what is not there")
		return nil
	}), stagedoor.KindNotFound)
}

func callerUpdateWhole(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	acme(t, s)
	before := caller("caller_1", "reports")
	must(t, s.AddCaller(ctx, before))
	no := errors.New("no")
	if err := s.UpdateCaller(ctx, "caller_1", func(c *stagedoor.Caller) error {
		c.Rules = nil
		return no
	}); !errors.Is(err, no) {
		t.Errorf("got %v, want the error of the edit", err)
	}
	must(t, s.UpdateCaller(ctx, "caller_1", func(c *stagedoor.Caller) error {
		c.ID, c.Name, c.CredentialID = "x", "y", "z" // these stay
		c.Secrets = c.Secrets[:1]
		return nil
	}))
	list, err := s.Callers(ctx)
	must(t, err)
	before.Secrets = before.Secrets[:1]
	if len(list) != 1 || !reflect.DeepEqual(list[0], before) {
		t.Errorf("it is %+v, want %+v", list, before)
	}
}

func callerUpdateConcurrent(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	open := fresh(t)
	stores := []Store{opened(t, open, time.Now), opened(t, open, time.Now)}
	acme(t, stores[0])
	c := caller("caller_1", "reports")
	c.Rules = nil
	must(t, stores[0].AddCaller(ctx, c))
	const writers, rounds = 4, 5
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for round := range rounds {
				if err := stores[w%2].UpdateCaller(ctx, "caller_1", func(c *stagedoor.Caller) error {
					c.Rules = append(c.Rules, stagedoor.Rule{Path: fmt.Sprintf("/%d/%d", w, round)})
					return nil
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	list, err := stores[0].Callers(ctx)
	must(t, err)
	if len(list[0].Rules) != writers*rounds {
		t.Errorf("%d of %d changes were kept", len(list[0].Rules), writers*rounds)
	}
}

func callersMoveRevision(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	acme(t, s)
	last, err := s.Revision(ctx)
	must(t, err)
	moved := func(what string, want bool) {
		t.Helper()
		now, err := s.Revision(ctx)
		must(t, err)
		if (now > last) != want {
			t.Errorf("after %s the revision went from %d to %d", what, last, now)
		}
		last = now
	}
	must(t, s.AddCaller(ctx, caller("caller_1", "reports")))
	moved("a new caller", true)
	must(t, s.UpdateCaller(ctx, "caller_1", func(*stagedoor.Caller) error { return nil }))
	moved("a changed caller", true)
	must(t, s.RevokeToken(ctx, "aa", time.Now().Add(time.Hour)))
	moved("a revoked token", true)
	_, err = s.UseAssertion(ctx, "aa", time.Now().Add(time.Hour))
	must(t, err)
	moved("a used assertion", false)
}

func revokedTokensKept(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	clock := newClock()
	s := open(t, fresh, clock.wall)
	must(t, s.RevokeToken(ctx, "aa", clock.wall().Add(time.Hour)))
	must(t, s.RevokeToken(ctx, "aa", clock.wall().Add(time.Hour))) // again is no error
	must(t, s.RevokeToken(ctx, "bb", clock.wall().Add(2*time.Hour)))
	want := func(want ...string) {
		t.Helper()
		got, err := s.RevokedTokens(ctx)
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("revoked are %v, want %v", got, want)
		}
	}
	want("aa", "bb")
	clock.pass(time.Hour)
	want("bb")
	must(t, s.RevokeToken(ctx, "cc", clock.wall().Add(time.Hour)))
	clock.pass(-time.Hour) // had the row of aa stayed, it would count again
	want("bb", "cc")
}

func assertionUsedOnce(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	clock := newClock()
	open := fresh(t)
	stores := []Store{opened(t, open, clock.wall), opened(t, open, clock.wall)}
	var firsts atomic.Int32
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			first, err := stores[n%2].UseAssertion(ctx, "one", clock.wall().Add(time.Minute))
			if err != nil {
				t.Error(err)
			}
			if first {
				firsts.Add(1)
			}
		})
	}
	all.Wait()
	if firsts.Load() != 1 {
		t.Errorf("%d were the first", firsts.Load())
	}
	first, err := stores[0].UseAssertion(ctx, "other", clock.wall().Add(time.Minute))
	must(t, err)
	if !first {
		t.Error("another assertion counts as used")
	}
	clock.pass(time.Minute)
	first, err = stores[1].UseAssertion(ctx, "one", clock.wall().Add(time.Minute))
	must(t, err)
	if !first {
		t.Error("an assertion that has ended was not forgotten")
	}
}
