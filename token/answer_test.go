package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
)

var update = flag.Bool("update", false, "rewrite what the files in testdata/answers want")

// Each file in testdata/answers holds an answer of a token endpoint (headers,
// an empty line, the body; pad adds blanks to the body, response is how the
// provider maps the answer) and what becomes of it.
// "golden" is the token: it must never be shown.
func TestAnswers(t *testing.T) {
	files, err := filepath.Glob("testdata/answers/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no answers to test with: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			given, want, ok := strings.Cut(string(text), "\n-- want --\n")
			if !ok {
				t.Fatal("the file says nothing of what is wanted")
			}
			head, body, _ := strings.Cut(given, "\n\n")
			var got string
			synctest.Test(t, func(t *testing.T) { got = outcome(t, head, body) })
			if strings.Contains(got, "golden") {
				t.Fatal("the outcome shows the token")
			}
			if *update {
				if err := os.WriteFile(name, []byte(given+"\n-- want --\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// outcome mints once with the answer and tells everything that came of it.
func outcome(t *testing.T, head, body string) string {
	t.Helper()
	resp, provider := reply(0, ""), zoom()
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		number, _ := strconv.Atoi(value)
		switch key {
		case "status":
			resp.StatusCode = number
		case "pad":
			body += strings.Repeat(" ", number)
		case "response":
			provider.Response = stagedoor.TokenResponse{}
			if err := json.Unmarshal([]byte(value), &provider.Response); err != nil {
				t.Fatal(err)
			}
		default:
			resp.Header.Set(key, value)
		}
	}
	told := &journal{}
	e := &endpoint{trouble: func(int, *http.Request) (*http.Response, error) {
		again := reply(resp.StatusCode, body)
		again.Header = resp.Header
		return again, nil
	}}
	s := open(t, e, func(c *Config) { c.Provider, c.Notify = provider, told.add })
	got, err := s.Mint(t.Context())
	var b strings.Builder
	if failure, ok := errors.AsType[*stagedoor.Error](err); ok {
		fmt.Fprintf(&b, "error: %v\nkind: %s\nstatus: %d\ncode: %q\ndetail: %q\nrequests: %d\n", failure, failure.Kind, failure.Status, failure.Code, failure.Detail, e.asked())
		if !failure.RetryAt.IsZero() {
			fmt.Fprintf(&b, "retry: %s\n", failure.RetryAt.Format(time.RFC3339))
		}
		return b.String()
	}
	if got.Value.Reveal() != "golden" {
		t.Error("the token is not the one that was sent")
	}
	if got.Expiry.Location() != time.UTC || got.Expiry != got.Expiry.Round(0) {
		t.Error("the expiry is not UTC wall time")
	}
	fmt.Fprintf(&b, "type: %s\nlifetime: %s\nscopes: %q\napi_url: %q\n", got.Type, got.Expiry.Sub(got.Minted), got.Scopes, got.APIURL)
	for _, e := range told.events {
		if e.Detail != "" {
			fmt.Fprintf(&b, "%s: %s\n", e.Kind, e.Detail)
		}
	}
	return b.String()
}

// However odd an answer is: reading it never panics, a token is never for ever,
// and what x/oauth2 is given holds nothing that we did not choose.
func FuzzReadAnswer(f *testing.F) {
	files, err := filepath.Glob("testdata/answers/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("no answers to start from: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		given, _, _ := bytes.Cut(text, []byte("\n-- want --\n"))
		_, body, _ := bytes.Cut(given, []byte("\n\n"))
		f.Add(200, body)
		f.Add(400, body)
	}
	nested := stagedoor.TokenResponse{
		AccessToken: []string{"data.token.value", "access_token"}, ExpiresIn: []string{"data.token.ttl"}, ExpiresUnit: "minutes",
		ExpiresAt: []string{"data.token.until", "expires_in"}, Error: []string{"fault.name", "error"}, BearerTypes: []string{"jwt"},
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		judge(t, readAnswer(status, http.Header{}, body, zoom().Response, time.Now()))
		judge(t, readAnswer(status, http.Header{}, body, nested, time.Now()))
	})
}

func judge(t *testing.T, a answer) {
	t.Helper()
	standard := a.standard()
	var written struct {
		Token   string `json:"access_token"`
		Expires int64  `json:"expires_in"`
		Error   string `json:"error"`
	}
	if err := json.Unmarshal(standard, &written); err != nil {
		t.Fatalf("the standard form is not JSON: %v", err)
	}
	if (written.Error == "") != a.granted() || (written.Token != "") != a.granted() {
		t.Error("the standard form disagrees with the answer")
	}
	if a.granted() && (written.Expires <= 0 || written.Expires > int64(maxLifetime.Seconds()) || !usableToken(written.Token)) {
		t.Errorf("a token that lives for %d s, or that no header can hold", written.Expires)
	}
	if a.lifetime < 0 || a.lifetime > maxLifetime || a.lifetime == 0 && a.guess == "" && !a.dead && a.json {
		t.Errorf("a lifetime of %s without a word", a.lifetime)
	}
	g := grant{provider: zoom(), credential: acme(), tokenURL: zoom().TokenURL, now: func() (time.Time, time.Time) { return time.Now(), time.Now() }}
	if a.granted() {
		return
	}
	refused := g.refused(a, g.credential.ClientSecrets[0])
	if len(refused.Error()) > 2000 || refused.Cause == "" || refused.Kind == "" {
		t.Errorf("an explanation of %d bytes, kind %q", len(refused.Error()), refused.Kind)
	}
	if strings.Contains(refused.Error()+refused.Detail+refused.Code, goodSecret) {
		t.Error("the explanation repeats the secret")
	}
}
