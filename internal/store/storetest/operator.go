package storetest

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

func operatorsAt() time.Time { return time.Date(2026, 11, 25, 9, 30, 15, 123456000, time.UTC) }

func person(name string, role stagedoor.Role) stagedoor.Operator {
	return stagedoor.Operator{ID: "id of " + name, Name: name, Role: role, CreatedAt: operatorsAt(), CreatedBy: "ann"}
}

func invitation(id string) stagedoor.Invitation {
	return stagedoor.Invitation{ID: id, Hash: []byte("\x00hash of " + id), CreatedAt: operatorsAt(), CreatedBy: "ann", ExpiresAt: operatorsAt().Add(time.Hour)}
}

func browser(id, operator string) stagedoor.Session {
	return stagedoor.Session{
		ID: id, OperatorID: "id of " + operator, Hash: []byte("\x00hash of " + id), CreatedAt: operatorsAt(), SeenAt: operatorsAt(),
		ExpiresAt: operatorsAt().Add(time.Hour), From: "192.0.2.7", Browser: "Firefox",
	}
}

// signedUp is an operator who accepted the invitation.
func signedUp(t *testing.T, s Store, name string, role stagedoor.Role) stagedoor.Operator {
	t.Helper()
	ctx := context.Background()
	o := person(name, role)
	must(t, s.AddOperator(ctx, o, invitation("invitation of "+name)))
	accepted, err := s.AcceptInvitation(ctx, "invitation of "+name, "password of "+name, operatorsAt())
	must(t, err)
	if !accepted {
		t.Fatal("an invitation that counts was not accepted")
	}
	o.Password, o.PasswordAt = "password of "+name, operatorsAt()
	return o
}

func operatorsKept(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	open := fresh(t)
	s := opened(t, open, time.Now)
	second := signedUp(t, s, "second", stagedoor.RoleViewer)
	first := person("first", stagedoor.RoleAdmin)
	must(t, s.AddOperator(ctx, first, invitation("i1")))
	for _, from := range []Store{s, opened(t, open, time.Now)} {
		list, err := from.Operators(ctx)
		must(t, err)
		if want := []stagedoor.Operator{first, second}; !reflect.DeepEqual(list, want) {
			t.Errorf("they came back as %+v, want %+v", list, want)
		}
		i, o, err := from.Invitation(ctx, invitation("i1").Hash)
		must(t, err)
		want := invitation("i1")
		want.OperatorID = first.ID
		if !reflect.DeepEqual(i, want) || !reflect.DeepEqual(o, first) {
			t.Errorf("the invitation came back as %+v of %+v", i, o)
		}
	}
	wantKind(t, s.AddOperator(ctx, person("first", stagedoor.RoleViewer), invitation("i2")), stagedoor.KindExists)
	if i, _, err := s.Invitation(ctx, invitation("i2").Hash); err != nil || i.ID != "" {
		t.Errorf("a refused operator left an invitation: %+v, %v", i, err)
	}
	after, err := s.UpdateOperator(ctx, "first", false, func(o *stagedoor.Operator, others []stagedoor.Operator) error {
		if len(others) != 1 || others[0].Name != "second" {
			t.Errorf("the others are %+v", others)
		}
		o.Role, o.Name = stagedoor.RoleViewer, "renamed"
		return nil
	})
	must(t, err)
	if after.Role != stagedoor.RoleViewer || after.Name != "first" {
		t.Errorf("changed to %+v", after)
	}
	no := errors.New("no")
	_, err = s.UpdateOperator(ctx, "first", false, func(o *stagedoor.Operator, _ []stagedoor.Operator) error { o.Role = stagedoor.RoleAdmin; return no })
	if !errors.Is(err, no) {
		t.Errorf("an error of the edit came back as %v", err)
	}
	_, err = s.RemoveOperator(ctx, "first", func(stagedoor.Operator, []stagedoor.Operator) error { return no })
	if list, listing := s.Operators(ctx); !errors.Is(err, no) || listing != nil || len(list) != 2 || list[0].Role != stagedoor.RoleViewer {
		t.Errorf("%v, %v: %+v", err, listing, list)
	}
	yes := func(stagedoor.Operator, []stagedoor.Operator) error { return nil }
	_, err = s.RemoveOperator(ctx, "first", yes)
	must(t, err)
	for _, gone := range []string{"first", "id of second", ""} {
		_, removing := s.RemoveOperator(ctx, gone, yes)
		_, changing := s.UpdateOperator(ctx, gone, false, func(*stagedoor.Operator, []stagedoor.Operator) error { return nil })
		_, resetting := s.ResetOperator(ctx, gone, invitation("i3"))
		for _, err := range []error{removing, changing, resetting} {
			wantKind(t, err, stagedoor.KindNotFound)
		}
	}
	if i, _, err := s.Invitation(ctx, invitation("i1").Hash); err != nil || i.ID != "" {
		t.Errorf("the invitation of a removed operator counts: %+v, %v", i, err)
	}
}

func invitationOnce(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	open := fresh(t)
	stores := []Store{opened(t, open, time.Now), opened(t, open, time.Now)}
	s := stores[0]
	must(t, s.AddOperator(ctx, person("anna", stagedoor.RoleAdmin), invitation("i1")))
	late := operatorsAt().Add(time.Hour)
	if accepted, err := s.AcceptInvitation(ctx, "i1", "too late", late); accepted || err != nil {
		t.Errorf("an invitation that has ended was accepted (%v)", err)
	}
	var all sync.WaitGroup
	var times atomic.Int32
	for i := range 8 {
		all.Go(func() {
			accepted, err := stores[i%2].AcceptInvitation(ctx, "i1", "password", operatorsAt())
			if err != nil {
				t.Error(err)
			}
			if accepted {
				times.Add(1)
			}
		})
	}
	all.Wait()
	if times.Load() != 1 {
		t.Errorf("the invitation was accepted %d times", times.Load())
	}
	must(t, s.AddSession(ctx, browser("b1", "anna"), "password"))
	for _, id := range []string{"i2", "i3"} { // each in the place of the one before
		o, err := s.ResetOperator(ctx, "anna", invitation(id))
		must(t, err)
		if o.Password != "" || !o.PasswordAt.IsZero() {
			t.Errorf("after a reset: %+v", o)
		}
	}
	if list, err := s.Sessions(ctx); err != nil || len(list) != 0 {
		t.Errorf("sessions after a reset: %+v, %v", list, err)
	}
	if accepted, err := s.AcceptInvitation(ctx, "i2", "password", operatorsAt()); accepted || err != nil {
		t.Errorf("an invitation that another took the place of was accepted (%v)", err)
	}
	if list, err := s.Invitations(ctx); err != nil || len(list) != 1 || list[0].ID != "i3" || list[0].OperatorID != "id of anna" {
		t.Errorf("invitations: %+v, %v", list, err)
	}
}

func sessionsKept(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	signedUp(t, s, "anna", stagedoor.RoleAdmin)
	signedUp(t, s, "ben", stagedoor.RoleViewer)
	older, newer := browser("b1", "anna"), browser("b2", "anna")
	newer.CreatedAt = newer.CreatedAt.Add(time.Minute)
	must(t, s.AddSession(ctx, older, "password of anna"))
	must(t, s.AddSession(ctx, newer, "password of anna"))
	must(t, s.AddSession(ctx, browser("b3", "ben"), "password of ben"))
	wantKind(t, s.AddSession(ctx, browser("b4", "ben"), "another password"), stagedoor.KindConflict)
	wantKind(t, s.AddSession(ctx, browser("b4", "nobody"), ""), stagedoor.KindConflict)
	list, err := s.Sessions(ctx)
	must(t, err)
	if want := []stagedoor.Session{newer, older, browser("b3", "ben")}; !reflect.DeepEqual(list, want) {
		t.Errorf("sessions: %+v, want %+v", list, want)
	}
	operators, err := s.Operators(ctx)
	must(t, err)
	if !operators[0].LastSignInAt.Equal(newer.CreatedAt) {
		t.Errorf("anna last signed in at %v", operators[0].LastSignInAt)
	}
	seen := operatorsAt().Add(5 * time.Minute)
	must(t, s.SeenSessions(ctx, map[string]time.Time{"b1": seen, "b2": operatorsAt().Add(-time.Hour), "gone": seen}))
	list, err = s.Sessions(ctx)
	must(t, err)
	if !list[1].SeenAt.Equal(seen) || !list[0].SeenAt.Equal(operatorsAt()) {
		t.Errorf("seen: %+v", list)
	}
	wantKind(t, s.RemoveSession(ctx, "id of ben", "b1"), stagedoor.KindNotFound) // of another
	must(t, s.RemoveSession(ctx, "id of anna", "b1"))
	must(t, s.SetPassword(ctx, "id of ben", "password of ben", "new", operatorsAt(), "b3"))
	wantKind(t, s.SetPassword(ctx, "id of ben", "password of ben", "newer", operatorsAt(), ""), stagedoor.KindConflict)
	must(t, s.AddSession(ctx, browser("b5", "ben"), "new"))
	must(t, s.SetPassword(ctx, "id of ben", "new", "newest", operatorsAt(), "b5"))
	list, err = s.Sessions(ctx)
	must(t, err)
	if len(list) != 2 || list[0].ID != "b2" || list[1].ID != "b5" {
		t.Errorf("sessions: %+v", list)
	}
	late := browser("b6", "ben") // when it comes, the others have ended
	late.CreatedAt, late.ExpiresAt = late.ExpiresAt, late.ExpiresAt.Add(time.Hour)
	must(t, s.AddSession(ctx, late, "newest"))
	_, err = s.UpdateOperator(ctx, "ben", true, func(*stagedoor.Operator, []stagedoor.Operator) error { return nil })
	must(t, err)
	if list, err = s.Sessions(ctx); err != nil || len(list) != 0 {
		t.Errorf("sessions: %+v, %v", list, err)
	}
}

// operatorsMoveRevision holds that a daemon is told who may still come in, and not of
// each look at a page.
func operatorsMoveRevision(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	last, err := s.Revision(ctx)
	must(t, err)
	yes := func(stagedoor.Operator, []stagedoor.Operator) error { return nil }
	for _, change := range []struct {
		name  string
		moves bool
		make  func() error
	}{
		{"inviting", true, func() error { return s.AddOperator(ctx, person("anna", stagedoor.RoleAdmin), invitation("i1")) }},
		{"accepting", true, func() error { _, err := s.AcceptInvitation(ctx, "i1", "p", operatorsAt()); return err }},
		{"signing in", true, func() error { return s.AddSession(ctx, browser("b1", "anna"), "p") }},
		{"being seen", false, func() error { return s.SeenSessions(ctx, map[string]time.Time{"b1": time.Now()}) }},
		{"another role", true, func() error {
			_, err := s.UpdateOperator(ctx, "anna", false, func(o *stagedoor.Operator, _ []stagedoor.Operator) error {
				o.Role = stagedoor.RoleViewer
				return nil
			})
			return err
		}},
		{"another password", true, func() error { return s.SetPassword(ctx, "id of anna", "p", "q", operatorsAt(), "b1") }},
		{"signing out", true, func() error { return s.RemoveSession(ctx, "id of anna", "b1") }},
		{"resetting", true, func() error { _, err := s.ResetOperator(ctx, "anna", invitation("i2")); return err }},
		{"removing", true, func() error { _, err := s.RemoveOperator(ctx, "anna", yes); return err }},
	} {
		must(t, change.make())
		now, err := s.Revision(ctx)
		must(t, err)
		if moved := now > last; moved != change.moves {
			t.Errorf("%s: the revision moved: %v", change.name, moved)
		}
		last = now
	}
}
