package operator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/store"
)

// small is work that takes no time.
func small() Work { return Work{Memory: 64, Passes: 1, Lanes: 1} }

// house is people on a real database, with a clock that is set by hand.
type house struct {
	*People
	t     *testing.T
	store *store.Store
	at    time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Database: "sqlite:" + filepath.Join(t.TempDir(), "stagedoor.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	h := &house{t: t, store: s, at: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	h.People = h.another()
	return h
}

// another is another process on the same database.
func (h *house) another() *People {
	return OpenPeople(h.store, PeopleOptions{Wall: func() time.Time { return h.at }, Key: []byte("a key of the house"), Work: small()})
}

const goodPassword = "seven geese cross the road"

// hasAnna makes an operator who has a password.
func (h *house) has(name string, role stagedoor.Role) stagedoor.Operator {
	h.t.Helper()
	_, link, err := h.Invite(h.t.Context(), name, role, "root")
	if err != nil {
		h.t.Fatal(err)
	}
	o, err := h.Accept(h.t.Context(), link, stagedoor.NewSecret(goodPassword))
	if err != nil {
		h.t.Fatal(err)
	}
	return o
}

func (h *house) signIn(name, password, from string) (stagedoor.SignedIn, error) {
	return h.SignIn(h.t.Context(), stagedoor.SignIn{Name: name, Password: stagedoor.NewSecret(password), From: from, Browser: "Firefox"})
}

func (h *house) in(name string) stagedoor.SignedIn {
	h.t.Helper()
	in, err := h.signIn(name, goodPassword, "192.0.2.1:4711")
	if err != nil {
		h.t.Fatal(err)
	}
	return in
}

func (h *house) isIn(p *People, cookie stagedoor.Secret) bool {
	h.t.Helper()
	_, _, err := p.Session(h.t.Context(), cookie)
	if err != nil && stagedoor.KindOf(err) != stagedoor.KindUnauthenticated {
		h.t.Fatal(err)
	}
	return err == nil
}

func kind(t *testing.T, err error, want stagedoor.Kind, words ...string) {
	t.Helper()
	if stagedoor.KindOf(err) != want || err == nil {
		t.Errorf("%v, want an error of kind %s", err, want)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q is not said in: %v", word, err)
		}
	}
}

func TestALinkWorksOnce(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	o, link, err := h.Invite(ctx, "anna", stagedoor.RoleAdmin, "root")
	if err != nil || !strings.HasPrefix(link.Reveal(), InvitationPrefix) || len(link.Reveal()) < len(InvitationPrefix)+43 {
		t.Fatalf("%+v, %v", o, err)
	}
	_, err = h.signIn("anna", "", "192.0.2.1")
	kind(t, err, stagedoor.KindUnauthenticated)
	for _, wrong := range []string{"", "sdi_", link.Reveal()[:20], link.Reveal() + "x", "anna"} {
		_, err := h.Invited(ctx, stagedoor.NewSecret(wrong))
		kind(t, err, stagedoor.KindUnauthenticated, "once and for 24 hours", "operator reset")
	}
	if who, err := h.Invited(ctx, link); err != nil || who.Name != "anna" || who.Role != stagedoor.RoleAdmin {
		t.Errorf("invited: %+v, %v", who, err)
	}
	_, err = h.Accept(ctx, link, stagedoor.NewSecret("short"))
	kind(t, err, stagedoor.KindUsage, "less than 12 characters")
	if o, err = h.Accept(ctx, link, stagedoor.NewSecret(goodPassword)); err != nil || o.Name != "anna" {
		t.Fatal(err)
	}
	_, err = h.Accept(ctx, link, stagedoor.NewSecret("another good password"))
	kind(t, err, stagedoor.KindUnauthenticated)
	h.in("anna")
	list, err := h.List(ctx)
	text, marshalling := json.Marshal(list)
	if err != nil || marshalling != nil || !strings.HasPrefix(list[0].Password, "$argon2id$v=19$m=64,t=1,p=1$") || bytes.Contains(text, []byte("argon2id")) {
		t.Errorf("%v %v: %s", err, marshalling, text)
	}
}

func TestALinkEnds(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	_, first, err := h.Invite(ctx, "anna", stagedoor.RoleAdmin, "root")
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := h.Reset(ctx, "anna", "root")
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Accept(ctx, first, stagedoor.NewSecret(goodPassword))
	kind(t, err, stagedoor.KindUnauthenticated)
	h.at = h.at.Add(InvitationLife - time.Second)
	if _, err := h.Invited(ctx, second); err != nil {
		t.Error(err)
	}
	h.at = h.at.Add(time.Second)
	_, err = h.Accept(ctx, second, stagedoor.NewSecret(goodPassword))
	kind(t, err, stagedoor.KindUnauthenticated)
}

func TestOneOfManyAccepts(t *testing.T) {
	h := newHouse(t)
	_, link, err := h.Invite(t.Context(), "anna", stagedoor.RoleAdmin, "root")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	won := make(chan int, 8)
	for i := range 8 {
		all.Go(func() {
			if _, err := h.Accept(t.Context(), link, stagedoor.NewSecret(fmt.Sprint(goodPassword, i))); err == nil {
				won <- i
			}
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Fatalf("%d accepted one invitation", len(won))
	}
	if _, err := h.signIn("anna", fmt.Sprint(goodPassword, <-won), "192.0.2.1"); err != nil {
		t.Error(err)
	}
}

func TestSessions(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	anna := h.has("anna", stagedoor.RoleOperator)
	daemon := h.another()
	first, second := h.in("anna"), h.in(" Anna ")
	if first.Cookie.Equal(second.Cookie) || first.Session.ID == second.Session.ID {
		t.Error("two sessions are one")
	}
	o, n, err := daemon.Session(ctx, first.Cookie)
	if err != nil || o.ID != anna.ID || o.Password != "" || n.Browser != "Firefox" || n.From != "192.0.2.1:4711" {
		t.Errorf("%+v %+v %v", o, n, err)
	}
	for _, nobody := range []string{"", "sds_", first.Session.ID, string(first.Session.Hash), first.Cookie.Reveal() + " "} {
		if h.isIn(h.People, stagedoor.NewSecret(nobody)) {
			t.Errorf("%q is a session", nobody)
		}
	}
	h.at = h.at.Add(SessionIdle - time.Minute)
	if !h.isIn(h.People, second.Cookie) {
		t.Error("a session ended before its time")
	}
	if err := h.WriteSeen(ctx); err != nil {
		t.Fatal(err)
	}
	h.at = h.at.Add(time.Minute)
	if list, err := h.Sessions(ctx, anna.ID); err != nil || len(list) != 1 || list[0].ID != second.Session.ID {
		t.Errorf("%+v, %v", list, err)
	}
	if h.isIn(h.People, first.Cookie) || !h.isIn(h.People, second.Cookie) || !h.isIn(h.another(), second.Cookie) {
		t.Error("unused for 12 hours it ends, used it does not, also after a restart")
	}
	for h.at.Before(second.Session.ExpiresAt.Add(-time.Hour)) {
		h.at = h.at.Add(time.Hour)
		if !h.isIn(h.People, second.Cookie) {
			t.Fatal("a session that is used ended before its time")
		}
	}
	h.at = second.Session.ExpiresAt
	if h.isIn(h.People, second.Cookie) {
		t.Error("a session lasts longer than seven days")
	}
}

// TestWhatEndsSessions holds that here at once, and in another process as soon as it
// read what changed, nobody is in any more.
func TestWhatEndsSessions(t *testing.T) {
	for _, act := range []struct {
		name string
		do   func(h *house, anna stagedoor.Operator, own stagedoor.SignedIn) error
		left bool // the session from which it was done stays
	}{
		{"sign out", func(h *house, _ stagedoor.Operator, own stagedoor.SignedIn) error {
			_, err := h.SignOut(h.t.Context(), own.Cookie)
			return err
		}, false},
		{"end", func(h *house, anna stagedoor.Operator, own stagedoor.SignedIn) error {
			return h.EndSession(h.t.Context(), anna.ID, own.Session.ID)
		}, false},
		{"reset", func(h *house, _ stagedoor.Operator, _ stagedoor.SignedIn) error {
			_, _, err := h.Reset(h.t.Context(), "anna", "root")
			return err
		}, false},
		{"remove", func(h *house, _ stagedoor.Operator, _ stagedoor.SignedIn) error {
			_, err := h.Remove(h.t.Context(), "anna")
			return err
		}, false},
		{"own password", func(h *house, anna stagedoor.Operator, own stagedoor.SignedIn) error {
			return h.ChangePassword(h.t.Context(), anna.ID, own.Session.ID, stagedoor.NewSecret(goodPassword), stagedoor.NewSecret("eight geese cross the road"))
		}, true},
	} {
		t.Run(act.name, func(t *testing.T) {
			h := newHouse(t)
			anna := h.has("anna", stagedoor.RoleOperator)
			own, other := h.in("anna"), h.in("anna")
			daemon := h.another()
			if !h.isIn(daemon, own.Cookie) || !h.isIn(h.People, own.Cookie) {
				t.Fatal("nobody is in")
			}
			here, err := h.Changed(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := act.do(h, anna, own); err != nil {
				t.Fatal(err)
			}
			select {
			case <-here:
			default:
				t.Error("whoever keeps an answer open is not told")
			}
			if h.isIn(h.People, own.Cookie) != act.left {
				t.Error("the session itself:", !act.left)
			}
			one := act.name == "sign out" || act.name == "end"
			if h.isIn(h.People, other.Cookie) != one {
				t.Error("the other session:", !one)
			}
			if err := daemon.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
			if h.isIn(daemon, own.Cookie) != act.left || h.isIn(daemon, other.Cookie) != one {
				t.Error("another process goes by something else")
			}
		})
	}
}

func TestOwnPassword(t *testing.T) {
	h := newHouse(t)
	anna := h.has("anna", stagedoor.RoleOperator)
	in := h.in("anna")
	change := func(former, password string) error {
		return h.ChangePassword(t.Context(), anna.ID, in.Session.ID, stagedoor.NewSecret(former), stagedoor.NewSecret(password))
	}
	kind(t, change("wrong", "eight geese cross the road"), stagedoor.KindForbidden, "present password is wrong")
	kind(t, change(goodPassword, "anna anna anna"), stagedoor.KindUsage)
	if err := change(goodPassword, "eight geese cross the road"); err != nil {
		t.Fatal(err)
	}
	_, err := h.signIn("anna", goodPassword, "192.0.2.1")
	kind(t, err, stagedoor.KindUnauthenticated)
	if _, err := h.signIn("anna", "eight geese cross the road", "192.0.2.1"); err != nil {
		t.Error(err)
	}
	for range 12 { // whoever sits at a browser that is signed in may not guess on
		err = change("wrong", "nine geese cross the road")
	}
	kind(t, err, stagedoor.KindRateLimited)
}

func TestTheLastAdminStays(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.has("anna", stagedoor.RoleAdmin)
	h.has("ben", stagedoor.RoleOperator)
	refused := func() {
		t.Helper()
		_, err := h.Remove(ctx, "anna")
		kind(t, err, stagedoor.KindConflict, "last admin", "operator invite NAME --role admin")
		_, _, err = h.SetRole(ctx, "anna", stagedoor.RoleViewer)
		kind(t, err, stagedoor.KindConflict)
	}
	refused()
	if _, _, err := h.Invite(ctx, "carla", stagedoor.RoleAdmin, "root"); err != nil {
		t.Fatal(err)
	}
	refused() // carla can not sign in yet
	if _, err := h.Remove(ctx, "carla"); err != nil {
		t.Error(err) // but may go again
	}
	cookie := h.in("ben").Cookie
	if before, after, err := h.SetRole(ctx, "ben", stagedoor.RoleAdmin); err != nil || before.Role != stagedoor.RoleOperator || after.Role != stagedoor.RoleAdmin {
		t.Errorf("%+v %+v %v", before, after, err)
	}
	if o, _, err := h.Session(ctx, cookie); err != nil || o.Role != stagedoor.RoleAdmin {
		t.Errorf("the role does not count at once: %+v, %v", o, err)
	}
	// Of two who demote each other at the same time, one stays.
	var all sync.WaitGroup
	for _, name := range []string{"anna", "ben"} {
		all.Go(func() { _, _, _ = h.SetRole(ctx, name, stagedoor.RoleViewer) })
	}
	all.Wait()
	list, err := h.List(ctx)
	if err != nil || len(list) != 2 || (list[0].Role == stagedoor.RoleAdmin) == (list[1].Role == stagedoor.RoleAdmin) {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestWhoCanNotBeInvited(t *testing.T) {
	h := newHouse(t)
	for name, role := range map[string]stagedoor.Role{"": "viewer", "Anna": "viewer", "a b": "viewer", strings.Repeat("a", 65): "viewer", "anna": "", "ben": "root"} {
		_, _, err := h.Invite(t.Context(), name, role, "root")
		kind(t, err, stagedoor.KindUsage)
	}
	h.has("anna", stagedoor.RoleViewer)
	_, _, err := h.Invite(t.Context(), "anna", stagedoor.RoleAdmin, "root")
	kind(t, err, stagedoor.KindExists, "operator reset anna")
	_, _, err = h.SetRole(t.Context(), "anna", "root")
	kind(t, err, stagedoor.KindUsage)
	if any, err := h.Anybody(t.Context()); !any || err != nil {
		t.Error(any, err)
	}
	if any, err := newHouse(t).Anybody(context.Background()); any || err != nil {
		t.Error(any, err)
	}
}
