package token

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/stagedoor/stagedoor"
	"golang.org/x/oauth2"
)

// held is the token at hand. But for quietUntil it never changes once it is
// made.
type held struct {
	token  stagedoor.Token
	oauth  *oauth2.Token
	since  time.Time     // monotonic instant from which life counts
	life   time.Duration // from since to expiry
	atMost time.Duration // the most that such a token has left when it is new
	margin time.Duration // it is stale when it has no more than this left

	freshUntil int64        // Unix time in seconds: before it, the wall clock has nothing to say
	quietUntil atomic.Int64 // age in nanoseconds: before it, there is nothing to do; 0 at first
}

// hold prepares a token for use. life counts from since; atMost is the most
// that a caller can ask of such a token.
func (s *Source) hold(t stagedoor.Token, since time.Time, life, atMost time.Duration) *held {
	h := &held{token: t, since: since, life: life, atMost: atMost}
	h.margin = lessJitter(min(s.margin, max(atMost, life)/2))
	h.freshUntil = t.Expiry.Add(-h.margin).Unix()
	h.oauth = (&oauth2.Token{
		AccessToken: t.Value.Reveal(), TokenType: t.Type, Expiry: t.Expiry,
	}).WithExtra(map[string]any{"scope": strings.Join(t.Scopes, " "), "api_url": t.APIURL})
	h.token.Type = h.oauth.Type()
	return h
}

func (s *Source) holdGranted(got grantedToken) *held {
	_, mono := s.now()
	return s.hold(got.token, got.sent, got.life, got.life-mono.Sub(got.sent))
}

// left returns how long the token lives on: the lesser of what the wall clock
// and the monotonic clock say. The expiry has no monotonic reading, so that the
// first difference is one of wall time; the second is monotonic.
func (h *held) left(wall, mono time.Time) time.Duration {
	return min(h.token.Expiry.Sub(wall), h.life-mono.Sub(h.since))
}

// quiet reports whether a caller may have the token without further ado: both
// clocks say that it is fresh, and its use was noted within the last second.
// age is monotonic, wall in seconds of Unix time.
func (h *held) quiet(age time.Duration, wall int64) bool {
	return int64(age) < h.quietUntil.Load() && wall < h.freshUntil
}

// lasts reports whether a token that has left to live serves a caller that
// asks for minTTL. A nil held serves nobody.
func (h *held) lasts(left, minTTL time.Duration) bool {
	return h != nil && left > 0 && left >= minTTL
}

func (h *held) state(left time.Duration) stagedoor.TokenState {
	switch {
	case left <= 0:
		return stagedoor.TokenExpired
	case left <= h.margin:
		return stagedoor.TokenStale
	}
	return stagedoor.TokenFresh
}
