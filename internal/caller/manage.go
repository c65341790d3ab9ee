package caller

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Add stores a new caller and returns it with its secret, which is not to be seen
// again; withSecret false makes none, for one that signs with its Keys. Name,
// CredentialID, Provider and CreatedBy must be set; ID, Secrets and times are set
// here.
func (c *Callers) Add(ctx context.Context, add stagedoor.Caller, withSecret bool) (stagedoor.Caller, stagedoor.Secret, error) {
	now := c.now()
	add.ID = "caller_" + strings.ToLower(rand.Text()) // at least 128 random bits, in Base32
	add.CreatedAt, add.ChangedAt, add.ChangedBy = now, now, add.CreatedBy
	add.RevokedAt, add.RevokedBy, add.Secrets = time.Time{}, "", nil
	if err := c.checkNew(add, withSecret); err != nil {
		return stagedoor.Caller{}, stagedoor.Secret{}, err
	}
	var secret stagedoor.Secret
	if withSecret {
		secret = stagedoor.MakeSecret(secretPrefix)
		add.Secrets = []stagedoor.CallerSecret{keptOf(secret, now)}
	}
	if err := c.store.AddCaller(ctx, add); err != nil {
		return stagedoor.Caller{}, stagedoor.Secret{}, err
	}
	return add, secret, c.changed(ctx)
}

// List returns all callers in the order of their names.
func (c *Callers) List(ctx context.Context) ([]stagedoor.Caller, error) {
	return c.store.Callers(ctx)
}

// Find returns a caller by its name or client id. The error for one that is not
// there lists those that are.
func (c *Callers) Find(ctx context.Context, name string) (stagedoor.Caller, error) {
	list, err := c.store.Callers(ctx)
	if err != nil {
		return stagedoor.Caller{}, err
	}
	known := make([]string, len(list))
	for i, row := range list {
		if row.Name == name || row.ID == name {
			return row, nil
		}
		known[i] = row.Name
	}
	fix := "There is none yet. Add it with `stagedoor caller add " + name + " --credential NAME --allow 'GET /users/*'`."
	if len(known) > 0 {
		fix = "Known: " + strings.Join(known, ", ") + ". See `stagedoor caller list`."
	}
	return stagedoor.Caller{}, &stagedoor.Error{
		Op: "find a caller", Subject: "caller " + name, Kind: stagedoor.KindNotFound,
		Cause: "there is no caller by that name", Fix: fix,
	}
}

// SetRules puts other rules in the place of a caller's.
func (c *Callers) SetRules(ctx context.Context, name string, rules []stagedoor.Rule, who string) (before, after stagedoor.Caller, err error) {
	before, err = c.Find(ctx, name)
	if err != nil {
		return before, after, err
	}
	if err := c.checkRules(before.Name, before.Provider, rules); err != nil {
		return before, after, err
	}
	after, err = c.update(ctx, before, who, func(row *stagedoor.Caller) error {
		before.Rules = slices.Clone(row.Rules)
		row.Rules = rules
		return nil
	})
	return before, after, err
}

// RotateSecret gives a caller a new secret, which is not to be seen again. The
// former one goes on working for keep; any before it ends now.
func (c *Callers) RotateSecret(ctx context.Context, name string, keep time.Duration, who string) (stagedoor.Caller, stagedoor.Secret, error) {
	row, err := c.Find(ctx, name)
	if err != nil {
		return row, stagedoor.Secret{}, err
	}
	secret := stagedoor.MakeSecret(secretPrefix)
	row, err = c.update(ctx, row, who, func(row *stagedoor.Caller) error {
		if len(row.Secrets) == 0 {
			return &stagedoor.Error{
				Op: "make a new secret", Subject: "caller " + row.Name, Kind: stagedoor.KindConflict,
				Cause: "it has no secret: it proves itself with its keys alone",
				Fix:   "Where it is to have one, add another caller without --no-secret.",
			}
		}
		now := c.now()
		secrets := []stagedoor.CallerSecret{keptOf(secret, now)}
		if len(row.Secrets) > 0 && keep > 0 && lives(row.Secrets[0], now) {
			former := row.Secrets[0]
			former.ExpiresAt = now.Add(keep)
			secrets = append(secrets, former)
		}
		row.Secrets = secrets
		return nil
	})
	if err != nil {
		return row, stagedoor.Secret{}, err
	}
	return row, secret, nil
}

// Revoke ends a caller: its secrets, keys and access tokens count no more.
func (c *Callers) Revoke(ctx context.Context, name, who string) (stagedoor.Caller, error) {
	row, err := c.Find(ctx, name)
	if err != nil {
		return row, err
	}
	return c.update(ctx, row, who, func(row *stagedoor.Caller) error {
		row.RevokedAt, row.RevokedBy = c.now(), who
		row.Secrets, row.Keys = nil, ""
		return nil
	})
}

// update changes a caller that was not revoked.
func (c *Callers) update(ctx context.Context, row stagedoor.Caller, who string, edit func(*stagedoor.Caller) error) (stagedoor.Caller, error) {
	var after stagedoor.Caller
	err := c.store.UpdateCaller(ctx, row.ID, func(row *stagedoor.Caller) error {
		if !row.RevokedAt.IsZero() {
			return &stagedoor.Error{
				Op: "change a caller", Subject: "caller " + row.Name, Kind: stagedoor.KindConflict,
				Cause: ended(row, c.wall()) + " by " + row.RevokedBy,
				Fix:   "A revoked caller stays so. Its name is free for a new one: `stagedoor caller add " + row.Name + "`.",
			}
		}
		if err := edit(row); err != nil {
			return err
		}
		row.ChangedAt, row.ChangedBy = c.now(), who
		after = *row
		return nil
	})
	if err != nil {
		return row, err
	}
	return after, c.changed(ctx)
}

// longestName keeps a name usable in a table.
const longestName = 63

// checkNew refuses what can not be stored.
func (c *Callers) checkNew(add stagedoor.Caller, withSecret bool) error {
	e := &stagedoor.Error{Op: "add a caller", Subject: "caller \"" + stagedoor.Outside(add.Name, 80) + "\"", Kind: stagedoor.KindUsage}
	switch {
	case add.Name == "" || add.Name != stagedoor.Slugify(add.Name):
		e.Cause = "the name of a caller is of lower-case letters a to z, digits and single hyphens"
		e.Fix = "Choose such a name"
		if better := stagedoor.Slugify(add.Name); better != "" {
			e.Fix += ", for example " + better
		}
		e.Fix += "; what it is for may be told in --description."
	case len(add.Name) > longestName:
		e.Cause, e.Fix = "the name is longer than 63 letters", "Choose a shorter one; what it is for may be told in --description."
	case add.Share < 0 || add.Share > 1:
		e.Cause, e.Fix = "a share of the quota is from 1% to 100%", "Write it like --quota-share 20%."
	case !add.ExpiresAt.IsZero() && !c.wall().Before(add.ExpiresAt):
		e.Cause = "it would have ended already, on " + add.ExpiresAt.Format(time.DateOnly)
		e.Fix = "Give a time that is to come: --expires 90d, or a date."
	case !withSecret && add.Keys == "":
		e.Cause = "without a secret and without keys nobody could prove to be it"
		e.Fix = "Leave --no-secret out, or name the public keys that it signs with: --jwks FILE."
	case !slices.ContainsFunc(add.Rules, func(r stagedoor.Rule) bool { return !r.Deny }) && !add.AllowToken:
		e.Cause = "nothing is allowed it, so that it could do nothing"
		e.Fix = "Say what it may do with --allow 'GET /report/**' or --allow-scope report:read:admin; both may be repeated."
	default:
		if err := c.checkRules(add.Name, add.Provider, add.Rules); err != nil {
			return err
		}
		if add.Keys == "" {
			return nil
		}
		_, err := ParseKeys([]byte(add.Keys))
		return err
	}
	return e
}
