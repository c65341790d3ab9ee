package token

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Between a caller's look at the token and its turn at the lock, the flight
// that it would have waited for may have landed.
func TestWhoComesLateStartsNoSecondRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		s := open(t, e)
		get(t, s)
		if f, pause, failure := s.join(want{minTTL: time.Minute}); f != nil || pause != 0 || failure != nil {
			t.Error("a caller was sent to wait although the token is there")
		}
		s.renewAhead()
		s.tick()
		synctest.Wait()
		if e.asked() != 1 {
			t.Errorf("%d requests, want 1", e.asked())
		}
	})
}

func TestFirstCallersShareOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{latency: time.Second}
		s := open(t, e)
		if _, failed := crowd(t, s, 1000); failed != 0 || e.asked() != 1 {
			t.Errorf("%d failed, %d requests; want 0 and 1", failed, e.asked())
		}
	})
}

func TestEndpointDownPastExpiryIsNoErrorOnceItIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		s := open(t, e)
		get(t, s)
		e.setTrouble(down)
		time.Sleep(61 * time.Minute)
		began := time.Now()
		time.AfterFunc(20*time.Second, func() { e.setTrouble(nil) })
		if _, failed := crowd(t, s, 1000); failed != 0 {
			t.Errorf("%d callers failed although the endpoint came back", failed)
		}
		if took := time.Since(began); took > 20*time.Second+2*attemptEvery {
			t.Errorf("callers got a token %s after they asked, want at once after 20s", took)
		}
		if e.mints() != 2 {
			t.Errorf("%d mints, want 2", e.mints())
		}
	})
}

func TestEndpointThatStaysDownIsExplained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{trouble: down}
		s := open(t, e)
		began := time.Now()
		_, err := s.Get(t.Context(), 0)
		refusal(t, err, stagedoor.KindNetwork)
		if took := time.Since(began); took < 20*time.Second || took > 40*time.Second {
			t.Errorf("gave up after %s, want about 35s", took)
		}
		short, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began = time.Now()
		_, err = s.Get(short, 0)
		refusal(t, err, stagedoor.KindNetwork)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("a caller with 3s waited %s", took)
		}
		if e.asked() > 5*39+2 {
			t.Errorf("%d requests in 38 seconds", e.asked())
		}
	})
}

// A gateway's callers keep coming while the endpoint is away for minutes.
func TestALongOutageIsAskedAboutLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{trouble: down}
		s := open(t, e, func(c *Config) { c.Patience = 8 * time.Second })
		for began := time.Now(); time.Since(began) < 5*time.Minute; {
			_, err := s.Get(t.Context(), 0)
			refusal(t, err, stagedoor.KindNetwork)
		}
		if n := e.asked(); n < 300 || n > manyFailures+300 {
			t.Errorf("%d requests in five minutes", n)
		}
		e.setTrouble(nil)
		if _, err := s.Get(t.Context(), 0); err != nil {
			t.Error(err)
		}
	})
}

// Whoever hands tokens to others says how long those wait, also for an endpoint
// that says nothing.
func TestPatience(t *testing.T) {
	for name, e := range map[string]*endpoint{"down": {trouble: down}, "silent": {latency: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, e, func(c *Config) { c.Patience = 8 * time.Second })
				began := time.Now()
				_, err := s.Get(t.Context(), 0)
				refusal(t, err, stagedoor.KindNetwork)
				if took := time.Since(began); took < 7*time.Second || took > 8*time.Second {
					t.Errorf("gave up after %s, want 8s", took)
				}
			})
		})
	}
}

func TestACallerMayLeaveWithoutTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{latency: 2 * time.Second}
		s := open(t, e)
		leaving, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		var all sync.WaitGroup
		all.Go(func() {
			_, err := s.Get(leaving, 0)
			refusal(t, err, stagedoor.KindInterrupted)
			if !errors.Is(err, context.Canceled) {
				t.Error("the error is not context.Canceled")
			}
		})
		all.Go(func() { get(t, s) })
		all.Wait()
		if e.asked() != 1 {
			t.Errorf("%d requests, want 1", e.asked())
		}
	})
}

func TestMinTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		s := open(t, e, func(c *Config) { c.NoRenewAhead = true })
		get(t, s)
		time.Sleep(50 * time.Minute)
		got, err := s.Get(t.Context(), 10*time.Minute)
		if err != nil || e.mints() != 1 {
			t.Errorf("10 min left and 10 min asked: error %v, %d mints; want the token at hand", err, e.mints())
		}
		got, err = s.Get(t.Context(), 10*time.Minute+time.Second)
		if err != nil || e.mints() != 2 || time.Until(got.Expiry) != time.Hour {
			t.Errorf("more asked than left: error %v, %d mints; want a new token", err, e.mints())
		}
		for range 3 {
			_, err = s.Get(t.Context(), 61*time.Minute)
			refusal(t, err, stagedoor.KindUsage)
		}
		if e.mints() != 2 {
			t.Errorf("%d mints, want none for what no token can give", e.mints())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{lifetime: time.Minute}
		_, err := open(t, e).Get(t.Context(), 5*time.Minute)
		refusal(t, err, stagedoor.KindUsage)
		if e.mints() != 1 {
			t.Errorf("%d mints, want the one that showed the lifetime", e.mints())
		}
	})
}

func TestCloseEndsARequestUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{latency: time.Hour}
		s := open(t, e)
		var all sync.WaitGroup
		all.Go(func() {
			_, err := s.Get(t.Context(), 0)
			refusal(t, err, stagedoor.KindInterrupted)
		})
		time.Sleep(time.Second)
		began := time.Now()
		s.Close()
		all.Wait()
		if time.Since(began) != 0 {
			t.Errorf("Close took %s", time.Since(began))
		}
	})
}

func TestARefusedSecretIsRememberedBriefly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, told := &endpoint{trouble: refuseAll}, &journal{}
		s := open(t, e, func(c *Config) { c.Notify = told.add })
		for range 100 {
			_, err := s.Get(t.Context(), 0)
			refusal(t, err, stagedoor.KindInvalidClient)
		}
		if e.asked() != 1 {
			t.Errorf("%d requests, want 1", e.asked())
		}
		if f := told.of(EventFailed); len(f) != 1 || !f[0].Person() {
			t.Errorf("%d failures told, want one that a person must act on", len(f))
		}
		e.setTrouble(nil)
		time.Sleep(5 * time.Second)
		get(t, s)
	})
}

func TestMintAlwaysAsksTheEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{latency: time.Second}
		s := open(t, e)
		var all sync.WaitGroup
		all.Go(func() { get(t, s) })
		synctest.Wait()
		got, err := s.Mint(t.Context())
		if err != nil || got.Value.Reveal() != "token-2" {
			t.Errorf("Mint did not mint beside another request: %v", err)
		}
		all.Wait()
		if get(t, s) != "token-2" {
			t.Error("what was minted was not kept")
		}
	})
}
