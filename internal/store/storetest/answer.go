package storetest

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

func keptAnswer(token, key string) stagedoor.KeptAnswer {
	return stagedoor.KeptAnswer{
		Token: token, Key: []byte("\x00key " + key), Request: []byte("\xffrequest"),
		CreatedAt: time.Date(2026, 11, 25, 9, 30, 15, 123456000, time.UTC),
	}
}

func answersKept(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	open := fresh(t)
	s := opened(t, open, time.Now)
	must(t, s.AddOperatorToken(ctx, operatorToken("id-1", "one")))
	must(t, s.AddOperatorToken(ctx, operatorToken("id-2", "two")))
	a := keptAnswer("id-1", "a")
	before := a.CreatedAt.Add(-24 * time.Hour)
	if _, first, err := s.BeginAnswer(ctx, a, before); err != nil || !first {
		t.Fatalf("the first is not the first: %v", err)
	}
	running, first, err := s.BeginAnswer(ctx, a, before)
	must(t, err)
	if first || len(running.Sealed) != 0 {
		t.Errorf("while it runs it came back as %v, %+v", first, running)
	}
	a.Sealed = []byte("\x00sealed\xff")
	must(t, s.EndAnswer(ctx, a))
	for _, from := range []Store{s, opened(t, open, time.Now)} {
		again := keptAnswer("id-1", "a")
		again.Request, again.CreatedAt = []byte("another"), again.CreatedAt.Add(time.Hour)
		kept, first, err := from.BeginAnswer(ctx, again, before)
		must(t, err)
		if first || !reflect.DeepEqual(kept, a) {
			t.Errorf("it came back as %v, %+v, want %+v", first, kept, a)
		}
	}
	// Another's key is another key.
	if _, first, err := s.BeginAnswer(ctx, keptAnswer("id-2", "a"), before); err != nil || !first {
		t.Errorf("a key is not its token's own: %v", err)
	}
	must(t, s.ForgetAnswer(ctx, "id-1", a.Key))
	if _, first, err := s.BeginAnswer(ctx, keptAnswer("id-1", "a"), before); err != nil || !first {
		t.Errorf("a forgotten key can not be used again: %v", err)
	}
}

func answersEnd(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	must(t, s.AddOperatorToken(ctx, operatorToken("id-1", "one")))
	a := keptAnswer("id-1", "a")
	first := func(b stagedoor.KeptAnswer, before time.Time) bool {
		t.Helper()
		_, first, err := s.BeginAnswer(ctx, b, before)
		must(t, err)
		return first
	}
	first(a, a.CreatedAt)
	if first(a, a.CreatedAt) {
		t.Error("what is not from before the time was forgotten")
	}
	if !first(a, a.CreatedAt.Add(time.Microsecond)) {
		t.Error("what is from before the time is still kept")
	}
	must(t, s.PruneAnswers(ctx, a.CreatedAt.Add(time.Hour)))
	if !first(a, a.CreatedAt) {
		t.Error("pruning left it")
	}
	// With its token go the answers that it was given, and ending one does nothing.
	must(t, s.RemoveOperatorToken(ctx, "one"))
	must(t, s.EndAnswer(ctx, a))
	must(t, s.AddOperatorToken(ctx, operatorToken("id-1", "one")))
	if !first(a, a.CreatedAt) {
		t.Error("an answer outlived its token")
	}
}

func answersConcurrent(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	open := fresh(t)
	stores := []Store{opened(t, open, time.Now), opened(t, open, time.Now)}
	must(t, stores[0].AddOperatorToken(ctx, operatorToken("id-1", "one")))
	var all sync.WaitGroup
	var mu sync.Mutex
	began := 0
	a := keptAnswer("id-1", "a")
	for i := range 8 {
		all.Go(func() {
			_, first, err := stores[i%2].BeginAnswer(ctx, a, a.CreatedAt)
			if err != nil {
				t.Error(err)
			}
			if first {
				mu.Lock()
				began++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if began != 1 {
		t.Errorf("%d of 8 began", began)
	}
}
