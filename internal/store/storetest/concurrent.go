package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func metaSet(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	want := func(key string, value []byte) {
		t.Helper()
		got, err := s.Meta(ctx, key)
		must(t, err)
		if string(got) != string(value) || (got == nil) != (value == nil) {
			t.Errorf("the fact %s is %v, want %v", key, got, value)
		}
	}
	want("key", nil)
	stored, err := s.InitMeta(ctx, "key", []byte{0, 255})
	must(t, err)
	if string(stored) != "\x00\xff" {
		t.Errorf("the first was stored as %v", stored)
	}
	stored, err = s.InitMeta(ctx, "key", []byte("late"))
	must(t, err)
	if string(stored) != "\x00\xff" {
		t.Errorf("the second got %v, want the first's", stored)
	}
	want("key", []byte{0, 255})
	must(t, s.SetMeta(ctx, "key", []byte("again")))
	must(t, s.SetMeta(ctx, "other", []byte("one")))
	want("key", []byte("again"))
	want("other", []byte("one"))
}

func metaConcurrent(t *testing.T, fresh Fresh) {
	open := fresh(t)
	stores := []Store{opened(t, open, time.Now), opened(t, open, time.Now)}
	var mu sync.Mutex
	won := map[string]int{}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			stored, err := stores[i%2].InitMeta(context.Background(), "key", fmt.Append(nil, i))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			won[string(stored)]++
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Errorf("the processes do not agree: %v", won)
	}
}

func openConcurrent(t *testing.T, fresh Fresh) {
	for range 5 {
		open := fresh(t)
		var created atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				s, err := open(time.Now)
				if err != nil {
					t.Error(err)
					return
				}
				if s.Created() {
					created.Add(1)
				}
				if _, err := s.Credentials(context.Background()); err != nil {
					t.Error(err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if created.Load() != 1 {
			t.Errorf("%d say that they made the database", created.Load())
		}
	}
}

func writeConcurrent(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	open := fresh(t)
	const writers, rounds = 6, 10
	var all sync.WaitGroup
	for w := range writers {
		s := opened(t, open, time.Now)
		all.Go(func() {
			for round := range rounds {
				id := fmt.Sprintf("id-%d-%d", w, round)
				if err := s.AddCredential(ctx, small(id, "slug-"+id)); err != nil {
					t.Error(err)
				}
				if _, _, err := s.LeaseToken(ctx, id, time.Second); err != nil {
					t.Error(err)
				}
				if _, err := s.Credential(ctx, id); err != nil {
					t.Error(err)
				}
				if round%2 == 0 {
					if err := s.RemoveCredential(ctx, id); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	list, err := opened(t, open, time.Now).Credentials(ctx)
	must(t, err)
	if len(list) != writers*rounds/2 {
		t.Errorf("%d credentials are there, want %d", len(list), writers*rounds/2)
	}
}
