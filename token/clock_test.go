package token

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
)

// wallClock is a wall clock that can be set, over the monotonic one, which cannot.
type wallClock struct{ ahead atomic.Int64 }

func (w *wallClock) now() time.Time { return time.Now().Round(0).Add(time.Duration(w.ahead.Load())) }

func (w *wallClock) jump(d time.Duration) { w.ahead.Add(int64(d)) }

func TestAMachineThatSleptHandsOutNoDeadToken(t *testing.T) {
	e, clock := &endpoint{}, &wallClock{}
	s := open(t, e, func(c *Config) { c.Wall = clock.now })
	get(t, s)
	clock.jump(2 * time.Hour) // the monotonic clock stood still meanwhile
	if st := s.State(); st.Token != stagedoor.TokenExpired {
		t.Errorf("after two hours of sleep the token is %s", st.Token)
	}
	got, err := s.Get(t.Context(), 50*time.Minute)
	if err != nil || got.Value.Reveal() != "token-2" || got.Expiry.Sub(clock.now()) < 59*time.Minute {
		t.Errorf("error %v, token minted %d times, expiry %s ahead; want a new token", err, e.mints(), got.Expiry.Sub(clock.now()))
	}
	if got.Expiry != got.Expiry.Round(0) || got.Expiry.Location() != time.UTC {
		t.Error("the expiry has a monotonic reading or is not UTC")
	}
}

func TestASleepIntoTheWindowRenewsAtTheNextUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, clock := &endpoint{}, &wallClock{}
		s := open(t, e, func(c *Config) { c.Wall = clock.now })
		get(t, s)
		clock.jump(58 * time.Minute)
		if get(t, s) != "token-1" {
			t.Error("a caller waited although the token has two minutes left")
		}
		synctest.Wait()
		if get(t, s) != "token-2" {
			t.Error("the token was not renewed")
		}
	})
}

func TestAClockSetForwardCostsOneToken(t *testing.T) {
	e, clock := &endpoint{}, &wallClock{}
	s := open(t, e, func(c *Config) { c.Wall = clock.now })
	get(t, s)
	clock.jump(24 * time.Hour)
	get(t, s)
	clock.jump(-24 * time.Hour)
	if get(t, s) != "token-2" || e.mints() != 2 {
		t.Errorf("%d mints, want 2", e.mints())
	}
}

func TestAClockSetBackDoesNotLengthenALife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, clock := &endpoint{}, &wallClock{}
		s := open(t, e, func(c *Config) { c.Wall, c.NoRenewAhead = clock.now, true })
		get(t, s)
		clock.jump(-2 * time.Hour)
		if get(t, s) != "token-1" {
			t.Error("the token was thrown away")
		}
		if _, err := s.Get(t.Context(), 61*time.Minute); err == nil {
			t.Error("a token was promised to live longer than its lifetime")
		}
		time.Sleep(time.Hour) // wall clock: an hour before the token was minted
		if get(t, s) != "token-2" {
			t.Error("a token was handed out an hour after it was minted for an hour")
		}
	})
}

func TestReadingAllocatesNothing(t *testing.T) {
	e := &endpoint{}
	s := open(t, e)
	get(t, s)
	ctx := t.Context()
	for name, read := range map[string]func(){
		"Get":   func() { s.Get(ctx, time.Minute) },
		"Token": func() { s.Token() },
	} {
		if n := testing.AllocsPerRun(1000, read); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
	first, err := s.Token()
	if err != nil {
		t.Fatal(err)
	}
	if second, _ := s.Token(); first != second {
		t.Error("Token made a second copy of one token")
	}
	if first.Type() != "Bearer" || first.Extra("api_url") != "https://api.zoom.us" || first.Expiry.IsZero() {
		t.Error("the oauth2 token lacks its type, API URL or expiry")
	}
}

// The clock of this machine cannot be set in a test, so what it is asked while
// a token is fresh is held here.
func TestATokenIsQuietOnlyWhileBothClocksSaySo(t *testing.T) {
	e := &endpoint{}
	s := open(t, e)
	get(t, s) // mints
	get(t, s) // finds nothing to do for a second
	h := s.held.Load()
	minted := h.token.Minted.Unix()
	stale := time.Hour - h.margin
	if !h.quiet(0, minted) || !h.quiet(900*time.Millisecond, minted+1) {
		t.Error("a token that was just used makes more work")
	}
	if h.quiet(2*time.Second, minted) {
		t.Error("no use is noted any more")
	}
	if h.quiet(0, minted+int64(stale/time.Second)+1) {
		t.Error("the wall clock says that it is stale, and nobody looks")
	}
	s.keepQuiet(h, h.since.Sub(s.started)+stale-time.Millisecond)
	if h.quiet(stale, minted) {
		t.Error("the monotonic clock says that it is stale, and nobody looks")
	}
	s.Invalidate(h.token)
	if got := get(t, s); got != "token-2" {
		t.Errorf("got %s after the token was rejected", got)
	}
	e = &endpoint{}
	own := open(t, e, func(c *Config) { c.Wall = time.Now })
	get(t, own)
	get(t, own)
	if own.held.Load().quiet(0, 0) {
		t.Error("a wall clock of one's own is not asked")
	}
}
