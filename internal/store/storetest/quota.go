package storetest

import (
	"context"
	"errors"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
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

func quotaSamples(t *testing.T, fresh Fresh) {
	ctx, s := context.Background(), open(t, fresh, nil)
	at := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	sample := func(minute, calls int) stagedoor.QuotaSample {
		return stagedoor.QuotaSample{At: at.Add(time.Duration(minute) * time.Minute), Lines: []stagedoor.QuotaLine{
			{QuotaEntry: stagedoor.QuotaEntry{Label: stagedoor.Heavy, Caller: "reports", Credential: "acme"}, Calls: calls},
		}}
	}
	for _, one := range []stagedoor.QuotaSample{sample(0, 1), sample(5, 2), sample(5, 3), sample(10, 4)} {
		must(t, s.AddQuotaSample(ctx, "one", one, at))
	}
	must(t, s.AddQuotaSample(ctx, "two", sample(5, 9), at))
	list, err := s.QuotaSamples(ctx, "one", at, at.Add(10*time.Minute))
	must(t, err)
	if want := []stagedoor.QuotaSample{sample(0, 1), sample(5, 3)}; !reflect.DeepEqual(list, want) {
		t.Errorf("they came back as %+v, want %+v", list, want)
	}
	must(t, s.AddQuotaSample(ctx, "one", sample(15, 5), at.Add(10*time.Minute)))
	if list, err := s.QuotaSamples(ctx, "one", at, at.Add(time.Hour)); err != nil || len(list) != 2 {
		t.Errorf("older ones are kept: %+v, %v", list, err)
	}
	if list, err := s.QuotaSamples(ctx, "two", at, at.Add(time.Hour)); err != nil || len(list) != 1 {
		t.Errorf("another account's are gone: %+v, %v", list, err)
	}
}
