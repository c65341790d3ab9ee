package storetest

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

func operatorToken(id, name string) stagedoor.OperatorToken {
	at := time.Date(2026, 11, 22, 9, 30, 15, 123456000, time.UTC)
	return stagedoor.OperatorToken{
		ID: id, Name: name, Role: stagedoor.RoleViewer, Hash: []byte("\x00hash of " + id + "\xff"),
		CreatedAt: at, CreatedBy: "ann", ExpiresAt: at.Add(time.Hour),
	}
}

func operatorTokensKept(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	open := fresh(t)
	s := opened(t, open, time.Now)
	second, first := operatorToken("id-1", "second"), operatorToken("id-2", "first")
	first.Role, first.ExpiresAt = stagedoor.RoleAdmin, time.Time{}
	must(t, s.AddOperatorToken(ctx, second))
	must(t, s.AddOperatorToken(ctx, first))
	for _, from := range []Store{s, opened(t, open, time.Now)} {
		list, err := from.OperatorTokens(ctx)
		must(t, err)
		if want := []stagedoor.OperatorToken{first, second}; !reflect.DeepEqual(list, want) {
			t.Errorf("they came back as %+v, want %+v", list, want)
		}
	}
	must(t, s.RemoveOperatorToken(ctx, "second"))
	wantKind(t, s.RemoveOperatorToken(ctx, "second"), stagedoor.KindNotFound)
	wantKind(t, s.RemoveOperatorToken(ctx, "id-2"), stagedoor.KindNotFound) // an id is no name
	list, err := s.OperatorTokens(ctx)
	must(t, err)
	if len(list) != 1 || list[0].Name != "first" {
		t.Errorf("after one was removed there are %+v", list)
	}
}

func operatorTokenNamesUnique(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	must(t, s.AddOperatorToken(ctx, operatorToken("id-1", "grafana")))
	wantKind(t, s.AddOperatorToken(ctx, operatorToken("id-2", "grafana")), stagedoor.KindExists)
	must(t, s.RemoveOperatorToken(ctx, "grafana"))
	must(t, s.AddOperatorToken(ctx, operatorToken("id-2", "grafana")))
}

func operatorTokensMoveRevision(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, time.Now)
	before, err := s.Revision(ctx)
	must(t, err)
	for _, change := range []func() error{
		func() error { return s.AddOperatorToken(ctx, operatorToken("id-1", "grafana")) },
		func() error { return s.RemoveOperatorToken(ctx, "grafana") },
	} {
		must(t, change())
		after, err := s.Revision(ctx)
		must(t, err)
		if after <= before {
			t.Errorf("the revision stayed at %d", after)
		}
		before = after
	}
}

func operatorTokenConcurrent(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	open := fresh(t)
	stores := []Store{opened(t, open, time.Now), opened(t, open, time.Now)}
	var all sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for i := range 8 {
		all.Go(func() {
			err := stores[i%2].AddOperatorToken(ctx, operatorToken(string(rune('a'+i)), "one"))
			if err != nil && stagedoor.KindOf(err) != stagedoor.KindExists {
				t.Error(err)
			}
			if err == nil {
				mu.Lock()
				made++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if made != 1 {
		t.Errorf("%d of 8 made the token", made)
	}
}
