package storetest

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// leased opens a database with credential id-1 and takes its first lease.
func leased(t *testing.T, fresh Fresh) (Store, *clock, stagedoor.SealedTokenRow) {
	t.Helper()
	now := newClock()
	s := open(t, fresh, now.wall)
	must(t, s.AddCredential(context.Background(), small("id-1", "acme")))
	return s, now, lease(t, s, true)
}

// lease asks for 30 s and checks whether they are given.
func lease(t *testing.T, s Store, want bool) stagedoor.SealedTokenRow {
	t.Helper()
	row, taken, err := s.LeaseToken(context.Background(), "id-1", 30*time.Second)
	must(t, err)
	if taken != want {
		t.Fatalf("the lease was taken: %v, want %v", taken, want)
	}
	return row
}

// save saves and checks whether it was let.
func save(t *testing.T, s Store, row stagedoor.SealedTokenRow, want bool) {
	t.Helper()
	saved, err := s.SaveToken(context.Background(), row)
	must(t, err)
	if saved != want {
		t.Fatalf("the row with fence %d was saved: %v, want %v", row.Fence, saved, want)
	}
}

func wantRow(t *testing.T, s Store, want stagedoor.SealedTokenRow) {
	t.Helper()
	got, err := s.TokenRow(context.Background(), "id-1")
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("the row is %+v, want %+v", got, want)
	}
}

func leaseByClock(t *testing.T, fresh Fresh) {
	s, now, first := leased(t, fresh)
	want := stagedoor.SealedTokenRow{CredentialID: "id-1", Fence: 1, LeaseUntil: now.wall().Add(30 * time.Second)}
	if !reflect.DeepEqual(first, want) {
		t.Fatalf("the lease is %+v, want %+v", first, want)
	}
	now.pass(30*time.Second - time.Microsecond)
	if other := lease(t, s, false); !reflect.DeepEqual(other, first) {
		t.Fatalf("who did not get the lease saw %+v, want the row as it is: %+v", other, first)
	}
	now.pass(time.Microsecond)
	if second := lease(t, s, true); second.Fence != 2 {
		t.Fatalf("the second lease has fence %d", second.Fence)
	}
}

func leaseBySave(t *testing.T, fresh Fresh) {
	s, now, row := leased(t, fresh)
	row.Sealed, row.Expiry = []byte{0, 1, 255}, now.wall().Add(time.Hour)
	save(t, s, row, true)
	row.LeaseUntil = time.Time{}
	wantRow(t, s, row)
	next := lease(t, s, true)
	if next.Fence != 2 || !reflect.DeepEqual(next.Sealed, row.Sealed) {
		t.Fatalf("the next lease has fence %d and sees the token: %v", next.Fence, next.Sealed)
	}

	refused := stagedoor.SealedTokenRow{CredentialID: "id-1", Fence: 2, Refused: []byte(`{"kind":"invalid_client"}`), RefusedAt: now.wall()}
	save(t, s, refused, true)
	wantRow(t, s, refused)
}

func leaseClockBack(t *testing.T, fresh Fresh) {
	s, now, _ := leased(t, fresh)
	now.pass(-24 * time.Hour)
	if row := lease(t, s, true); row.Fence != 2 {
		t.Fatalf("fence %d, want 2", row.Fence)
	}
	lease(t, s, false)
}

func saveLost(t *testing.T, fresh Fresh) {
	s, now, slow := leased(t, fresh)
	now.pass(time.Minute)
	quick := lease(t, s, true)
	slow.Sealed = []byte("slow")
	save(t, s, slow, false)
	wantRow(t, s, quick) // the lease of the quick one goes on too

	quick.Sealed = []byte("quick")
	save(t, s, quick, true)
	save(t, s, slow, false)
	quick.LeaseUntil = time.Time{}
	wantRow(t, s, quick)

	quick.Fence = 3 // of a lease that nobody took
	save(t, s, quick, false)
}

// leaseConcurrent has many take the lease, save and come back, with a clock
// that ends some leases early: every save that is let has a fence of its own,
// and the row ends with the newest.
func leaseConcurrent(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	now := newClock()
	open := fresh(t)
	stores := []Store{opened(t, open, now.wall), opened(t, open, now.wall)}
	must(t, stores[0].AddCredential(ctx, small("id-1", "acme")))
	var mu sync.Mutex
	leases, saves := map[int64]int{}, map[int64]int{}
	var inTime, late atomic.Int64
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			s := stores[w%2]
			for round := range 10 {
				row, taken, err := s.LeaseToken(ctx, "id-1", time.Second)
				if err != nil {
					t.Error(err)
					return
				}
				if !taken {
					now.pass(50 * time.Millisecond)
					continue
				}
				if (w+round)%3 == 0 {
					now.pass(time.Second)
				}
				row.Sealed = []byte{byte(row.Fence)}
				saved, err := s.SaveToken(ctx, row)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				leases[row.Fence]++
				if saved {
					inTime.Add(1)
					saves[row.Fence]++
				} else {
					late.Add(1)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	last := int64(0)
	for fence, n := range leases {
		if n != 1 {
			t.Errorf("fence %d was given %d times", fence, n)
		}
		last = max(last, fence)
	}
	row, err := stores[1].TokenRow(ctx, "id-1")
	must(t, err)
	if row.Fence != last || int(last) != len(leases) {
		t.Errorf("%d leases were taken, the last is %d and the row's fence %d", len(leases), last, row.Fence)
	}
	newest := int64(0)
	for fence := range saves {
		newest = max(newest, fence)
	}
	if len(row.Sealed) != 1 || row.Sealed[0] != byte(newest) {
		t.Errorf("the row has the token %v, and the newest that was saved is %d", row.Sealed, newest)
	}
	t.Logf("%d saved, %d too late", inTime.Load(), late.Load())
}

func dropOlder(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s, now, row := leased(t, fresh)
	row.Sealed, row.Expiry = []byte("first"), now.wall().Add(time.Hour)
	save(t, s, row, true)
	row = lease(t, s, true)
	row.Sealed = []byte("second")
	save(t, s, row, true)

	must(t, s.DropToken(ctx, "id-1", 1))
	row.LeaseUntil = time.Time{}
	wantRow(t, s, row)

	row = lease(t, s, true) // somebody is minting: the lease outlives the drop
	must(t, s.DropToken(ctx, "id-1", row.Fence))
	row.Sealed, row.Expiry = nil, time.Time{}
	wantRow(t, s, row)
	row.Sealed = []byte("third")
	save(t, s, row, true)

	must(t, s.DropToken(ctx, "nobody", 1))
}

func newDataKey(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s, now, row := leased(t, fresh)
	row.Sealed, row.Expiry = []byte("old"), now.wall().Add(time.Hour)
	row.Refused, row.RefusedAt = []byte("{}"), now.wall()
	save(t, s, row, true)
	minting := lease(t, s, true)

	must(t, s.UpdateCredential(ctx, "id-1", func(c *stagedoor.SealedCredential) error {
		c.Name = "the same data key"
		return nil
	}))
	wantRow(t, s, minting)

	must(t, s.UpdateCredential(ctx, "id-1", func(c *stagedoor.SealedCredential) error {
		c.DataKey = []byte("new")
		return nil
	}))
	wantRow(t, s, stagedoor.SealedTokenRow{CredentialID: "id-1", Fence: 3})
	save(t, s, minting, false)
}

func tokenNeedsCredential(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	_, _, err := s.LeaseToken(ctx, "nobody", time.Minute)
	wantKind(t, err, stagedoor.KindNotFound)
	row, err := s.TokenRow(ctx, "nobody")
	must(t, err)
	if !reflect.DeepEqual(row, stagedoor.SealedTokenRow{CredentialID: "nobody"}) {
		t.Errorf("the row of nobody is %+v", row)
	}
	save(t, s, stagedoor.SealedTokenRow{CredentialID: "nobody", Sealed: []byte("x")}, false)
}
