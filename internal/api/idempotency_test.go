package api

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// shelf keeps answers in memory, as package store does in the database.
type shelf struct {
	mu   sync.Mutex
	kept map[string]stagedoor.KeptAnswer
}

func (s *shelf) BeginAnswer(_ context.Context, a stagedoor.KeptAnswer, before time.Time) (stagedoor.KeptAnswer, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := a.Token + string(a.Key)
	if was, ok := s.kept[id]; ok && !was.CreatedAt.Before(before) {
		return was, false, nil
	}
	s.kept[id] = a
	return a, true, nil
}

func (s *shelf) EndAnswer(_ context.Context, a stagedoor.KeptAnswer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[a.Token+string(a.Key)] = a
	return nil
}

func (s *shelf) ForgetAnswer(_ context.Context, token string, key []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, token+string(key))
	return nil
}

func onceKeys(t *testing.T, s *shelf) *keys {
	t.Helper()
	k, err := newKeys(s, bytes.Repeat([]byte{7}, keyBytes))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func post(path string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func wantStatus(t *testing.T, err error, status int, says string) {
	t.Helper()
	p := problemOf(err)
	if p.Status != status || !strings.Contains(p.Detail, says) {
		t.Errorf("%d %s, want %d and %q", p.Status, p.Detail, status, says)
	}
}

func TestIdempotencyKeys(t *testing.T) {
	s := &shelf{kept: map[string]stagedoor.KeptAnswer{}}
	k := onceKeys(t, s)
	done := 0
	const secret = "a secret that is shown once"
	do := func() *recorded {
		done++
		return &recorded{Status: 201, Headers: map[string]string{"ETag": `"1"`}, Body: []byte(secret)}
	}
	for i := range 3 {
		a, err := k.once(post("/x"), "token", []string{"key"}, []byte("body"), do)
		if err != nil || done != 1 || a.Status != 201 || string(a.Body) != secret || a.Headers["ETag"] != `"1"` || a.again != (i > 0) {
			t.Fatalf("time %d: done %d times, %+v, %v", i, done, a, err)
		}
	}
	// A daemon that was started anew gives it too.
	if a, err := onceKeys(t, s).once(post("/x"), "token", []string{"key"}, []byte("body"), do); err != nil || string(a.Body) != secret || done != 1 {
		t.Errorf("after a restart: %+v, %v", a, err)
	}
	for what, ask := range map[string]func() (*recorded, error){
		"body":  func() (*recorded, error) { return k.once(post("/x"), "token", []string{"key"}, []byte("other"), do) },
		"path":  func() (*recorded, error) { return k.once(post("/y"), "token", []string{"key"}, []byte("body"), do) },
		"query": func() (*recorded, error) { return k.once(post("/x?a=b"), "token", []string{"key"}, []byte("body"), do) },
		"If-Match": func() (*recorded, error) {
			return k.once(post("/x", "If-Match", "1"), "token", []string{"key"}, []byte("body"), do)
		},
	} {
		_, err := ask()
		t.Log(what)
		wantStatus(t, err, 422, "another request")
	}
	if done != 1 {
		t.Errorf("done %d times", done)
	}
	// Another token's key is another key, and another key another thing to do.
	for _, ask := range [][2]string{{"another token", "key"}, {"token", "another key"}} {
		if _, err := k.once(post("/x"), ask[0], []string{ask[1]}, []byte("body"), do); err != nil {
			t.Error(err)
		}
	}
	if done != 3 {
		t.Errorf("done %d times, want 3", done)
	}
	for id, a := range s.kept {
		if bytes.Contains(a.Sealed, []byte(secret)) || bytes.Contains(a.Request, []byte("body")) || strings.Contains(id, "key") {
			t.Error("what is kept is not sealed")
		}
	}
	for _, sent := range [][]string{{""}, {"a", "b"}, {strings.Repeat("x", 256)}} {
		_, err := k.once(post("/x"), "token", sent, nil, do)
		wantStatus(t, err, 400, "1 to 255 characters")
	}
}

func TestIdempotencyKeyInFlight(t *testing.T) {
	s := &shelf{kept: map[string]stagedoor.KeptAnswer{}}
	k := onceKeys(t, s)
	began, end := make(chan struct{}), make(chan struct{})
	ended := make(chan error)
	go func() {
		_, err := k.once(post("/x"), "token", []string{"key"}, nil, func() *recorded {
			close(began)
			<-end
			return &recorded{Status: 200}
		})
		ended <- err
	}()
	<-began
	never := func() *recorded { t.Error("it was done twice"); return &recorded{} }
	_, err := k.once(post("/x"), "token", []string{"key"}, nil, never)
	wantStatus(t, err, 409, "is being done now")
	// Another process, which took the place of this one, can not know how it ended.
	_, err = onceKeys(t, s).once(post("/x"), "token", []string{"key"}, nil, never)
	wantStatus(t, err, 409, "stopped before it had an answer")
	close(end)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if a, err := k.once(post("/x"), "token", []string{"key"}, nil, never); err != nil || !a.again {
		t.Errorf("afterwards: %+v, %v", a, err)
	}
}

func TestIdempotencyKeyAfterFailure(t *testing.T) {
	k := onceKeys(t, &shelf{kept: map[string]stagedoor.KeptAnswer{}})
	for i, want := range []int{500, 502, 429, 400} {
		a, err := k.once(post("/x"), "token", []string{"key"}, nil, func() *recorded { return &recorded{Status: want} })
		if err != nil || a.Status != want || a.again {
			t.Errorf("time %d: %+v, %v", i, a, err)
		}
	}
	// What was refused stays refused: the request is the same.
	if a, err := k.once(post("/x"), "token", []string{"key"}, nil, func() *recorded { return &recorded{Status: 200} }); err != nil || a.Status != 400 || !a.again {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestIdempotencyAnswerOfAnother(t *testing.T) {
	s := &shelf{kept: map[string]stagedoor.KeptAnswer{}}
	k := onceKeys(t, s)
	do := func() *recorded { return &recorded{Status: 200, Body: []byte("mine")} }
	for _, token := range []string{"one", "two"} {
		if _, err := k.once(post("/x"), token, []string{"key"}, nil, do); err != nil {
			t.Fatal(err)
		}
	}
	// Whoever can write the database can not give one the answer of another.
	var ids []string
	for id := range s.kept {
		ids = append(ids, id)
	}
	a, b := s.kept[ids[0]], s.kept[ids[1]]
	a.Sealed = b.Sealed
	s.kept[ids[0]] = a
	_, err := k.once(post("/x"), a.Token, []string{"key"}, nil, do)
	if stagedoor.KindOf(err) != stagedoor.KindKey {
		t.Errorf("it got %v", err)
	}
}
