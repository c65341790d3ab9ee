package vault

import (
	"context"
	"slices"

	"github.com/stagedoor/stagedoor"
)

// Update lets change edit a credential, by its slug or id, and returns it as
// it was stored; nobody else's change can come between, so change must be
// quick. An error of change is returned, and nothing is stored. The slug can
// be changed until a token was first handed out; ID, Used and who created it
// when cannot. by says who.
func (v *Vault) Update(ctx context.Context, slug, by string, change func(*stagedoor.Credential) error) (stagedoor.Credential, error) {
	return v.edit(ctx, slug, func(c *stagedoor.Credential) error {
		if err := change(c); err != nil {
			return err
		}
		c.ChangedAt, c.ChangedBy = v.now(), by
		return nil
	})
}

// mostSecrets bounds how many client secrets are kept of one credential, since
// a mint asks with each until one works.
const mostSecrets = 3

// SetSecret puts a new client secret first, unproven. Those before it go on
// working until a newer one has worked once ([Vault.SecretWorked]); of many the
// newest and the oldest are kept, for the oldest is the one that worked.
func (v *Vault) SetSecret(ctx context.Context, slug string, secret stagedoor.Secret, by string) (stagedoor.Credential, error) {
	if err := notEmpty(slug, secret); err != nil {
		return stagedoor.Credential{}, err
	}
	return v.Update(ctx, slug, by, func(c *stagedoor.Credential) error {
		list := []stagedoor.Secret{secret}
		for _, before := range c.ClientSecrets {
			if !before.Equal(secret) {
				list = append(list, before)
			}
		}
		if len(list) > mostSecrets {
			list = append(list[:mostSecrets-1], list[len(list)-1])
		}
		c.ClientSecrets = list
		return nil
	})
}

// SetProvenSecret puts a client secret that a check has just proven in the
// place of all others, in one step: no crash leaves it unproven, or the
// credential without one that works. A credential that a person switched off
// stays so.
func (v *Vault) SetProvenSecret(ctx context.Context, slug string, secret stagedoor.Secret, by string) (stagedoor.Credential, error) {
	if err := notEmpty(slug, secret); err != nil {
		return stagedoor.Credential{}, err
	}
	return v.Update(ctx, slug, by, func(c *stagedoor.Credential) error {
		c.ClientSecrets = []stagedoor.Secret{secret}
		if c.Status != stagedoor.StatusDisabled {
			c.Status, c.StatusReason = stagedoor.StatusVerified, ""
		}
		c.CheckedAt, c.CheckedBy = v.now(), by
		return nil
	})
}

func notEmpty(slug string, secret stagedoor.Secret) error {
	if !secret.IsZero() {
		return nil
	}
	return &stagedoor.Error{
		Op: "set a client secret", Subject: "credential " + slug, Kind: stagedoor.KindUsage,
		Cause: "the new secret is empty", Fix: "Copy it from the app's Credentials page.",
	}
}

// SecretWorked is told which client secret a token was granted for, and
// forgets those that are older. Where only one is kept it costs one read.
func (v *Vault) SecretWorked(ctx context.Context, id string, worked stagedoor.Secret) error {
	// keep is how many stay; somebody may have set a newer one since.
	keep := func(c stagedoor.Credential) int {
		return 1 + slices.IndexFunc(c.ClientSecrets, worked.Equal)
	}
	if c, err := v.Credential(ctx, id); err != nil || keep(c) == 0 || keep(c) == len(c.ClientSecrets) {
		return err
	}
	_, err := v.edit(ctx, id, func(c *stagedoor.Credential) error {
		if n := keep(*c); n > 0 {
			c.ClientSecrets = c.ClientSecrets[:n]
		}
		return nil
	})
	return err
}

// SetStatus notes what a check or a mint found. A credential that a person
// switched off stays so.
func (v *Vault) SetStatus(ctx context.Context, id string, status stagedoor.Status, reason, checkedBy string) error {
	_, err := v.edit(ctx, id, func(c *stagedoor.Credential) error {
		if c.Status != stagedoor.StatusDisabled {
			c.Status, c.StatusReason = status, reason
		}
		c.CheckedAt, c.CheckedBy = v.now(), checkedBy
		return nil
	})
	return err
}

// Disable switches a credential off and destroys its token.
func (v *Vault) Disable(ctx context.Context, slug, reason, by string) error {
	_, err := v.Update(ctx, slug, by, func(c *stagedoor.Credential) error {
		c.Status, c.StatusReason = stagedoor.StatusDisabled, reason
		return nil
	})
	return err
}

// Enable switches a credential on again; whether it works is not known then.
func (v *Vault) Enable(ctx context.Context, slug, by string) error {
	_, err := v.Update(ctx, slug, by, func(c *stagedoor.Credential) error {
		if c.Status == stagedoor.StatusDisabled {
			c.Status, c.StatusReason = stagedoor.StatusUnverified, ""
		}
		return nil
	})
	return err
}

// MarkUsed notes that a token was handed out, which fixes the slug. It writes
// once in a credential's life.
func (v *Vault) MarkUsed(ctx context.Context, id string) error {
	sealed, err := v.find(ctx, id)
	if err != nil || sealed.Used {
		return err
	}
	return v.store.UpdateCredential(ctx, sealed.ID, func(c *stagedoor.SealedCredential) error {
		c.Used = true
		return nil
	})
}

// edit opens a row, lets change edit it, and seals it again.
func (v *Vault) edit(ctx context.Context, slug string, change func(*stagedoor.Credential) error) (stagedoor.Credential, error) {
	found, err := v.find(ctx, slug)
	if err != nil {
		return stagedoor.Credential{}, err
	}
	var after stagedoor.Credential
	err = v.store.UpdateCredential(ctx, found.ID, func(row *stagedoor.SealedCredential) error {
		key, err := v.keys.openDataKey(*row)
		if err != nil {
			return err
		}
		before, err := key.openCredential(*row)
		if err != nil {
			return err
		}
		after = before
		after.ClientSecrets = slices.Clone(before.ClientSecrets)
		if err := change(&after); err != nil {
			return err
		}
		after.ID, after.Used, after.CreatedAt, after.CreatedBy = before.ID, before.Used, before.CreatedAt, before.CreatedBy
		if err := checkRename(before, after); err != nil {
			return err
		}
		if anotherGrant(before, after) {
			// What was found out is not true of the new values, unless it was
			// found out with them.
			if after.Status == before.Status && after.CheckedAt.Equal(before.CheckedAt) && after.Status != stagedoor.StatusDisabled {
				after.Status, after.StatusReason = stagedoor.StatusUnverified, ""
			}
			// A new data key: no token and no refusal of the old values can
			// come back, not even from a process that is minting now.
			if key, err = v.keys.newDataKey(after.ID); err != nil {
				return err
			}
		}
		if !secretOf(after).Equal(secretOf(before)) {
			after.SecretSetAt = v.now()
		}
		after.SecretUnproven = len(after.ClientSecrets) > 1
		*row, err = key.sealCredential(after)
		return err
	})
	if err != nil {
		return stagedoor.Credential{}, err
	}
	return after, nil
}

// anotherGrant reports whether a token that was granted before must not be
// used after.
func anotherGrant(before, after stagedoor.Credential) bool {
	return before.Provider != after.Provider || before.TokenURL != after.TokenURL ||
		before.AccountID != after.AccountID || before.ClientID != after.ClientID ||
		!secretOf(before).Equal(secretOf(after)) ||
		(after.Status == stagedoor.StatusDisabled && before.Status != stagedoor.StatusDisabled)
}

func checkRename(before, after stagedoor.Credential) error {
	if after.Slug == before.Slug {
		return nil
	}
	if before.Used {
		return &stagedoor.Error{
			Op: "rename a credential", Subject: "credential " + before.Slug, Kind: stagedoor.KindConflict,
			Cause: "a token was handed out by this name already, so that other programs may rely on it",
			Fix:   "Keep the name and change what people see with `stagedoor credential edit " + before.Slug + " --name`, or add a second credential.",
		}
	}
	return CheckSlug(after.Slug, after.Name)
}
