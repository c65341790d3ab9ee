package vault_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/store"
	"github.com/stagedoor/stagedoor/internal/vault"
)

// secrets are the texts, for comparing.
func secrets(c stagedoor.Credential) (texts []string) {
	for _, secret := range c.ClientSecrets {
		texts = append(texts, secret.Reveal())
	}
	return texts
}

// same compares all of two credentials. It prints neither, for the secrets.
func same(t *testing.T, got, want stagedoor.Credential) {
	t.Helper()
	if !reflect.DeepEqual(secrets(got), secrets(want)) {
		t.Error("the client secrets differ")
	}
	got.ClientSecrets, want.ClientSecrets = nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Error("the credentials differ in a field that is not the client secrets")
	}
}

func TestCredentialComesBackInAnotherProcess(t *testing.T) {
	h := newHome(t)
	_, v := h.vault(vault.Options{Wall: steps()})
	stored := added(t, v)
	if stored.ID == "" || stored.Status != stagedoor.StatusUnverified || stored.Plan != stagedoor.PlanPro || stored.ChangedBy != "ann" ||
		stored.CreatedAt.IsZero() || stored.SecretSetAt != stored.CreatedAt {
		t.Error("Add left out an id, a time or a default")
	}
	_, other := h.vault(vault.Options{})
	for _, asked := range []string{"acme", stored.ID} {
		got, err := other.Credential(t.Context(), asked)
		must(t, err)
		same(t, got, stored)
	}
	list, err := other.List(t.Context())
	must(t, err)
	if len(list) != 1 || list[0].AccountID != canaryAccount || list[0].ClientID != canaryClient || len(list[0].ClientSecrets) != 0 {
		t.Error("the list is not the credential with its ids and without its secrets")
	}
}

func TestSlugs(t *testing.T) {
	_, v := newHome(t).vault(vault.Options{})
	for _, test := range []struct{ slug, name, want string }{
		{"", "", "default"},
		{"", "Acme & Sons, Inc.", "acme-sons-inc"},
		{"acme", "Something Else", "acme"},
	} {
		c, err := v.Add(t.Context(), stagedoor.Credential{Slug: test.slug, Name: test.name})
		must(t, err)
		if c.Slug != test.want || c.Name == "" {
			t.Errorf("slug %q, name %q: got slug %q, name %q", test.slug, test.name, c.Slug, c.Name)
		}
	}
	for slug, words := range map[string]string{
		"env":                   "ZOOM_ACCOUNT_ID",
		"Acme":                  "for example acme",
		"a--b":                  "for example a-b",
		"-a":                    "",
		"a/b":                   "",
		"会議":                    "lower-case letters",
		strings.Repeat("a", 64): "longer",
	} {
		_, err := v.Add(t.Context(), stagedoor.Credential{Slug: slug})
		wantError(t, err, stagedoor.KindUsage, words)
	}
	_, err := v.Add(t.Context(), stagedoor.Credential{Name: "会議"})
	wantError(t, err, stagedoor.KindUsage, "会議")
	_, err = v.Add(t.Context(), stagedoor.Credential{Slug: "acme"})
	wantError(t, err, stagedoor.KindExists, "acme")
}

func TestUnknownCredentialNamesTheKnown(t *testing.T) {
	_, v := newHome(t).vault(vault.Options{})
	_, err := v.Credential(t.Context(), "acne")
	wantError(t, err, stagedoor.KindNotFound, "acne", "none yet", "credential add")
	added(t, v)
	_, err = v.Add(t.Context(), stagedoor.Credential{})
	must(t, err)
	want := []string{"acne", "acme, default", "stagedoor credential list"}
	_, err = v.Credential(t.Context(), "acne")
	wantError(t, err, stagedoor.KindNotFound, want...)
	wantError(t, v.Remove(t.Context(), "acne"), stagedoor.KindNotFound, want...)
	wantError(t, v.Disable(t.Context(), "acne", "", "ann"), stagedoor.KindNotFound, want...)
	_, err = v.SetSecret(t.Context(), "acne", stagedoor.NewSecret("x"), "ann")
	wantError(t, err, stagedoor.KindNotFound, want...)
}

func TestUpdate(t *testing.T) {
	_, v := newHome(t).vault(vault.Options{Wall: steps()})
	before := added(t, v)
	after, err := v.Update(t.Context(), "acme", "bob", func(c *stagedoor.Credential) error {
		c.Name, c.Slug, c.Plan = "Acme Ltd.", "acme-ltd", stagedoor.PlanBusiness
		c.ID, c.CreatedBy, c.Used = "forged", "forged", true
		return nil
	})
	must(t, err)
	want := before
	want.Name, want.Slug, want.Plan = "Acme Ltd.", "acme-ltd", stagedoor.PlanBusiness
	want.ChangedBy, want.ChangedAt = "bob", after.ChangedAt
	same(t, after, want)
	if !after.ChangedAt.After(before.ChangedAt) {
		t.Error("the time of the change was not noted")
	}
	stored, err := v.Credential(t.Context(), "acme-ltd")
	must(t, err)
	same(t, stored, after)

	no := errors.New("no")
	if _, err := v.Update(t.Context(), "acme-ltd", "bob", func(c *stagedoor.Credential) error {
		c.Name = "half"
		return no
	}); !errors.Is(err, no) {
		t.Errorf("got %v, want the error of the change", err)
	}
	for slug, kind := range map[string]stagedoor.Kind{"Not A Slug": stagedoor.KindUsage, "env": stagedoor.KindUsage} {
		_, err := v.Update(t.Context(), "acme-ltd", "bob", func(c *stagedoor.Credential) error {
			c.Slug = slug
			return nil
		})
		wantError(t, err, kind)
	}
	stored, err = v.Credential(t.Context(), after.ID)
	must(t, err)
	same(t, stored, after)
}

func TestSlugIsFixedOnceATokenWasHandedOut(t *testing.T) {
	_, v := newHome(t).vault(vault.Options{})
	c := added(t, v)
	must(t, v.MarkUsed(t.Context(), c.ID))
	must(t, v.MarkUsed(t.Context(), c.ID))
	if c, err := v.Credential(t.Context(), "acme"); err != nil || !c.Used {
		t.Errorf("the use was not noted (error %v)", err)
	}
	_, err := v.Update(t.Context(), "acme", "bob", func(c *stagedoor.Credential) error {
		c.Slug = "other"
		return nil
	})
	wantError(t, err, stagedoor.KindConflict, "acme", "--name")
}

func TestNewSecretKeepsTheOneBeforeUntilItWorked(t *testing.T) {
	h := newHome(t)
	_, v := h.vault(vault.Options{Wall: steps()})
	c := added(t, v)
	set := func(text string) {
		t.Helper()
		_, err := v.SetSecret(t.Context(), "acme", stagedoor.NewSecret(text), "bob")
		must(t, err)
	}
	want := func(texts ...string) stagedoor.Credential {
		t.Helper()
		_, other := h.vault(vault.Options{})
		got, err := other.Credential(t.Context(), "acme")
		must(t, err)
		if !reflect.DeepEqual(secrets(got), texts) {
			t.Fatalf("%d secrets are kept, or not the right ones; want %d", len(got.ClientSecrets), len(texts))
		}
		return got
	}
	must(t, v.SetStatus(t.Context(), c.ID, stagedoor.StatusFailing, "refused", "check"))
	set("second")
	got := want("second", canarySecret)
	if got.Status != stagedoor.StatusUnverified || got.StatusReason != "" || !got.SecretSetAt.After(c.SecretSetAt) || got.ChangedBy != "bob" {
		t.Error("the status of the old secret, or its time, was kept")
	}

	must(t, v.SecretWorked(t.Context(), c.ID, stagedoor.NewSecret(canarySecret)))
	want("second", canarySecret) // only the old one worked

	set("third")
	want("third", "second", canarySecret) // the one that works is not lost to two that may not
	set("third")
	want("third", "second", canarySecret) // typed twice
	set("fourth")
	want("fourth", "third", canarySecret)
	set("second")
	set("third")
	want("third", "second", canarySecret)

	must(t, v.SecretWorked(t.Context(), c.ID, stagedoor.NewSecret("second")))
	want("third", "second") // minted before the third was set
	must(t, v.SecretWorked(t.Context(), c.ID, stagedoor.NewSecret("third")))
	if got := want("third"); got.SecretUnproven {
		t.Error("a single secret counts as unproven")
	}
	must(t, v.SecretWorked(t.Context(), c.ID, stagedoor.NewSecret("third")))
	must(t, v.SecretWorked(t.Context(), c.ID, stagedoor.NewSecret("never set")))
	want("third")

	_, err := v.SetSecret(t.Context(), "acme", stagedoor.Secret{}, "bob")
	wantError(t, err, stagedoor.KindUsage, "empty")
}

// A proven secret is in place in one step, with its status.
func TestProvenSecret(t *testing.T) {
	_, v := newHome(t).vault(vault.Options{Wall: steps()})
	before := added(t, v)
	for _, status := range []stagedoor.Status{stagedoor.StatusVerified, stagedoor.StatusFailing, stagedoor.StatusUnverified} {
		must(t, v.SetStatus(t.Context(), before.ID, status, "reason", "ann"))
		_, err := v.SetSecret(t.Context(), "acme", stagedoor.NewSecret("unproven "+string(status)), "ann")
		must(t, err)
		_, err = v.SetProvenSecret(t.Context(), "acme", stagedoor.NewSecret("proven "+string(status)), "bob")
		must(t, err)
		got, err := v.Credential(t.Context(), "acme")
		must(t, err)
		if !reflect.DeepEqual(secrets(got), []string{"proven " + string(status)}) || got.SecretUnproven {
			t.Error("other secrets stay beside one that was proven")
		}
		if got.Status != stagedoor.StatusVerified || got.StatusReason != "" || got.CheckedBy != "bob" || !got.CheckedAt.After(before.CreatedAt) {
			t.Errorf("after %s: status %s %q, checked by %s", status, got.Status, got.StatusReason, got.CheckedBy)
		}
	}
	must(t, v.Disable(t.Context(), "acme", "audit", "bob"))
	_, err := v.SetProvenSecret(t.Context(), "acme", stagedoor.NewSecret("new"), "bob")
	must(t, err)
	got, err := v.Credential(t.Context(), "acme")
	must(t, err)
	if got.Status != stagedoor.StatusDisabled || got.StatusReason != "audit" {
		t.Error("a proof switched on what a person switched off")
	}
	_, err = v.SetProvenSecret(t.Context(), "acme", stagedoor.Secret{}, "bob")
	wantError(t, err, stagedoor.KindUsage, "empty")
}

// meanwhile is a store where something happens before each change.
type meanwhile struct {
	*store.Store
	happens func()
}

func (m meanwhile) UpdateCredential(ctx context.Context, id string, edit func(*stagedoor.SealedCredential) error) error {
	m.happens()
	return m.Store.UpdateCredential(ctx, id, edit)
}

func TestNewSecretIsNotLostToOneThatWorked(t *testing.T) {
	h := newHome(t)
	s, person := h.vault(vault.Options{})
	c := added(t, person)
	set := func(text string) {
		t.Helper()
		_, err := person.SetSecret(t.Context(), "acme", stagedoor.NewSecret(text), "ann")
		must(t, err)
	}
	set("second")
	daemon, err := vault.Open(t.Context(), meanwhile{s, func() { set("third") }}, vault.Options{KeyFile: h.key()})
	must(t, err)
	must(t, daemon.SecretWorked(t.Context(), c.ID, stagedoor.NewSecret("second")))
	got, err := person.Credential(t.Context(), "acme")
	must(t, err)
	if !reflect.DeepEqual(secrets(got), []string{"third", "second"}) {
		t.Error("the secret that was set meanwhile was lost, or the one that works")
	}
}

func TestStatus(t *testing.T) {
	_, v := newHome(t).vault(vault.Options{Wall: steps()})
	c := added(t, v)
	want := func(status stagedoor.Status, reason, checkedBy string) {
		t.Helper()
		got, err := v.Credential(t.Context(), "acme")
		must(t, err)
		if got.Status != status || got.StatusReason != reason || got.CheckedBy != checkedBy || got.CheckedAt.IsZero() {
			t.Errorf("status %s, %q, checked by %q at %v", got.Status, got.StatusReason, got.CheckedBy, got.CheckedAt)
		}
	}
	must(t, v.SetStatus(t.Context(), c.ID, stagedoor.StatusVerified, "", "ann"))
	want(stagedoor.StatusVerified, "", "ann")
	must(t, v.Disable(t.Context(), "acme", "audit", "bob"))
	want(stagedoor.StatusDisabled, "audit", "ann")
	must(t, v.SetStatus(t.Context(), c.ID, stagedoor.StatusVerified, "", "serve"))
	want(stagedoor.StatusDisabled, "audit", "serve") // a person switched it off
	_, err := v.SetSecret(t.Context(), "acme", stagedoor.NewSecret("new"), "bob")
	must(t, err)
	want(stagedoor.StatusDisabled, "audit", "serve")
	must(t, v.Enable(t.Context(), "acme", "bob"))
	want(stagedoor.StatusUnverified, "", "serve")
}

func TestRemove(t *testing.T) {
	_, v := newHome(t).vault(vault.Options{})
	before := added(t, v)
	must(t, v.Remove(t.Context(), "acme"))
	_, err := v.Credential(t.Context(), "acme")
	wantError(t, err, stagedoor.KindNotFound)
	if after := added(t, v); after.ID == before.ID {
		t.Error("an id was used twice")
	}
}
