package caller_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/caller"
)

const refused = stagedoor.KindUnauthenticated

func TestAccessTokensLastAndEnd(t *testing.T) {
	w, ctx := newWorld(), t.Context()
	c, _ := w.add(t, "reports", "allow GET /users")
	token, life := w.Mint(c)
	if life != time.Hour || !strings.HasPrefix(token.Reveal(), "sda_") {
		t.Fatalf("the token lasts %v", life)
	}
	who, grant, err := w.Verify(ctx, token)
	if err != nil || who.ID != c.ID || who.Name != "reports" || grant.Expires.Sub(grant.Issued) != time.Hour || grant.ID == "" {
		t.Fatalf("got %v %+v, %v", who.Name, grant, err)
	}
	// It is kept nowhere: another process with the same key knows it, one with
	// another key does not.
	o := options()
	o.Wall = w.clock.wall
	if _, _, err := caller.Open(w.store, tokenKey, o).Verify(ctx, token); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	_, _, err = caller.Open(w.store, []byte("another key, which is as long...."), o).Verify(ctx, token)
	wantKind(t, err, refused, "not an access token")

	w.clock.pass(time.Hour - time.Second)
	if _, _, err := w.Verify(ctx, token); err != nil {
		t.Errorf("a second before its end: %v", err)
	}
	w.clock.pass(time.Second)
	_, _, err = w.Verify(ctx, token)
	wantKind(t, err, refused, "has ended")
}

func TestForgedTokens(t *testing.T) {
	w, ctx := newWorld(), t.Context()
	c, secret := w.add(t, "reports", "allow GET /users")
	token, _ := w.Mint(c)
	text := token.Reveal()
	forged := []string{
		"", "sda_", "x", secret.Reveal(), text[1:], text + "A", text[:len(text)-1], text + "=", text + "\n", " " + text, "SDA_" + text[4:],
		strings.Repeat("sda_", 1000), "sda_" + strings.Repeat("A", 500), "sda_" + strings.Repeat("A", 86), "sda_!!!!",
	}
	for i := 4; i < len(text); i++ { // every character matters, also the bits that say nothing
		for _, other := range []byte{'A', 'B', '_', '0'} {
			if text[i] != other {
				forged = append(forged, text[:i]+string(other)+text[i+1:])
			}
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(text[4:])
	if err != nil {
		t.Fatal(err)
	}
	longer := append([]byte{}, raw...)
	longer[1+16+8]++ // lasts longer
	forged = append(forged, "sda_"+base64.RawURLEncoding.EncodeToString(longer))
	for _, text := range forged {
		if _, _, err := w.Verify(ctx, stagedoor.NewSecret(text)); err == nil {
			t.Errorf("%q passes", text)
		} else {
			wantKind(t, err, refused)
			if strings.Contains(err.Error(), text) && len(text) > 4 {
				t.Error("the error repeats the token")
			}
		}
	}
}

func TestATokenNeedsItsCaller(t *testing.T) {
	w, ctx := newWorld(), t.Context()
	c, secret := w.add(t, "reports", "allow GET /users")
	token, _ := w.Mint(c)
	if _, _, err := w.Verify(ctx, token); err != nil {
		t.Fatal(err)
	}
	// A new secret ends no token.
	if _, _, err := w.RotateSecret(ctx, "reports", 0, "ann"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Verify(ctx, token); err != nil {
		t.Errorf("after a new secret: %v", err)
	}
	if _, err := w.Revoke(ctx, "reports", "ann"); err != nil {
		t.Fatal(err)
	}
	_, _, err := w.Verify(ctx, token)
	wantKind(t, err, refused, "was revoked on 2026-11-24")
	_, err = w.Authenticate(ctx, c.ID, secret)
	wantKind(t, err, refused)
	_, err = w.ByID(ctx, c.ID)
	wantKind(t, err, refused)
	_, err = w.Revoke(ctx, "reports", "ann")
	wantKind(t, err, stagedoor.KindConflict, "by ann", "name is free")
	// One of the same name is another one.
	again, _ := w.add(t, "reports", "allow GET /users")
	_, _, err = w.Verify(ctx, token)
	wantKind(t, err, refused, "not there any more")
	if again.ID == c.ID {
		t.Error("a client id came twice")
	}
}

func TestATokenEndsWithItsCaller(t *testing.T) {
	w, ctx := newWorld(), t.Context()
	c, secret, err := w.Add(ctx, stagedoor.Caller{
		Name: "short", CredentialID: "id-acme", Provider: "zoom", Rules: rulesOf(t, "allow /users"),
		ExpiresAt: w.clock.wall().Add(10*time.Minute + 500*time.Millisecond),
	}, true)
	if err != nil {
		t.Fatal(err)
	}
	token, life := w.Mint(c)
	if life != 10*time.Minute {
		t.Errorf("the token lasts %v", life)
	}
	w.clock.pass(10 * time.Minute)
	_, _, err = w.Verify(ctx, token)
	wantKind(t, err, refused, "has ended")
	w.clock.pass(time.Second)
	_, err = w.Authenticate(ctx, c.ID, secret)
	wantKind(t, err, refused, "the caller short ended on 2026-11-24")
	if _, life := w.Mint(c); life != 0 {
		t.Errorf("a token of a caller that has ended lasts %v", life)
	}
}

func TestRevokedTokens(t *testing.T) {
	w, ctx := newWorld(), t.Context()
	c, _ := w.add(t, "reports", "allow GET /users")
	other, _ := w.add(t, "other", "allow GET /users")
	token, _ := w.Mint(c)
	sibling, _ := w.Mint(c)
	if _, _, err := w.Verify(ctx, token); err != nil { // what was read before is in memory
		t.Fatal(err)
	}
	wantKind(t, w.RevokeToken(ctx, other.ID, token), stagedoor.KindForbidden, "another client's")
	if err := w.RevokeToken(ctx, c.ID, stagedoor.NewSecret("sda_nothing")); err != nil {
		t.Errorf("what is no token: %v", err)
	}
	if err := w.RevokeToken(ctx, c.ID, token); err != nil {
		t.Fatal(err)
	}
	_, _, err := w.Verify(ctx, token)
	wantKind(t, err, refused, "token was revoked")
	if _, _, err := w.Verify(ctx, sibling); err != nil {
		t.Errorf("another token of the caller: %v", err)
	}
	w.clock.pass(2 * time.Hour)
	w.store.revoked = nil
	if err := w.RevokeToken(ctx, c.ID, token); err != nil || len(w.store.revoked) != 0 {
		t.Errorf("a token that has ended got a row (%v)", err)
	}
}

func TestSecrets(t *testing.T) {
	w, ctx := newWorld(), t.Context()
	c, first := w.add(t, "reports", "allow GET /users")
	for _, row := range w.store.rows {
		for _, s := range row.Secrets {
			if len(s.Hash) != 32 || strings.Contains(first.Reveal(), string(s.Hash)) {
				t.Error("the store has more than a hash")
			}
		}
	}
	works := func(secret stagedoor.Secret, want bool) {
		t.Helper()
		who, err := w.Authenticate(ctx, c.ID, secret)
		if (err == nil) != want || (want && who.ID != c.ID) {
			t.Errorf("got %v, want it to work: %v", err, want)
		}
	}
	works(first, true)
	_, unknown := w.Authenticate(ctx, "caller_nobody", first)
	_, wrong := w.Authenticate(ctx, c.ID, stagedoor.NewSecret(first.Reveal()+"x"))
	wantKind(t, unknown, refused)
	if unknown.Error() != wrong.Error() {
		t.Error("the answer tells whether there is such a caller")
	}
	works(stagedoor.Secret{}, false)

	_, second, err := w.RotateSecret(ctx, "reports", 24*time.Hour, "bob")
	if err != nil {
		t.Fatal(err)
	}
	works(first, true)
	works(second, true)
	_, third, err := w.RotateSecret(ctx, "reports", time.Hour, "bob")
	if err != nil {
		t.Fatal(err)
	}
	works(first, false) // two live at most
	works(second, true)
	works(third, true)
	w.clock.pass(time.Hour)
	works(second, false)
	works(third, true)
	_, fourth, err := w.RotateSecret(ctx, "reports", 0, "bob")
	if err != nil {
		t.Fatal(err)
	}
	works(third, false)
	works(fourth, true)
	if row, err := w.Find(ctx, c.ID); err != nil || row.ChangedBy != "bob" || len(row.Secrets) != 1 {
		t.Errorf("the row is %+v, %v", row, err)
	}
}

func TestAssertionsCountOnce(t *testing.T) {
	w, ctx := newWorld(), t.Context()
	end := w.clock.wall().Add(time.Minute)
	if err := w.UseAssertion(ctx, "a", end); err != nil {
		t.Fatal(err)
	}
	wantKind(t, w.UseAssertion(ctx, "a", end), refused, "used before")
	if err := w.UseAssertion(ctx, "b", end); err != nil {
		t.Error(err)
	}
}

// What a request needs is in memory, and stays there when the database fails.
func TestRequestsReadNoDatabase(t *testing.T) {
	w, ctx := newWorld(), t.Context()
	c, secret := w.add(t, "reports", "allow GET /users")
	token, _ := w.Mint(c)
	if _, _, err := w.Verify(ctx, token); err != nil {
		t.Fatal(err)
	}
	before := w.store.reads
	w.store.broken = errors.New("away")
	if err := w.Reload(ctx); err == nil {
		t.Error("reloading from a broken store said nothing")
	}
	for range 3 {
		who, _, err := w.Verify(ctx, token)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Authenticate(ctx, c.ID, secret); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Permit(who, "/v2", "GET", "/v2/users"); err != nil {
			t.Fatal(err)
		}
	}
	if w.store.reads != before+1 {
		t.Errorf("%d reads", w.store.reads-before)
	}
}

// Another process's change counts from the next Reload on, for tokens and rules.
func TestReload(t *testing.T) {
	w, ctx := newWorld(), t.Context()
	c, _ := w.add(t, "reports", "allow GET /users")
	token, _ := w.Mint(c)
	who, _, err := w.Verify(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	other := caller.Open(w.store, tokenKey, options())
	if _, _, err := other.SetRules(ctx, "reports", rulesOf(t, "allow GET /groups"), "bob"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Permit(who, "/v2", "GET", "/v2/groups"); err == nil {
		t.Error("a change counts before it was read")
	}
	if err := w.Reload(ctx); err != nil {
		t.Fatal(err)
	}
	// The request that was let in with the old rules goes by the new ones.
	if _, err := w.Permit(who, "/v2", "GET", "/v2/groups"); err != nil {
		t.Error(err)
	}
	_, err = w.Permit(who, "/v2", "GET", "/v2/users")
	wantKind(t, err, forbidden, "none of the rules of caller reports")
}

func TestManyAtOnce(t *testing.T) {
	w := newWorld()
	c, secret := w.add(t, "reports", "allow GET /users")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				token, _ := w.Mint(c)
				if who, _, err := w.Verify(context.Background(), token); err != nil || who.ID != c.ID {
					t.Error(err)
				}
				if _, err := w.Authenticate(context.Background(), c.ID, secret); err != nil {
					t.Error(err)
				}
				if err := w.Reload(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkVerify(b *testing.B) {
	w := newWorld()
	c, _ := w.add(b, "reports", "allow GET /users")
	token, _ := w.Mint(c)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := w.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPermit(b *testing.B) {
	w := newWorld()
	c, _ := w.add(b, "reports", "allow GET /report/**", "allow-scope user:read:admin", "deny /users/me")
	if err := w.Reload(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Permit(c, "/v2", "GET", "/v2/report/meetings/85746065432/participants"); err != nil {
			b.Fatal(err)
		}
	}
}
