package stagedoor

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestOutsideHidesSecrets holds that a secret which a server repeats is hidden
// in whatever encoding it comes.
func TestOutsideHidesSecrets(t *testing.T) {
	secret := "hB3kzQ9wXcV7nM1pL5sD2fG8jK4rT6yU"
	noDigit := "hBnkzQpwXcVqnMvpLxsDwfGkjKurTeyU"
	pair := "nl-yuJUN8FukpwcSkQE-pg:" + secret
	basic := base64.StdEncoding.EncodeToString([]byte(pair))
	percent := ""
	for _, c := range []byte(secret) {
		percent += "%" + hex.EncodeToString([]byte{c})
	}
	for name, text := range map[string]string{
		"raw": secret, "without a digit": noDigit, "pair": pair, "Basic": "Basic " + basic, "base64": basic, "base64 twice": base64.URLEncoding.EncodeToString([]byte(basic)),
		"hex": hex.EncodeToString([]byte(secret)), "upper hex": strings.ToUpper(hex.EncodeToString([]byte(secret))), "percent": percent,
		"JWT": "eyJhbGciOiJIUzUxMiJ9.eyJhdWQiOiJodHRwczovL29hdXRoIn0.c2lnbmF0dXJl", "form": "client_secret=" + secret[:14],
		"broken by a mark": "Bearer \u202e" + secret,
	} {
		shown := Outside("can not read ("+text+") here", 1000)
		for _, part := range []string{text, text[:min(len(text), 12)], secret[:12], noDigit[:12]} {
			if name == "pair" && !strings.HasPrefix(part, secret[:12]) {
				continue // the client id is no secret
			}
			if strings.Contains(shown, part) && !strings.HasPrefix("client_secret=", part) {
				t.Errorf("%s: %d characters of the secret are shown", name, len(part))
			}
		}
		if !strings.Contains(shown, Redacted) {
			t.Errorf("%s: nothing says that something was left out", name)
		}
	}
}

func TestOutsideKeepsWhatPeopleNeed(t *testing.T) {
	for _, text := range []string{
		"Only available for paid account: DU0Bvi5fZZtmWFl7WGa25w", "Meeting 4444AAAiAAAAAiAiAiiAii== not found or has expired.",
		"User does not exist: a.very.long.name+tag@sub-domain.of.a.company.example.com.",
		"Invalid access token, does not contain scopes:[meeting:read:list_past_participants:admin, report:read:meeting_activity_log:admin].",
		"see https://developers.zoom.us/docs/api/rate-limits/ and /report/meetings/85746065432/participants",
		"access_token: Invalid field.", "bearer authentication is required",
	} {
		if got := Outside(text, 300); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := Outside("two\nlines\x1b[31m and \xff", 100); got != "two lines [31m and \uFFFD" {
		t.Errorf("got %q", got)
	}
	if got := Outside(strings.Repeat("ü", 100), 20); len(got) > 20 || !utf8.ValidString(got) {
		t.Errorf("shortened to %q", got)
	}
}

func TestTrackingID(t *testing.T) {
	const id = "v=2.0;clid=us02;rid=WEB_0123456789abcdef0123456789abcdef"
	header := http.Header{"X-Zm-Trackingid": {id}}
	if got := TrackingID(header); got != id {
		t.Errorf("got %q", got)
	}
	header.Set("X-Zm-Trackingid", strings.Repeat("x", 5000))
	if got := TrackingID(header); len(got) > 120 {
		t.Errorf("%d bytes were kept", len(got))
	}
}

// FuzzUnsuspicious holds that what is let through without the patterns is what
// they would let through.
func FuzzUnsuspicious(f *testing.F) {
	for _, text := range []string{
		"", "/v2/users/me", "GET", "/v2/report/meeting_activities", "/v2/users/%2e", "eyJhbGciOiJIUzUxMiJ9", "client_secret=abcdefghijklmn", "/v2/Access_Token:abcdefghijklmn",
		"hB3kzQ9wXcV7nM1pL5sD2fG8jK4rT6yU", "bearer hB3kzQ9wXcV7nM1pL5sD2fG8j", "v=2.0;clid=us02;rid=WEB_0123456789abcdef0123456789abcdef", "ſ\u202e",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if unsuspicious(text) && redacted(text) != text {
			t.Errorf("%q would become %q", text, redacted(text))
		}
		if patterns := named().ReplaceAllString(oneLine(text), Redacted); printable(text) && unnamed(text) && patterns != text {
			t.Errorf("the tracking id %q would become %q", text, patterns)
		}
	})
}

// TestExplainCleans holds that whatever a rule fills in was cleaned.
func TestExplainCleans(t *testing.T) {
	const secret = "hB3kzQ9wXcV7nM1pL5sD2fG8jK4rT6yU"
	e, ok := Zoom.Explain(Answer{At: AtAPI, Status: 400, Code: "300", Message: "bad header " + secret})
	if !ok || strings.Contains(e.Error()+e.Detail, secret[:10]) || !strings.Contains(e.Cause, "bad header") {
		t.Errorf("explained: %v", ok)
	}
}
