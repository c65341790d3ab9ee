package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestCookies holds a session to the cookie of the way by which the browser came.
func TestCookies(t *testing.T) {
	h, err := New(options())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		url, cookie string
		in          bool
	}{
		{"http://127.0.0.1:8700/credentials", "stagedoor", true},
		{"http://127.0.0.1:8700/credentials", "__Host-stagedoor", false},
		{"https://gate.example.com/credentials", "__Host-stagedoor", true},
		{"https://gate.example.com/credentials", "stagedoor", false}, // anybody on plain HTTP could have set it
	} {
		r := httptest.NewRequest(http.MethodGet, test.url, nil)
		r.AddCookie(&http.Cookie{Name: test.cookie, Value: "admin"})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if in := w.Code == http.StatusOK; in != test.in {
			t.Errorf("%s with %s: %d", test.url, test.cookie, w.Code)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "https://gate.example.com/theme", strings.NewReader("theme=dark&back=//evil.example"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	set := w.Result().Cookies()
	if w.Header().Get("Location") != "/" || len(set) != 1 || !set[0].Secure || !set[0].HttpOnly || set[0].Value != "dark" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// TestErrorsOfNobodysWords holds that an error whose words nobody chose for others
// to read is not shown.
func TestErrorsOfNobodysWords(t *testing.T) {
	s := &site{Options: options()}
	s.Log = slog.New(slog.DiscardHandler)
	var err error
	if s.assets, err = readAssets(); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.failed(w, httptest.NewRequest(http.MethodGet, "/credentials", nil), errSecret{})
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "canary") || !strings.Contains(w.Body.String(), "See the log of Stagedoor.") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

type errSecret struct{}

func (errSecret) Error() string { return "password=canary" }
