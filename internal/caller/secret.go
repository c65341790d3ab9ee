package caller

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"github.com/stagedoor/stagedoor"
)

// secretPrefix begins every caller's secret.
const secretPrefix = "sdc_"

// keptOf is what is kept of a new secret.
func keptOf(secret stagedoor.Secret, at time.Time) stagedoor.CallerSecret {
	hash := secret.Hash()
	return stagedoor.CallerSecret{Hash: hash[:], CreatedAt: at}
}

// mostSecrets live at once: the new one, and the one that it takes the place of.
const mostSecrets = 2

// Authenticate returns the caller with this client id and secret. One that is not
// known takes as long as one whose secret is wrong, and both are told the same:
// [stagedoor.KindUnauthenticated]. The caller's lists are shared: do not change
// them.
func (c *Callers) Authenticate(ctx context.Context, clientID string, secret stagedoor.Secret) (stagedoor.Caller, error) {
	now, err := c.current(ctx)
	if err != nil {
		return stagedoor.Caller{}, err
	}
	at := c.wall()
	given := secret.Hash()
	var hashes [mostSecrets][sha256.Size]byte // of nobody; no text has this hash
	found := now.callers[clientID]
	live := 0
	if found != nil {
		for _, s := range found.caller.Secrets {
			if live < mostSecrets && lives(s, at) {
				copy(hashes[live][:], s.Hash)
				live++
			}
		}
	}
	right := 0
	for i := range hashes {
		right |= subtle.ConstantTimeCompare(given[:], hashes[i][:]) & subtle.ConstantTimeLessOrEq(i+1, live)
	}
	if right != 1 {
		return stagedoor.Caller{}, wrongClient()
	}
	// Whoever has the secret may know why it is of no use.
	if why := ended(&found.caller, at); why != "" {
		return stagedoor.Caller{}, endedClient(why)
	}
	return found.caller, nil
}

// ByID returns the caller with this client id, for those who prove in another way
// who they are; one that is not known, was revoked or has ended is
// [stagedoor.KindUnauthenticated]. The caller's lists are shared: do not change
// them.
func (c *Callers) ByID(ctx context.Context, clientID string) (stagedoor.Caller, error) {
	now, err := c.current(ctx)
	if err != nil {
		return stagedoor.Caller{}, err
	}
	found := now.callers[clientID]
	if found == nil || ended(&found.caller, c.wall()) != "" {
		return stagedoor.Caller{}, wrongClient()
	}
	return found.caller, nil
}

// UseAssertion notes that an assertion was used; id stands for who signed it and
// which one it is. One that was used before is [stagedoor.KindUnauthenticated].
// It is remembered until it has ended.
func (c *Callers) UseAssertion(ctx context.Context, id string, expires time.Time) error {
	first, err := c.store.UseAssertion(ctx, id, expires)
	if err == nil && !first {
		err = &stagedoor.Error{
			Op: "let a caller in", Kind: stagedoor.KindUnauthenticated,
			Cause: "the assertion was used before", Fix: "Sign a new one, with another jti, for each request.",
		}
	}
	return err
}

// lives reports whether a secret counts at an instant.
func lives(s stagedoor.CallerSecret, at time.Time) bool {
	return s.ExpiresAt.IsZero() || at.Before(s.ExpiresAt)
}

func wrongClient() error {
	return &stagedoor.Error{
		Op: "let a caller in", Kind: stagedoor.KindUnauthenticated,
		Cause: "there is no caller with this client id and secret",
		Fix:   "Look up the client id with `stagedoor caller list`; a new secret is made with `stagedoor caller rotate-secret NAME`.",
	}
}

func endedClient(why string) error {
	return &stagedoor.Error{
		Op: "let a caller in", Kind: stagedoor.KindUnauthenticated, Cause: why,
		Fix: "Whoever runs Stagedoor makes a new one with `stagedoor caller add`.",
	}
}
