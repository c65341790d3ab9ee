package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// livePool is the pool of a daemon with the credential acme at a simulator, and
// how another process of the same home is opened.
func livePool(t *testing.T) (pool *live, other func() *App, info zoomsim.Info) {
	t.Helper()
	sim, err := zoomsim.Start(zoomsim.Options{Seed: 1, Meetings: 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sim.Close() })
	info = sim.Info()
	home := t.TempDir()
	settings := Settings{Home: home, Database: "sqlite:" + filepath.Join(home, "stagedoor.db")}
	other = func() *App {
		a, err := Open(settings, Environment{Getenv: os.Getenv, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Vault(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close() })
		return a
	}
	_, err = other().vault.Add(t.Context(), stagedoor.Credential{
		Slug: "acme", Name: "Acme", Provider: stagedoor.Zoom.Name, Plan: stagedoor.PlanBusiness,
		AccountID: info.AccountID, ClientID: info.ClientID, ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret(info.ClientSecret)},
		TokenURL: info.TokenURL, APIURL: info.APIURL, AllowHosts: []string{strings.TrimSuffix(strings.TrimPrefix(info.APIURL, "http://"), "/v2")},
	})
	if err != nil {
		t.Fatal(err)
	}
	pool = newLive(t.Context(), other())
	t.Cleanup(pool.Close)
	return pool, other, info
}

// opened lends acme's connection, which the test gives back.
func opened(t *testing.T, l *live) *lent {
	t.Helper()
	c, err := l.borrow(t.Context(), "acme", true)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ended reports whether a connection was closed, as it is soon after nobody has it.
func ended(t *testing.T, c *lent) bool {
	t.Helper()
	c.live.closing.Wait()
	_, err := c.Source.Mint(context.Background())
	return err != nil
}

func TestConnectionsAreReplacedWhenTheirCredentialChanges(t *testing.T) {
	ctx := t.Context()
	pool, other, info := livePool(t)
	first := opened(t, pool)
	if again := opened(t, pool); again != first {
		t.Error("a second request got another connection")
	} else {
		again.Close()
	}
	token, err := first.Source.Get(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}

	// What does not matter to a connection leaves it.
	a := other()
	reload := func(what string, err error) {
		t.Helper()
		if err == nil {
			err = pool.Reload(ctx)
		}
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	_, err = a.vault.Update(ctx, "acme", "ada", func(c *stagedoor.Credential) error { c.Description = "new"; return nil })
	reload("a description", err)
	if same := opened(t, pool); same != first {
		t.Error("a new description replaced the connection")
	} else {
		same.Close()
	}

	// A new secret: whoever has the former connection keeps it, the next request gets
	// another.
	_, err = a.vault.SetSecret(ctx, "acme", stagedoor.NewSecret("another-secret"), "ada")
	reload("a secret", err)
	second := opened(t, pool)
	if second == first {
		t.Fatal("a new secret left the connection")
	}
	if _, err := second.Source.Get(ctx, 0); err != nil {
		t.Errorf("Zoom does not know the new secret yet, and the former was not used: %v", err)
	}
	if kept, err := first.Source.Get(ctx, 0); err != nil || !kept.Value.Equal(token.Value) {
		t.Errorf("a request under way lost its connection: %v", err)
	}
	first.Close()
	if !ended(t, first) {
		t.Error("the former connection was not closed with its last request")
	}

	// Another plan, of another credential of the same account: one quota for both.
	_, err = a.vault.Add(ctx, stagedoor.Credential{
		Slug: "second", Name: "Second", Provider: stagedoor.Zoom.Name, Plan: stagedoor.PlanPro,
		AccountID: info.AccountID, ClientID: "other", ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret("x")},
	})
	reload("another credential of the account", err)
	third := opened(t, pool)
	if third == second || third.quota == second.quota || third.quota.TakenAs() != stagedoor.PlanPro {
		t.Errorf("the account's plan is now the lower one, and the connection's quota is for %s", third.quota.TakenAs())
	}
	second.Close()
	third.Close()

	// Disabled, enabled, removed.
	reload("disable", a.vault.Disable(ctx, "acme", "", "ada"))
	for range 2 { // the second time from memory
		if _, err := pool.borrow(ctx, "acme", true); stagedoor.KindOf(err) != stagedoor.KindDisabled {
			t.Errorf("disabled: %v", err)
		}
	}
	reload("enable", a.vault.Enable(ctx, "acme", "ada"))
	opened(t, pool).Close()
	reload("remove", a.vault.Remove(ctx, "acme"))
	if _, err := pool.borrow(ctx, "acme", true); stagedoor.KindOf(err) != stagedoor.KindNotFound {
		t.Errorf("removed: %v", err)
	}
	pool.closing.Wait()
	if n := len(pool.app.quotas) + len(pool.app.former); n != 0 {
		t.Errorf("%d quotas are still open that no connection uses", n)
	}
}

func TestTokensInUseAreKeptAlive(t *testing.T) {
	ctx := t.Context()
	pool, other, _ := livePool(t)
	wanted := func() bool { return len(pool.wanted(ctx)) == 1 }
	if wanted() {
		t.Error("a credential that nobody ever used is renewed")
	}
	// Another process mints: the daemon takes that over.
	a := other()
	c, err := a.Credential(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := a.Connect(ctx, c, Use{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := conn.Source.Get(ctx, 0)
	conn.Close()
	if err != nil {
		t.Fatal(err)
	}
	if !wanted() {
		t.Fatal("a token that was minted just now is not kept alive")
	}
	pool.touch(ctx, "acme")
	state := pool.sources()["acme"].Source.State()
	if !state.Expiry.Equal(token.Expiry) || state.NextRenewal.IsZero() {
		t.Errorf("the shared token is not taken over and renewed ahead: %+v", state)
	}
	// A day without use: the connection is closed, and stays so until somebody mints.
	pool.mu.Lock()
	pool.open["acme"].used = now().Add(-keepAlive - time.Minute)
	pool.mu.Unlock()
	if wanted() || len(pool.sources()) != 0 {
		t.Error("after a day without use it is still kept alive")
	}
	if wanted() {
		t.Error("the daemon's own last renewal counts as a use")
	}
	if conn, err = a.Connect(ctx, c, Use{}); err != nil {
		t.Fatal(err)
	}
	_, err = conn.Source.Mint(ctx)
	conn.Close()
	if err != nil || !wanted() {
		t.Errorf("somebody minted again, and the token is not kept alive (%v)", err)
	}
}
