package storetest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
)

func quotaKept(t *testing.T, fresh Fresh) {
	ctx, s := context.Background(), open(t, fresh, nil)
	if document, err := s.Quota(ctx, "one"); err != nil || document != nil {
		t.Fatalf("before anything was written: %q, %v", document, err)
	}
	write := func(account, text string) {
		t.Helper()
		if err := s.UpdateQuota(ctx, account, func([]byte) ([]byte, error) { return []byte(text), nil }); err != nil {
			t.Fatal(err)
		}
	}
	write("one", `{"a":1}`)
	write("two", `{"b":"ü"}`)
	broken := errors.New("no")
	if err := s.UpdateQuota(ctx, "one", func([]byte) ([]byte, error) { return []byte("lost"), broken }); !errors.Is(err, broken) {
		t.Errorf("the error of a change came back as %v", err)
	}
	for account, want := range map[string]string{"one": `{"a":1}`, "two": `{"b":"ü"}`} {
		if document, err := s.Quota(ctx, account); err != nil || string(document) != want {
			t.Errorf("%s: %q, %v, want %q", account, document, err, want)
		}
	}
}

func quotaConcurrent(t *testing.T, fresh Fresh) {
	ctx, again := context.Background(), fresh(t)
	const processes, each = 4, 10
	var wg sync.WaitGroup
	for range processes {
		s, err := again(nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		wg.Go(func() {
			for range each {
				err := s.UpdateQuota(ctx, "one", func(document []byte) ([]byte, error) {
					n, _ := strconv.Atoi(string(document))
					return []byte(strconv.Itoa(n + 1)), nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	s, err := again(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if document, err := s.Quota(ctx, "one"); err != nil || string(document) != strconv.Itoa(processes*each) {
		t.Errorf("%d changes came to %s (%v)", processes*each, document, err)
	}
}
