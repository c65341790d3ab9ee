package operator

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// TestNobodyLearnsNames holds that a name that nobody has, and one whose invitation
// was not accepted, take exactly as much work as a wrong password, and are told in
// the same words.
func TestNobodyLearnsNames(t *testing.T) {
	h := newHouse(t)
	h.has("anna", stagedoor.RoleAdmin)
	if _, _, err := h.Invite(t.Context(), "invited", stagedoor.RoleAdmin, "root"); err != nil {
		t.Fatal(err)
	}
	var words []string
	for i, name := range []string{"anna", "nobody", "invited", "", "ANNA", "$argon2id$", strings.Repeat("x", 5000)} {
		before := h.hasher.made.Load()
		_, err := h.signIn(name, "a wrong password", fmt.Sprintf("192.0.2.%d", i))
		if made := h.hasher.made.Load() - before; made != 1 {
			t.Errorf("%.20q: argon2id ran %d times", name, made)
		}
		kind(t, err, stagedoor.KindUnauthenticated)
		words = append(words, err.Error())
	}
	for _, said := range words {
		if said != words[0] {
			t.Errorf("%q is not %q", said, words[0])
		}
	}
	// What is too long to be a password is not worked on, whoever it is for.
	before := h.hasher.made.Load()
	for _, name := range []string{"anna", "nobody"} {
		_, err := h.signIn(name, strings.Repeat("x", PasswordBytes+1), "192.0.2.99")
		kind(t, err, stagedoor.KindUnauthenticated)
	}
	if h.hasher.made.Load() != before {
		t.Error("a mountain was hashed")
	}
}

// guess tries until it has to wait, and returns how often it could try and how long
// the wait is.
func (h *house) guess(name, from string) (tries int, wait time.Duration) {
	h.t.Helper()
	for range 100 {
		_, err := h.signIn(name, "a wrong password", from)
		if stagedoor.KindOf(err) == stagedoor.KindRateLimited {
			return tries, errorAt(err).Sub(h.at)
		}
		tries++
	}
	h.t.Fatal("nobody has to wait")
	return 0, 0
}

func errorAt(err error) time.Time {
	e, _ := err.(*stagedoor.Error)
	return e.RetryAt
}

func TestDelaysGrow(t *testing.T) {
	for _, name := range []string{"anna", "nobody"} { // the same for a name that nobody has
		h := newHouse(t)
		h.has("anna", stagedoor.RoleAdmin)
		tries, wait := h.guess(name, "192.0.2.1")
		if tries != 6 || wait != time.Second {
			t.Fatalf("%d tries, then a wait of %v", tries, wait)
		}
		before := h.hasher.made.Load()
		last := wait
		for wait < perName.cap {
			h.at = h.at.Add(wait)
			if tries, wait = h.guess(name, fmt.Sprintf("198.51.100.%d", h.at.Unix()%256)); tries != 1 || wait < last {
				t.Fatalf("%d tries, and a wait of %v after %v", tries, wait, last)
			}
			last = wait
		}
		if made := h.hasher.made.Load() - before; made > 12 {
			t.Errorf("%d passwords were tried on the way to the cap", made)
		}
		day := h.at.Add(24 * time.Hour)
		tried := 0
		for h.at.Before(day) { // with an address of its own for each try
			h.at = h.at.Add(wait)
			tried++
			_, wait = h.guess(name, fmt.Sprintf("2001:db8:%x::1", tried))
		}
		if tried > 300 {
			t.Errorf("%d tries in a day", tried)
		}
		h.at = h.at.Add(quiet + time.Second)
		if tries, _ := h.guess(name, "203.0.113.9"); tries != 6 {
			t.Errorf("after a day of peace: %d tries", tries)
		}
	}
}

// TestTheOwnerIsNotLockedOut holds that who knows a name can not keep its owner out.
func TestTheOwnerIsNotLockedOut(t *testing.T) {
	h := newHouse(t)
	h.has("anna", stagedoor.RoleAdmin)
	h.has("mallory", stagedoor.RoleViewer)
	own := h.in("anna")
	mallory := h.in("mallory")
	storm := func() {
		for i := range 200 {
			_, _ = h.signIn("anna", "a wrong password", fmt.Sprintf("198.51.100.%d", i))
			_, _ = h.SignIn(t.Context(), stagedoor.SignIn{Name: "anna", Password: stagedoor.NewSecret("wrong"), From: "203.0.113.1", Known: mallory.Known})
		}
	}
	for range 20 {
		storm()
		h.at = h.at.Add(10 * time.Minute)
	}
	storm()
	_, err := h.signIn("anna", goodPassword, "192.0.2.1")
	kind(t, err, stagedoor.KindRateLimited, "Try again in 5 minutes")
	again, err := h.SignIn(t.Context(), stagedoor.SignIn{Name: "anna", Password: stagedoor.NewSecret(goodPassword), From: "198.51.100.1", Known: own.Known})
	if err != nil || !again.Known.Equal(own.Known) {
		t.Fatalf("a browser that is known is kept out: %v", err)
	}
	// From one place alone nobody keeps a stranger's browser out either: the place
	// waits longer than the name.
	h = newHouse(t)
	h.has("anna", stagedoor.RoleAdmin)
	for h.at.Before(time.Date(2026, 11, 25, 18, 0, 0, 0, time.UTC)) {
		_, _ = h.signIn("anna", "a wrong password", "198.51.100.1")
		h.at = h.at.Add(10 * time.Second)
	}
	kept := 0
	for range 60 { // of an hour, whenever the owner comes
		_, _ = h.signIn("anna", "a wrong password", "198.51.100.1")
		if until := h.delays.try(h.at, []counter{{nameKey("anna"), perName, true}}); !until.IsZero() {
			kept++
		} else {
			h.delays.undo([]counter{{nameKey("anna"), perName, true}})
		}
		h.at = h.at.Add(time.Minute)
	}
	if kept > 10 {
		t.Errorf("in %d of 60 minutes a single guesser keeps the owner out", kept)
	}
}

func TestAKnownBrowserIsOnlyItsOwners(t *testing.T) {
	h := newHouse(t)
	anna, ben := h.has("anna", stagedoor.RoleAdmin), h.has("ben", stagedoor.RoleViewer)
	known := h.in("ben").Known
	if _, yes := h.knows(known, ben); !yes {
		t.Error("it is not known")
	}
	if _, yes := h.another().knows(known, ben); !yes {
		t.Error("a restart forgets it")
	}
	for _, forged := range []stagedoor.Secret{known, {}, stagedoor.NewSecret("."), stagedoor.NewSecret("x." + strings.Split(known.Reveal(), ".")[1])} {
		if _, yes := h.knows(forged, anna); yes {
			t.Errorf("%q passes for anna's", forged.Reveal())
		}
	}
	if _, yes := h.knows(known, stagedoor.Operator{}); yes {
		t.Error("it is known of nobody")
	}
}

func TestTriesAtTheSameTimeAreAllCounted(t *testing.T) {
	h := newHouse(t)
	h.has("anna", stagedoor.RoleAdmin)
	before := h.hasher.made.Load()
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() { _, _ = h.signIn("anna", "a wrong password", fmt.Sprintf("198.51.100.%d", i)) })
	}
	all.Wait()
	if made := h.hasher.made.Load() - before; made > 6 {
		t.Errorf("%d passwords were tried at once", made)
	}
}

// TestAFloodTakesNoMemory holds how many hashes are made at once, and that who was
// here before has a turn of their own.
func TestAFloodTakesNoMemory(t *testing.T) {
	h := newHasher(small())
	var turns []func()
	for range strangersAtOnce {
		done, err := h.turn(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		turns = append(turns, done)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range waitingAtMost {
		all.Go(func() {
			if _, err := h.turn(ctx, false); stagedoor.KindOf(err) != stagedoor.KindInterrupted {
				t.Errorf("it had a turn: %v", err)
			}
		})
	}
	for h.waiting.Load() < waitingAtMost {
		time.Sleep(time.Millisecond)
	}
	_, err := h.turn(t.Context(), false)
	kind(t, err, stagedoor.KindRateLimited, "Try again")
	done, err := h.turn(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	done()
	cancel()
	all.Wait()
	for _, done := range turns {
		done()
	}
	if done, err := h.turn(t.Context(), false); err != nil {
		t.Error(err)
	} else {
		done()
	}
}

func TestManyNamesTakeNoMemory(t *testing.T) {
	d := newDelays()
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	own := []counter{{nameKey("anna"), perName, true}}
	for range 20 {
		d.try(at, own)
		at = at.Add(perName.cap)
	}
	for i := range mostEntries + 50 {
		d.try(at, []counter{{nameKey(fmt.Sprint(i)), perName, false}})
	}
	if len(d.entries) > mostEntries {
		t.Errorf("%d are counted", len(d.entries))
	}
	if d.entries[nameKey("anna")].count != 20 {
		t.Error("the count of a name that there is was washed away")
	}
}

func TestAddressKeys(t *testing.T) {
	for from, want := range map[string]string{
		"192.0.2.1:80": "address 192.0.2.1", "192.0.2.1": "address 192.0.2.1", "[::ffff:192.0.2.1]:80": "address 192.0.2.1",
		"[2001:db8::1]:443": "address 2001:db8::/64", "2001:db8:0:0:ffff::2": "address 2001:db8::/64", "[fe80::1%eth0]:1": "address fe80::/64",
		"": "address invalid IP", "nonsense": "address invalid IP",
	} {
		if got := addressKey(from); got != want {
			t.Errorf("%q: %q, want %q", from, got, want)
		}
	}
}

func TestDoubled(t *testing.T) {
	for n, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 9: 256 * time.Second, 10: 5 * time.Minute, 63: 5 * time.Minute, 1 << 40: 5 * time.Minute} {
		if got := doubled(n, 5*time.Minute); got != want {
			t.Errorf("%d: %v, want %v", n, got, want)
		}
	}
}

// TestMountainsAreNotKept types names of a megabyte: what is counted stays as small
// as a name.
func TestMountainsAreNotKept(t *testing.T) {
	h := newHouse(t)
	mountain := strings.Repeat("x", 1<<20)
	for i := range 3 {
		_, err := h.signIn(mountain+fmt.Sprint(i), "a wrong password", fmt.Sprintf("192.0.2.%d", i))
		kind(t, err, stagedoor.KindUnauthenticated)
	}
	for key := range h.delays.entries {
		if len(key) > 2*nameBytes {
			t.Errorf("a key of %d bytes is kept", len(key))
		}
	}
}
