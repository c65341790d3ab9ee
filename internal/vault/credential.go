package vault

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Add seals and stores a new credential and returns it as it was stored. ID
// and times are set here; an empty Slug is derived from Name, an empty Name is
// the slug, and without both it is the default credential. CreatedBy says who.
func (v *Vault) Add(ctx context.Context, c stagedoor.Credential) (stagedoor.Credential, error) {
	switch {
	case c.Slug == "" && c.Name == "":
		c.Slug = stagedoor.DefaultSlug
	case c.Slug == "":
		c.Slug = stagedoor.Slugify(c.Name)
	}
	if err := CheckSlug(c.Slug, c.Name); err != nil {
		return stagedoor.Credential{}, err
	}
	if c.Name == "" {
		c.Name = c.Slug
	}
	if c.Plan == "" {
		c.Plan = stagedoor.PlanPro
	}
	if c.Status == "" {
		c.Status = stagedoor.StatusUnverified
	}
	now := v.now()
	c.ID = strings.ToLower(rand.Text()) // at least 128 random bits, in Base32
	c.Used = false
	c.CreatedAt, c.ChangedAt, c.ChangedBy = now, now, c.CreatedBy
	c.SecretSetAt = time.Time{}
	if len(c.ClientSecrets) > 0 {
		c.SecretSetAt = now
	}
	key, err := v.keys.newDataKey(c.ID)
	if err != nil {
		return stagedoor.Credential{}, err
	}
	sealed, err := key.sealCredential(c)
	if err != nil {
		return stagedoor.Credential{}, err
	}
	if err := v.store.AddCredential(ctx, sealed); err != nil {
		return stagedoor.Credential{}, err
	}
	return c, nil
}

// Credential returns a credential, with its secrets, by its slug or id. The
// error for one that is not there lists those that are.
func (v *Vault) Credential(ctx context.Context, slug string) (stagedoor.Credential, error) {
	sealed, err := v.find(ctx, slug)
	if err != nil {
		return stagedoor.Credential{}, err
	}
	return v.open(sealed)
}

// List returns all credentials in the order of their slugs, without their
// client secrets.
func (v *Vault) List(ctx context.Context) ([]stagedoor.Credential, error) {
	rows, err := v.store.Credentials(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]stagedoor.Credential, len(rows))
	for i, row := range rows {
		if list[i], err = v.open(row); err != nil {
			return nil, err
		}
		list[i].ClientSecrets = nil
	}
	return list, nil
}

// Remove removes the credential with its token, and destroys the only copy of
// its data key.
func (v *Vault) Remove(ctx context.Context, slug string) error {
	sealed, err := v.find(ctx, slug)
	if err != nil {
		return err
	}
	return v.store.RemoveCredential(ctx, sealed.ID)
}

// open opens a row with the vault's key.
func (v *Vault) open(sealed stagedoor.SealedCredential) (stagedoor.Credential, error) {
	key, err := v.keys.openDataKey(sealed)
	if err != nil {
		return stagedoor.Credential{}, err
	}
	return key.openCredential(sealed)
}

// find returns the row with this slug or id.
func (v *Vault) find(ctx context.Context, slug string) (stagedoor.SealedCredential, error) {
	sealed, err := v.store.Credential(ctx, slug)
	if stagedoor.KindOf(err) != stagedoor.KindNotFound {
		return sealed, err
	}
	rows, listing := v.store.Credentials(ctx)
	if listing != nil {
		return sealed, listing
	}
	known := make([]string, len(rows))
	for i, row := range rows {
		known[i] = row.Slug
	}
	fix := "There is none yet. Add it with `stagedoor credential add " + slug + "`, which asks for all that it needs."
	if len(known) > 0 {
		fix = "Known: " + strings.Join(known, ", ") + ". See `stagedoor credential list`."
	}
	return sealed, &stagedoor.Error{
		Op: "find a credential", Subject: "credential " + slug, Kind: stagedoor.KindNotFound,
		Cause: "there is no credential by that name", Fix: fix,
	}
}

// longestSlug keeps a slug usable as one label of a host name.
const longestSlug = 63

// CheckSlug says whether commands and URLs can call a credential so.
func CheckSlug(slug, name string) error {
	subject := "credential name \"" + slug + "\""
	if slug == "" {
		subject = "credential name \"" + name + "\""
	}
	e := &stagedoor.Error{Op: "name a credential", Subject: subject, Kind: stagedoor.KindUsage}
	switch {
	case slug == stagedoor.EnvSlug:
		e.Cause = "\"env\" is the credential that is read from ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET"
		e.Fix = "Choose another name."
	case slices.Contains([]string{"get", "head", "post", "put", "patch", "delete"}, slug):
		e.Cause = "\"" + slug + "\" is what `stagedoor api` takes for a method"
		e.Fix = "Choose another name."
	case slug == "" || slug != stagedoor.Slugify(slug):
		e.Cause = "the name that commands and URLs use is of lower-case letters a to z, digits and single hyphens"
		e.Fix = "Choose such a name"
		if better := stagedoor.Slugify(slug); better != "" {
			e.Fix += ", for example " + better
		}
		e.Fix += "; what people see may be anything (--name)."
	case len(slug) > longestSlug:
		e.Cause = "it is longer than 63 letters"
		e.Fix = "Choose a shorter name; what people see may be longer (--name)."
	default:
		return nil
	}
	return e
}

// secretOf returns the newest client secret.
func secretOf(c stagedoor.Credential) stagedoor.Secret {
	if len(c.ClientSecrets) == 0 {
		return stagedoor.Secret{}
	}
	return c.ClientSecrets[0]
}
