package vault_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/vault"
)

// minted is a token with everything in it.
func minted(value string) stagedoor.Token {
	at := time.Date(2026, 11, 22, 9, 0, 0, 1, time.UTC)
	return stagedoor.Token{
		Value: stagedoor.NewSecret(value), Type: "Bearer", Expiry: at.Add(time.Hour), Minted: at,
		Scopes: []string{"user:read:admin", "report:read:admin"}, APIURL: "https://api-us.zoom.us",
	}
}

func sameToken(t *testing.T, got, want stagedoor.Token) {
	t.Helper()
	if !got.Value.Equal(want.Value) {
		t.Error("the token is another one")
	}
	got.Value, want.Value = stagedoor.Secret{}, stagedoor.Secret{}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("what came with the token is %+v, want %+v", got, want)
	}
}

// mint takes the lease and saves a token.
func mint(t *testing.T, tokens *vault.Tokens, value string) stagedoor.TokenRow {
	t.Helper()
	row, taken, err := tokens.Lease(t.Context(), time.Minute)
	must(t, err)
	if !taken {
		t.Fatal("the lease was not taken")
	}
	row.Token, row.Refused, row.RefusedAt = minted(value), nil, time.Time{}
	saved, err := tokens.Save(t.Context(), row)
	must(t, err)
	if !saved {
		t.Fatal("the token was not saved")
	}
	return row
}

func load(t *testing.T, tokens *vault.Tokens) stagedoor.TokenRow {
	t.Helper()
	row, err := tokens.Load(t.Context())
	must(t, err)
	return row
}

func TestProcessesShareAToken(t *testing.T) {
	h := newHome(t)
	_, one := h.vault(vault.Options{})
	_, two := h.vault(vault.Options{})
	c := added(t, one)
	if row := load(t, two.Tokens(c.ID)); !reflect.DeepEqual(row, stagedoor.TokenRow{}) {
		t.Errorf("a new credential's row is not the zero row: %+v", row)
	}
	mint(t, one.Tokens(c.ID), canaryToken)
	row := load(t, two.Tokens(c.ID))
	sameToken(t, row.Token, minted(canaryToken))
	if row.Fence != 1 || !row.LeaseUntil.IsZero() || row.Refused != nil {
		t.Errorf("the row is %+v", row)
	}
}

func TestOneMintsAndWhoLostTheLeaseThrowsItsTokenAway(t *testing.T) {
	h := newHome(t)
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	wall := func() time.Time { return now }
	_, one := h.vault(vault.Options{Wall: wall})
	_, two := h.vault(vault.Options{Wall: wall})
	c := added(t, one)
	slow, taken, err := one.Tokens(c.ID).Lease(t.Context(), 30*time.Second)
	must(t, err)
	if !taken || slow.Fence != 1 || slow.LeaseUntil != now.Add(30*time.Second) {
		t.Fatalf("taken %v, row %+v", taken, slow)
	}
	if row, taken, err := two.Tokens(c.ID).Lease(t.Context(), 30*time.Second); err != nil || taken || row.LeaseUntil != slow.LeaseUntil {
		t.Fatalf("a second lease beside the first: taken %v, row %+v, %v", taken, row, err)
	}
	now = now.Add(31 * time.Second)
	quick := mint(t, two.Tokens(c.ID), "quick")
	if quick.Fence != 2 {
		t.Errorf("fence %d, want 2", quick.Fence)
	}
	slow.Token = minted("slow")
	saved, err := one.Tokens(c.ID).Save(t.Context(), slow)
	must(t, err)
	if saved {
		t.Error("who lost the lease saved its token")
	}
	sameToken(t, load(t, one.Tokens(c.ID)).Token, minted("quick"))
}

func TestManyVaultsMintOneAtATime(t *testing.T) {
	h := newHome(t)
	_, first := h.vault(vault.Options{})
	c := added(t, first)
	var mu sync.Mutex
	fences := map[int64]bool{}
	var all sync.WaitGroup
	for i := range 4 {
		_, v := h.vault(vault.Options{})
		all.Go(func() {
			for range 10 {
				row, taken, err := v.Tokens(c.ID).Lease(t.Context(), time.Hour)
				if err != nil {
					t.Error(err)
					return
				}
				if !taken {
					continue
				}
				mu.Lock()
				if fences[row.Fence] {
					t.Errorf("fence %d was given twice", row.Fence)
				}
				fences[row.Fence] = true
				mu.Unlock()
				row.Token = minted(fmt.Sprint(i))
				if saved, err := v.Tokens(c.ID).Save(t.Context(), row); err != nil || !saved {
					t.Errorf("saved %v, %v", saved, err)
				}
			}
		})
	}
	all.Wait()
	if row := load(t, first.Tokens(c.ID)); int(row.Fence) != len(fences) || row.Token.Value.IsZero() {
		t.Errorf("%d leases were taken, and the fence is %d", len(fences), row.Fence)
	}
}

func TestRefusalIsSharedInOurOwnWords(t *testing.T) {
	_, v := newHome(t).vault(vault.Options{})
	c := added(t, v)
	tokens := v.Tokens(c.ID)
	row, _, err := tokens.Lease(t.Context(), time.Minute)
	must(t, err)
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	row.Refused = &stagedoor.Error{
		Op: "mint a token", Subject: "credential acme", Kind: stagedoor.KindInvalidClient, Cause: "Zoom does not know it.", Fix: "Set a new secret.",
		Status: 400, Code: "invalid_client", Tracking: "v=2.0;1", RetryAt: at.Add(time.Minute),
		Detail: canaryClient, Err: fmt.Errorf("body: %s", canarySecret),
	}
	row.RefusedAt = at
	saved, err := tokens.Save(t.Context(), row)
	must(t, err)
	if !saved {
		t.Fatal("the refusal was not saved")
	}
	got := load(t, tokens)
	want := *row.Refused
	want.Detail, want.Err = "", nil
	if !reflect.DeepEqual(got.Refused, &want) || got.RefusedAt != at || !got.LeaseUntil.IsZero() {
		t.Error("the refusal came back changed, or with what Zoom said")
	}
	mint(t, tokens, "good")
	if got := load(t, tokens); got.Refused != nil || !got.RefusedAt.IsZero() {
		t.Error("the refusal outlived a token")
	}
}

func TestDropForgetsExactlyTheRejectedToken(t *testing.T) {
	_, v := newHome(t).vault(vault.Options{})
	c := added(t, v)
	tokens := v.Tokens(c.ID)
	must(t, tokens.Drop(t.Context(), stagedoor.NewSecret("none yet")))
	mint(t, tokens, "first")
	mint(t, tokens, "second")
	must(t, tokens.Drop(t.Context(), stagedoor.NewSecret("first")))
	sameToken(t, load(t, tokens).Token, minted("second"))

	row, taken, err := tokens.Lease(t.Context(), time.Minute)
	if err != nil || !taken {
		t.Fatalf("taken %v, %v", taken, err)
	}
	must(t, tokens.Drop(t.Context(), stagedoor.NewSecret("second")))
	if got := load(t, tokens); !got.Token.Value.IsZero() || got.LeaseUntil.IsZero() {
		t.Error("the token is still there, or the lease is gone")
	}
	row.Token = minted("third")
	if saved, err := tokens.Save(t.Context(), row); err != nil || !saved {
		t.Errorf("who was minting could not save: %v, %v", saved, err)
	}
}

// TestTokenEndsWithWhatItWasGrantedFor changes a credential while another
// process has a token, and a third is minting one.
func TestTokenEndsWithWhatItWasGrantedFor(t *testing.T) {
	edit := func(f func(*stagedoor.Credential)) func(*testing.T, *vault.Vault) error {
		return func(t *testing.T, v *vault.Vault) error {
			_, err := v.Update(t.Context(), "acme", "ann", func(c *stagedoor.Credential) error {
				f(c)
				return nil
			})
			return err
		}
	}
	for name, test := range map[string]struct {
		change func(*testing.T, *vault.Vault) error
		ends   bool
	}{
		"account id": {edit(func(c *stagedoor.Credential) { c.AccountID = "other" }), true},
		"client id":  {edit(func(c *stagedoor.Credential) { c.ClientID = "other" }), true},
		"token URL":  {edit(func(c *stagedoor.Credential) { c.TokenURL = "https://zoomgov.com/oauth/token" }), true},
		"provider":   {edit(func(c *stagedoor.Credential) { c.Provider = "other" }), true},
		"new secret": {func(t *testing.T, v *vault.Vault) error {
			_, err := v.SetSecret(t.Context(), "acme", stagedoor.NewSecret("new"), "ann")
			return err
		}, true},
		"disabled": {func(t *testing.T, v *vault.Vault) error { return v.Disable(t.Context(), "acme", "", "ann") }, true},
		"name":     {edit(func(c *stagedoor.Credential) { c.Name, c.Slug = "other", "other" }), false},
		"enabled":  {func(t *testing.T, v *vault.Vault) error { return v.Enable(t.Context(), "acme", "ann") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, v := newHome(t).vault(vault.Options{})
			c := added(t, v)
			tokens := v.Tokens(c.ID)
			mint(t, tokens, "old")
			minting, _, err := tokens.Lease(t.Context(), time.Minute)
			must(t, err)
			must(t, test.change(t, v))
			if gone := load(t, tokens).Token.Value.IsZero(); gone != test.ends {
				t.Errorf("the token is gone: %v, want %v", gone, test.ends)
			}
			minting.Token = minted("late")
			saved, err := tokens.Save(t.Context(), minting)
			must(t, err)
			if saved == test.ends {
				t.Errorf("who minted with the old values saved: %v", saved)
			}
		})
	}
}

func TestTokenThatDoesNotOpenCountsAsNone(t *testing.T) {
	h := newHome(t)
	var said journal
	s, v := h.vault(vault.Options{Log: said.logger()})
	c := added(t, v)
	other, err := v.Add(t.Context(), stagedoor.Credential{Slug: "other"})
	must(t, err)
	mint(t, v.Tokens(c.ID), canaryToken)
	stolen, err := s.TokenRow(t.Context(), c.ID)
	must(t, err)
	_, _, err = s.LeaseToken(t.Context(), other.ID, time.Minute)
	must(t, err)
	stolen.CredentialID = other.ID
	if saved, err := s.SaveToken(t.Context(), stolen); err != nil || !saved {
		t.Fatalf("saved %v, %v", saved, err)
	}
	if row := load(t, v.Tokens(other.ID)); !row.Token.Value.IsZero() || row.Fence != 1 {
		t.Error("a token was opened for another credential")
	}
	if text := said.String(); !strings.Contains(text, "DEBUG") || !strings.Contains(text, other.ID) || strings.Contains(text, "canary") {
		t.Errorf("the log does not explain it: %d bytes", len(text))
	}
	mint(t, v.Tokens(other.ID), "own")
	sameToken(t, load(t, v.Tokens(other.ID)).Token, minted("own"))
}

func TestTokensOfARemovedCredential(t *testing.T) {
	_, v := newHome(t).vault(vault.Options{})
	c := added(t, v)
	row := mint(t, v.Tokens(c.ID), "old")
	must(t, v.Remove(t.Context(), "acme"))
	if row := load(t, v.Tokens(c.ID)); !reflect.DeepEqual(row, stagedoor.TokenRow{}) {
		t.Error("the token outlived its credential")
	}
	_, _, err := v.Tokens(c.ID).Lease(t.Context(), time.Minute)
	wantError(t, err, stagedoor.KindNotFound)
	_, err = v.Tokens(c.ID).Save(t.Context(), row)
	wantError(t, err, stagedoor.KindNotFound)
	must(t, v.Tokens(c.ID).Drop(t.Context(), stagedoor.NewSecret("old")))
}
