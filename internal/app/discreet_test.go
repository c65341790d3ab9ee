package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A header that repeats the token does not reach the caller, in whichever it stands.
func TestTheTokenDoesNotComeBack(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := r.Header.Get("Authorization")
		_, token, _ := strings.Cut(sent, " ")
		w.Header().Set("X-Echo", sent)
		w.Header()["X-Several"] = []string{"one", "two " + token}
		w.Header().Set("Location", "https://files.example/x?access_token="+token)
		w.Header().Set("X-Other", "stays")
		w.WriteHeader(http.StatusFound)
	}))
	defer upstream.Close()
	for _, sent := range []string{"Bearer the-token", "bearer the-token", ""} {
		r := httptest.NewRequest("GET", upstream.URL, nil)
		r.RequestURI = ""
		if sent != "" {
			r.Header.Set("Authorization", sent)
		}
		answer, err := discreet{base: http.DefaultTransport}.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.Header.Get("X-Other") != "stays" {
			t.Errorf("%q: %v", sent, answer.Header)
		}
		if text := fmt.Sprint(answer.Header); strings.Contains(text, "the-token") {
			t.Errorf("%q: %s", sent, text)
		}
		if (answer.Header.Get("Location") != "") != (sent == "") {
			t.Errorf("%q: the Location is %q", sent, answer.Header.Get("Location"))
		}
		answer, err = discreet{base: http.DefaultTransport, follows: true}.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.Header.Get("Location") == "" || sent != "" && answer.Header.Get("X-Echo") != "" {
			t.Errorf("%q, followed here: %v", sent, answer.Header)
		}
	}
}
