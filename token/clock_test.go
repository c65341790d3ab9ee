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

func BenchmarkGet(b *testing.B) {
	s := open(b, &endpoint{})
	get(b, s)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := s.Get(b.Context(), 0); err != nil {
				b.Error(err)
			}
		}
	})
}
