package operator

import (
	"fmt"
	"math/bits"
	"net/netip"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// delays slow down who guesses passwords. Failures are counted by name and by
// address; after a few, the next try has to wait, twice as long each time.
//
// A name's wait has a cap below an address's, and a try that is refused for its
// address does not count against the name: who guesses from one place waits longer
// than the owner of the name does, and does not lock the owner out. A browser from
// which somebody signed in before is counted by itself, so that its owner comes in
// whatever others do (OWASP, "Device Cookies", read 2026-11).
//
// A restart of the daemon forgets the counts. An attacker can not cause one, and the
// tries that it gives away are few.
type delays struct {
	mu      sync.Mutex
	entries map[string]failures
}

type failures struct {
	count int
	last  time.Time
	until time.Time
	owned bool // of a name that there is: never forgotten to make room
}

// allowance is how tries of one kind are slowed down.
type allowance struct {
	free int           // failures without a wait
	cap  time.Duration // the longest wait
}

var (
	perName    = allowance{free: 5, cap: 5 * time.Minute}
	perAddress = allowance{free: 10, cap: time.Hour}
	perBrowser = allowance{free: 10, cap: time.Minute}
)

const (
	// quiet is after how long without a failure the count begins anew.
	quiet = 24 * time.Hour
	// mostEntries are counted at most; the ones that failed longest ago make room.
	mostEntries = 20_000
)

func newDelays() *delays { return &delays{entries: map[string]failures{}} }

// nameKey is of what was typed for a name, of which no more is kept than a name may
// be long: else who types mountains would take the machine's memory.
func nameKey(name string) string    { return "name " + name[:min(len(name), nameBytes)] }
func browserKey(seed string) string { return "browser " + seed }

// addressKey is of an IPv4 address, or of the network that one customer of a
// provider has in IPv6.
func addressKey(from string) string {
	ip, err := netip.ParseAddr(from)
	if err != nil {
		if with, err := netip.ParseAddrPort(from); err == nil {
			ip = with.Addr()
		}
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if network, err := ip.Prefix(64); err == nil {
			return "address " + network.String()
		}
	}
	return "address " + ip.String()
}

// counter is one count that a try goes to.
type counter struct {
	key       string
	allowance allowance
	owned     bool
}

// try counts a try as failed, before it is made, so that those at the same time are
// all counted; or returns until when it has to wait, and counts nothing.
func (d *delays) try(now time.Time, counters []counter) (until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range counters {
		if e := d.entries[c.key]; e.until.After(now) && e.until.After(until) {
			until = e.until
		}
	}
	if !until.IsZero() {
		return until
	}
	for _, c := range counters {
		e, there := d.entries[c.key]
		if now.Sub(e.last) > quiet {
			e = failures{}
		}
		if !there && len(d.entries) >= mostEntries {
			d.makeRoom(now)
		}
		e.count++
		e.last, e.owned = now, c.owned
		if over := e.count - c.allowance.free; over > 0 {
			e.until = now.Add(doubled(over, c.allowance.cap))
		}
		d.entries[c.key] = e
	}
	return time.Time{}
}

// undo takes a try back that did not fail.
func (d *delays) undo(counters []counter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range counters {
		e := d.entries[c.key]
		if e.count--; e.count <= 0 {
			delete(d.entries, c.key)
			continue
		}
		e.until = time.Time{} // what was there before it was over
		d.entries[c.key] = e
	}
}

// doubled is 1, 2, 4 … seconds, and the cap from there on.
func doubled(n int, most time.Duration) time.Duration {
	if n > bits.Len64(uint64(most/time.Second)) {
		return most
	}
	return min(time.Second<<(n-1), most)
}

// makeRoom forgets what is quiet, and the oldest if nothing is. d.mu is held.
func (d *delays) makeRoom(now time.Time) {
	var oldest string
	var at time.Time
	for key, e := range d.entries {
		if now.Sub(e.last) > quiet {
			delete(d.entries, key)
			continue
		}
		if !e.owned && (oldest == "" || e.last.Before(at)) {
			oldest, at = key, e.last
		}
	}
	if len(d.entries) >= mostEntries {
		delete(d.entries, oldest)
	}
}

func (d *delays) forget(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.entries, key)
}

// tooSoon tells how long to wait.
func tooSoon(now, until time.Time) error {
	seconds := int((until.Sub(now) + time.Second - 1) / time.Second)
	wait := fmt.Sprintf("%d seconds", seconds)
	if seconds > 90 {
		wait = fmt.Sprintf("%d minutes", (seconds+59)/60)
	}
	return &stagedoor.Error{
		Op: "sign in", Kind: stagedoor.KindRateLimited, RetryAt: until,
		Cause: "there were too many failures", Fix: "Try again in " + wait + ". Who forgot the password asks an admin for a new link: `stagedoor operator reset NAME`.",
	}
}
