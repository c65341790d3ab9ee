package caller

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// An access token is tokenPrefix and, in URL-safe Base64 without padding:
//
//	1 byte   version, 1
//	16 bytes random id, by which it can be revoked
//	8 bytes  issued, Unix seconds, big-endian
//	8 bytes  expires, the same
//	n bytes  the caller's client id
//	32 bytes HMAC-SHA256 of all before it, the prefix included
const (
	tokenPrefix  = "sda_"
	tokenVersion = 1
	tokenID      = 16
	tokenHead    = 1 + tokenID + 8 + 8
	tokenMAC     = 32
	longestID    = 64
	longestToken = len(tokenPrefix) + (tokenHead+longestID+tokenMAC)*4/3 + 4
)

// Grant is what an access token says of itself.
type Grant struct {
	ID      string // by which it is revoked
	Issued  time.Time
	Expires time.Time
}

// Mint makes an access token for a caller. It lasts for life, in whole seconds,
// and never longer than the caller itself.
func (c *Callers) Mint(who stagedoor.Caller) (token stagedoor.Secret, life time.Duration) {
	issued := c.now().Truncate(time.Second)
	expires := issued.Add(c.lifetime)
	if !who.ExpiresAt.IsZero() && who.ExpiresAt.Before(expires) {
		expires = who.ExpiresAt.Truncate(time.Second)
	}
	raw := make([]byte, tokenHead, tokenHead+len(who.ID)+tokenMAC)
	raw[0] = tokenVersion
	rand.Read(raw[1 : 1+tokenID]) // never fails
	binary.BigEndian.PutUint64(raw[1+tokenID:], uint64(issued.Unix()))
	binary.BigEndian.PutUint64(raw[1+tokenID+8:], uint64(expires.Unix()))
	raw = append(raw, who.ID...)
	k := c.checks.Get().(*check)
	defer c.checks.Put(k)
	raw = append(raw, k.macOf(raw)...)
	return stagedoor.NewSecret(tokenPrefix + base64.RawURLEncoding.EncodeToString(raw)), max(expires.Sub(issued), 0)
}

// Verify returns whose an access token is. It looks at nothing but memory. A
// token that is forged, has ended or was revoked, or whose caller was revoked,
// removed or has ended, is [stagedoor.KindUnauthenticated]. The caller's lists
// are shared: do not change them.
func (c *Callers) Verify(ctx context.Context, accessToken stagedoor.Secret) (stagedoor.Caller, Grant, error) {
	now, err := c.current(ctx)
	if err != nil {
		return stagedoor.Caller{}, Grant{}, err
	}
	k := c.checks.Get().(*check)
	defer c.checks.Put(k)
	grant, id, ok := k.open(accessToken.Reveal())
	if !ok {
		return stagedoor.Caller{}, Grant{}, unauthenticated("it is not an access token that this Stagedoor made")
	}
	at := c.wall()
	switch {
	case !at.Before(grant.Expires):
		return stagedoor.Caller{}, Grant{}, unauthenticated("the access token has ended")
	case now.revoked[string(k.raw[1:1+tokenID])]:
		return stagedoor.Caller{}, Grant{}, unauthenticated("the access token was revoked")
	}
	found := now.callers[string(id)]
	if found == nil {
		return stagedoor.Caller{}, Grant{}, unauthenticated("the caller of this access token is not there any more")
	}
	if why := ended(&found.caller, at); why != "" {
		return stagedoor.Caller{}, Grant{}, endedClient(why)
	}
	return found.caller, grant, nil
}

// RevokeToken ends an access token before its time, at the wish of the client
// that holds it. What is no token, or has ended, is nothing to revoke, and no
// error (RFC 7009 section 2.2, read 2026-11-24); a token of another client is
// [stagedoor.KindForbidden].
func (c *Callers) RevokeToken(ctx context.Context, clientID string, token stagedoor.Secret) error {
	k := c.checks.Get().(*check)
	defer c.checks.Put(k)
	grant, id, ok := k.open(token.Reveal())
	if !ok || !c.wall().Before(grant.Expires) {
		return nil
	}
	if string(id) != clientID {
		return &stagedoor.Error{
			Op: "revoke an access token", Kind: stagedoor.KindForbidden,
			Cause: "it is another client's", Fix: "Revoke it as the client that it was made for.",
		}
	}
	if err := c.store.RevokeToken(ctx, grant.ID, grant.Expires); err != nil {
		return err
	}
	return c.changed(ctx)
}

// open takes a token apart if its MAC is right. id is valid until k is used again.
func (k *check) open(token string) (grant Grant, id []byte, ok bool) {
	// The decoder passes over line ends, and a token has one form.
	if len(token) > longestToken || !strings.HasPrefix(token, tokenPrefix) || strings.ContainsAny(token, "\r\n") {
		return Grant{}, nil, false
	}
	text := k.text[:copy(k.text[:], token[len(tokenPrefix):])]
	// Strict: bits that say nothing must be zero, so that a token has one form.
	n, err := strictBase64.Decode(k.raw[:], text)
	if err != nil || n <= tokenHead+tokenMAC {
		return Grant{}, nil, false
	}
	said, mac := k.raw[:n-tokenMAC], k.raw[n-tokenMAC:n]
	if subtle.ConstantTimeCompare(k.macOf(said), mac) != 1 || said[0] != tokenVersion {
		return Grant{}, nil, false
	}
	return Grant{
		ID:      hex.EncodeToString(said[1 : 1+tokenID]),
		Issued:  time.Unix(int64(binary.BigEndian.Uint64(said[1+tokenID:])), 0).UTC(),
		Expires: time.Unix(int64(binary.BigEndian.Uint64(said[1+tokenID+8:])), 0).UTC(),
	}, said[tokenHead:], true
}

var (
	strictBase64     = base64.RawURLEncoding.Strict()
	tokenPrefixBytes = []byte(tokenPrefix)
)

// macOf is valid until k is used again.
func (k *check) macOf(said []byte) []byte {
	k.mac.Reset()
	k.mac.Write(tokenPrefixBytes)
	k.mac.Write(said)
	return k.mac.Sum(k.sum[:0])
}

// rawID is a grant's id as it stands in the token.
func rawID(id string) string {
	raw, _ := hex.DecodeString(id)
	return string(raw)
}

func unauthenticated(cause string) error {
	return &stagedoor.Error{
		Op: "let a caller in", Kind: stagedoor.KindUnauthenticated, Cause: cause,
		Fix: "Get a new access token with the caller's client id and secret at /oauth/token; `stagedoor caller list` shows who has access.",
	}
}

// ended says why a caller has no access any more, or "".
func ended(c *stagedoor.Caller, at time.Time) string {
	switch {
	case !c.RevokedAt.IsZero():
		return "the caller " + c.Name + " was revoked on " + c.RevokedAt.Format(time.DateOnly)
	case !c.ExpiresAt.IsZero() && !at.Before(c.ExpiresAt):
		return "the caller " + c.Name + " ended on " + c.ExpiresAt.Format(time.DateOnly)
	}
	return ""
}
