package gateway

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

func TestFiles(t *testing.T) {
	content := strings.Repeat("0123456789", 100)
	var got []string
	serve := func(who string) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			got = append(got, fmt.Sprintf("%s %s %q %q", who, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("X-Mine")))
			http.ServeContent(rw, r, "file.mp4", time.Unix(1e9, 0), strings.NewReader(content))
		}
	}
	elsewhere := httptest.NewServer(serve("elsewhere"))
	defer elsewhere.Close()
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/rec/away":
			http.Redirect(rw, r, elsewhere.URL+"/signed?key=abc", http.StatusFound)
		case r.URL.Path == "/rec/here":
			http.Redirect(rw, r, "/rec/download/1", http.StatusFound)
		case r.URL.Path == "/rec/api":
			http.Redirect(rw, r, "/v2/secret", http.StatusFound)
		case r.URL.Path == "/rec/round":
			http.Redirect(rw, r, "/rec/round", http.StatusFound)
		default:
			serve("first")(rw, r)
		}
	}, func(w *world) {
		inner := w.permit
		w.permit = func(c stagedoor.Caller, base, method, path string) (stagedoor.Operation, error) {
			if path == "/v2/-/download" && c.Share == 1 {
				return stagedoor.Operation{}, &stagedoor.Error{Kind: stagedoor.KindForbidden, Cause: "none allows it"}
			}
			return inner(c, base, method, path)
		}
	})
	get := func(address string, header ...string) answer {
		got = nil
		r := w.request("GET", "/to/acme/-/download?url="+url.QueryEscape(address), nil)
		r.Header.Set("X-Mine", "mine")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return w.do(r)
	}
	at := w.upstream.URL
	if a := get(at + "/rec/download/1?x=y"); a.StatusCode != 200 || a.body != content || fmt.Sprint(got) != `[first /rec/download/1 "Bearer zoom-token-a" "mine"]` {
		t.Errorf("%d %s %v", a.StatusCode, a.body, got)
	}
	if a := get(at+"/rec/download/1", "Range", "bytes=990-"); a.StatusCode != 206 || a.body != content[990:] || a.Header.Get("Content-Range") != "bytes 990-999/1000" {
		t.Errorf("%d %q %v", a.StatusCode, a.body, a.Header)
	}
	if a := get(at+"/rec/download/1", "Range", "bytes=990-", "If-Range", time.Unix(2e9, 0).UTC().Format(http.TimeFormat)); a.StatusCode != 200 || len(a.body) != 1000 {
		t.Errorf("%d %q %v", a.StatusCode, a.body, a.Header)
	}
	if a := get(at + "/rec/here"); a.body != content || fmt.Sprint(got) != `[first /rec/download/1 "Bearer zoom-token-a" "mine"]` {
		t.Errorf("%d %v", a.StatusCode, got)
	}
	if a := get(at+"/rec/away", "Range", "bytes=0-9"); a.body != content[:10] || fmt.Sprint(got) != `[elsewhere /signed "" ""]` {
		t.Errorf("%d %v", a.StatusCode, got)
	}
	// A redirect to what the rules forbid takes no token along.
	if get(at + "/rec/api"); fmt.Sprint(got) != `[first /v2/secret "" ""]` {
		t.Errorf("%v", got)
	}
	if a := get(at + "/rec/round"); a.StatusCode != 502 || a.problem.Kind != stagedoor.KindBadAnswer {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	// An address of the API is judged as a call of the API.
	if a := get(at + "/v2/users/me"); a.StatusCode != 200 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	for path, status := range map[string]int{
		"/v2/secret": 403, "/V2/secret": 403, "/%76%32/secret": 403, "//v2/secret": 400, "/rec/../v2/secret": 400, "/rec/%2e%2e/v2/secret": 400,
		"/rec/%252e%252e/v2/secret": 400, "/v2;x/secret": 403, "/v2%2Fsecret": 403, "/./v2/secret": 400, "/v2./secret": 403, "/scim2/Users": 403, "/v1/x": 403, "/oauth/token": 403,
		"/rec/x?access_token=abc": 400, "/rec/x?download_access_token=abc": 400, "/rec/x#y": 400, "/rec\\..\\v2/secret": 400,
	} {
		if a := get(at + path); a.StatusCode != status || len(got) > 0 {
			t.Errorf("%s: %d %s %v", path, a.StatusCode, a.body, got)
		}
	}
	for _, address := range []string{"", "ftp://zoom.us/x", "https://me:pw@zoom.us/x", "/rec/download/1", "https:zoom.us"} {
		if a := get(address); a.StatusCode != 400 {
			t.Errorf("%s: %d %s", address, a.StatusCode, a.body)
		}
	}
	w.caller.Share = 1 // the rules that allow no files
	if a := get(at + "/rec/download/1"); a.StatusCode != 403 || !strings.Contains(a.problem.Fix, "GET /-/download") || len(got) > 0 {
		t.Errorf("%d %s %v", a.StatusCode, a.body, got)
	}
	if e := w.event(); strings.Contains(fmt.Sprint(w.events), "key=abc") || e.Action != "GET download" {
		t.Errorf("%+v", w.events)
	}
}

// Which host was refused, and which there are, is for whoever reads the audit.
func TestRefusedHostsAreAudited(t *testing.T) {
	w := newWorld(t, nil, func(w *world) {
		w.admit = func(context.Context, stagedoor.Call) (stagedoor.Turn, error) {
			return stagedoor.Turn{}, &stagedoor.Error{Subject: "inside.example:443", Kind: stagedoor.KindHostRefused, Cause: "the host is not on the credential's list; zoom.us"}
		}
	})
	a := w.get("/to/acme/v2/x")
	if e := w.event(); a.StatusCode != 403 || strings.Contains(a.body, "inside.example") || strings.Contains(a.body, "zoom.us") ||
		e.Detail != "inside.example:443: the host is not on the credential's list; zoom.us" || e.Result != "host_not_allowed" {
		t.Errorf("%d %s\n%+v", a.StatusCode, a.body, e)
	}
}
