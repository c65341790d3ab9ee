package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"github.com/stagedoor/stagedoor/internal/web/words"
)

// hostile is what an attacker puts where a text is shown.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>' javascript:alert(1) </textarea></dialog>`

// gallery is every component, with one text in all places.
func gallery(text string) []templ.Component {
	at := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	whole := field{Name: "name", Label: text, Value: text, Hint: text, Where: text, Error: text, Fix: text, Required: true, Check: "/check"}
	area := whole
	area.Kind = "textarea"
	return []templ.Component{
		heading(text, text), badge("ok", text), noticeBox("fail", text, text), moment(at), moment(time.Time{}), gauge(text, 1200, 30000), gauge(text, 3, 0),
		input(whole), input(area), choice(whole, []option{{Value: text, Label: text, Chosen: true}}), empty(text, text), code("id", text, text),
		overlay("id", text, "/credentials"), panel(text), chips(map[string]string{text: text}), search(text, "/credentials", "#list", text),
	}
}

// TestHostileTexts holds that a text, whatever it says, changes nothing of what
// the pieces are made of: the same elements, with the same attributes.
func TestHostileTexts(t *testing.T) {
	harmless := gallery("a text")
	for i, piece := range gallery(hostile) {
		if got, want := shape(t, piece), shape(t, harmless[i]); got != want {
			t.Errorf("piece %d became\n%s\nin place of\n%s", i, got, want)
		}
	}
}

// shape is the elements of a piece and the names of their attributes.
func shape(t *testing.T, piece templ.Component) string {
	t.Helper()
	var text strings.Builder
	if err := piece.Render(t.Context(), &text); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(text.String()))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return out.String()
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			out.WriteString(token.Data)
			for _, a := range token.Attr {
				out.WriteString(" " + a.Key)
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s has %s, which the policy forbids", token.Data, a.Key)
				}
			}
			out.WriteString("\n")
		}
	}
}

// TestAssets gets each file that a page names, as it is named there, and holds the
// first view to what it may weigh.
func TestAssets(t *testing.T) {
	h, err := New(options())
	if err != nil {
		t.Fatal(err)
	}
	page := visit(t, h, "admin", http.MethodGet, "/credentials", "")
	weight := page.Body.Len()
	tokens := html.NewTokenizer(page.Body)
	seen := map[string]bool{}
	for tokens.Next() != html.ErrorToken {
		for _, a := range tokens.Token().Attr {
			if (a.Key != "src" && a.Key != "href") || seen[a.Val] || !strings.HasPrefix(a.Val, "/assets/") {
				continue
			}
			seen[a.Val] = true
			r := httptest.NewRequest(http.MethodGet, a.Val, nil)
			r.Header.Set("Accept-Encoding", "gzip")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
				t.Errorf("%s: %d %v", a.Val, w.Code, w.Header())
			}
			weight += w.Body.Len()
		}
	}
	if len(seen) != 4 || weight > 150<<10 {
		t.Errorf("%d files, %d bytes for the first view", len(seen), weight)
	}
	if w := visit(t, h, "", http.MethodGet, "/assets/0/style.css", ""); w.Code != http.StatusNotFound || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("of another version: %d %v", w.Code, w.Header())
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567", -1234: "-1\u202f234", -123: "-123"} {
		if got := number(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	if copyWord("") != words.Copy {
		t.Error(copyWord(""))
	}
}

func TestAgo(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "now", -4 * time.Second: "now", -30 * time.Second: "30 seconds ago", 59*time.Second + 600*time.Millisecond: "in 1 minute", -time.Minute: "1 minute ago",
		time.Hour: "in 1 hour", -90 * time.Minute: "1 hour ago", -24 * time.Hour: "yesterday", 24 * time.Hour: "tomorrow", -72 * time.Hour: "3 days ago",
		-40 * 24 * time.Hour: "last month", 800 * 24 * time.Hour: "in 2 years",
	} {
		if got := ago(now.Add(d), now); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
