package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// credential is one with something in every column.
func credential(id, slug string) stagedoor.SealedCredential {
	at := time.Date(2026, 11, 22, 9, 30, 15, 123456000, time.UTC)
	return stagedoor.SealedCredential{
		Credential: stagedoor.Credential{
			ID: id, Slug: slug, Name: "Übung 会議 🎥 'quoted' \"twice\"", Description: strings.Repeat("long ", 50_000),
			Provider: "zoom", Plan: stagedoor.PlanBusiness,
			Purposes: []string{"reports", "users"}, Labels: map[string]string{"team": "données", "a=b": "c,d"},
			TokenURL: "https://zoom.us/oauth/token", APIURL: "https://api.zoom.us/v2", ValidationURL: "https://api.zoom.us/v2/users/me",
			AllowHosts: []string{"127.0.0.1:8080"},
			Status:     stagedoor.StatusFailing, StatusReason: "line one\nline two", Used: true,
			CreatedAt: at, CreatedBy: "ann", ChangedAt: at.Add(time.Hour), ChangedBy: "bob",
			SecretSetAt: at.Add(2 * time.Hour), CheckedAt: at.Add(3 * time.Hour), CheckedBy: "eve",
		},
		DataKey: []byte{0, 1, 2, 255},
		Fields:  map[string][]byte{"client_id": {0, 200, 10}, "big": bytes.Repeat([]byte{7}, 1<<20)},
	}
}

// small is one with the least in it, for tests that write many.
func small(id, slug string) stagedoor.SealedCredential {
	return stagedoor.SealedCredential{Credential: stagedoor.Credential{ID: id, Slug: slug}, DataKey: []byte("key")}
}

func credentialRoundTrip(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	open := fresh(t)
	s := opened(t, open, time.Now)
	full := credential("id-1", "full")
	bare := small("id-2", "bare")
	must(t, s.AddCredential(ctx, full))
	must(t, s.AddCredential(ctx, bare))

	other := opened(t, open, time.Now)
	for _, from := range []Store{s, other} {
		for _, want := range []stagedoor.SealedCredential{full, bare} {
			got, err := from.Credential(ctx, want.Slug)
			must(t, err)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("credential %s came back changed", want.Slug)
			}
		}
		list, err := from.Credentials(ctx)
		must(t, err)
		if !reflect.DeepEqual(list, []stagedoor.SealedCredential{bare, full}) {
			t.Error("the list is not both credentials in the order of their slugs")
		}
	}

	full.Name, full.Labels, full.CheckedAt = "new", nil, time.Time{}
	must(t, s.UpdateCredential(ctx, full.ID, func(c *stagedoor.SealedCredential) error {
		*c = full
		return nil
	}))
	if got, err := other.Credential(ctx, "full"); err != nil || !reflect.DeepEqual(got, full) {
		t.Errorf("a change of every column came back changed (error %v)", err)
	}
}

func credentialFound(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	must(t, s.AddCredential(ctx, small("first", "second")))
	must(t, s.AddCredential(ctx, small("second", "third")))
	for asked, want := range map[string]string{"first": "first", "third": "second", "second": "first"} {
		got, err := s.Credential(ctx, asked)
		must(t, err)
		if got.ID != want {
			t.Errorf("asked for %q: got id %q, want %q: a slug goes before an id", asked, got.ID, want)
		}
	}
	_, err := s.Credential(ctx, "nobody")
	wantKind(t, err, stagedoor.KindNotFound)
	if strings.Contains(err.Error(), "third") {
		t.Error("the error lists credentials, which not everybody who asks may know")
	}
	wantKind(t, s.RemoveCredential(ctx, "nobody"), stagedoor.KindNotFound)
	wantKind(t, s.RemoveCredential(ctx, "third"), stagedoor.KindNotFound) // a slug is no id
}

func slugsUnique(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	must(t, s.AddCredential(ctx, small("id-1", "acme")))
	must(t, s.AddCredential(ctx, small("id-2", "other")))
	wantKind(t, s.AddCredential(ctx, small("id-3", "acme")), stagedoor.KindExists)
	wantKind(t, s.AddCredential(ctx, small("id-1", "fresh")), stagedoor.KindExists)
	wantKind(t, s.UpdateCredential(ctx, "id-2", func(c *stagedoor.SealedCredential) error {
		c.Slug = "acme"
		return nil
	}), stagedoor.KindExists)
	must(t, s.RemoveCredential(ctx, "id-1"))
	must(t, s.AddCredential(ctx, small("id-3", "acme")))
}

func updateWhole(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	before := credential("id-1", "acme")
	must(t, s.AddCredential(ctx, before))
	no := errors.New("no")
	err := s.UpdateCredential(ctx, "id-1", func(c *stagedoor.SealedCredential) error {
		c.Name = "half"
		return no
	})
	if !errors.Is(err, no) {
		t.Errorf("got %v, want the error of the edit", err)
	}
	got, err := s.Credential(ctx, "acme")
	must(t, err)
	if !reflect.DeepEqual(got, before) {
		t.Error("an edit that failed was stored")
	}
}

func updateConcurrent(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	open := fresh(t)
	stores := []Store{opened(t, open, time.Now), opened(t, open, time.Now)}
	c := small("id-1", "acme")
	must(t, stores[0].AddCredential(ctx, c))
	const writers, rounds = 4, 10
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for round := range rounds {
				err := stores[w%2].UpdateCredential(ctx, "id-1", func(c *stagedoor.SealedCredential) error {
					c.Purposes = append(c.Purposes, fmt.Sprint(w, " ", round))
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got, err := stores[0].Credential(ctx, "acme")
	must(t, err)
	if len(got.Purposes) != writers*rounds {
		t.Errorf("%d of %d changes were kept", len(got.Purposes), writers*rounds)
	}
}

func updateRemoved(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	must(t, s.AddCredential(ctx, small("id-1", "acme")))
	must(t, s.RemoveCredential(ctx, "id-1"))
	wantKind(t, s.UpdateCredential(ctx, "id-1", func(*stagedoor.SealedCredential) error {
		t.Error("the edit was asked to change what is not there")
		return nil
	}), stagedoor.KindNotFound)
	list, err := s.Credentials(ctx)
	must(t, err)
	if len(list) != 0 {
		t.Error("the change brought the credential back")
	}
}

func removeToken(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	for range 2 { // the second one must not find the first one's row
		must(t, s.AddCredential(ctx, small("id-1", "acme")))
		row, taken, err := s.LeaseToken(ctx, "id-1", time.Minute)
		must(t, err)
		if !taken || row.Fence != 1 || len(row.Sealed) != 0 {
			t.Fatalf("a new credential's token row is not empty: taken %v, fence %d", taken, row.Fence)
		}
		row.Sealed = []byte("token")
		saved, err := s.SaveToken(ctx, row)
		must(t, err)
		if !saved {
			t.Fatal("the token was not saved")
		}
		must(t, s.RemoveCredential(ctx, "id-1"))
		if row, err := s.TokenRow(ctx, "id-1"); err != nil || row.Fence != 0 {
			t.Fatalf("the token row outlived its credential: %v", err)
		}
		if saved, err := s.SaveToken(ctx, row); err != nil || saved {
			t.Fatalf("a token was saved for a credential that is gone: %v", err)
		}
	}
}

func nothingInTheClear(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	c := small("id-1", "acme")
	c.AccountID, c.ClientID = "account", "client"
	c.ClientSecrets = []stagedoor.Secret{stagedoor.NewSecret("secret")}
	must(t, s.AddCredential(ctx, c))
	must(t, s.UpdateCredential(ctx, "id-1", func(row *stagedoor.SealedCredential) error {
		row.Credential = c.Credential
		return nil
	}))
	got, err := s.Credential(ctx, "acme")
	must(t, err)
	if got.AccountID != "" || got.ClientID != "" || len(got.ClientSecrets) != 0 {
		t.Error("the store wrote what only a sealed field may hold")
	}
}
