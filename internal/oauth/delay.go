package oauth

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

const (
	firstDelay   = 20 * time.Millisecond
	longestDelay = time.Second
	// forgetAfter is how long at least a failure counts.
	forgetAfter = 10 * time.Minute
	// mostFailures is how many ids, and how many addresses, are remembered of each
	// generation, of which there are two.
	mostFailures = 4096
	// mostWaiting is how many answers may be held back at a time. Each holds a
	// connection open.
	mostWaiting = 256
)

// delays hold back the answers to clients that fail to prove who they are, by the
// id that they claim and by the address that they come from. They know nothing of
// clients that do not fail, so that nobody's wrong guesses slow down the client
// whose id was guessed with.
type delays struct {
	ids, addresses failures
	waiting        chan struct{}
	pause          func(ctx context.Context, d time.Duration) // tests do not wait
}

func newDelays() *delays {
	return &delays{waiting: make(chan struct{}, mostWaiting), pause: pause}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// failed counts a failure and waits. It reports false, without waiting, where too
// many wait already.
func (d *delays) failed(ctx context.Context, id, address string) bool {
	now := time.Now()
	wait := d.addresses.add(network(address), now)
	if id != "" {
		wait = max(wait, d.ids.add(id, now))
	}
	select {
	case d.waiting <- struct{}{}:
	default:
		return false
	}
	defer func() { <-d.waiting }()
	d.pause(ctx, wait)
	return true
}

// succeeded forgets what was counted of an id.
func (d *delays) succeeded(id string) { d.ids.forget(id) }

// failures counts by key, in two generations: the older is dropped as a whole
// when the younger is full or old. So memory is bounded, and nothing is sorted.
type failures struct {
	mu             sync.Mutex
	younger, older map[string]int
	since          time.Time // of the younger
}

// add counts one failure more and returns how long to wait for it.
func (f *failures) add(key string, now time.Time) time.Duration {
	key = key[:min(len(key), 64)] // the keys are bounded too
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.younger == nil || len(f.younger) >= mostFailures || now.Sub(f.since) >= forgetAfter {
		if f.older = f.younger; now.Sub(f.since) >= 2*forgetAfter {
			f.older = nil // it is older than that
		}
		f.younger, f.since = map[string]int{}, now
	}
	n := f.younger[key]
	if n == 0 {
		n = f.older[key]
	}
	f.younger[key] = n + 1
	return min(firstDelay<<min(n, 10), longestDelay)
}

func (f *failures) forget(key string) {
	key = key[:min(len(key), 64)]
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.younger, key)
	delete(f.older, key)
}

// network is an address as failures count it: of IPv6 a whole /64, which one
// machine has for itself.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}
