package doctor

import (
	"encoding/base64"
	"strings"
	"time"
	"unicode"

	"github.com/stagedoor/stagedoor"
)

// form looks at the values themselves. Zoom documents no form for them, so what
// looks wrong is a warning: whether it is, Zoom says below.
func (s *Sheet) form(c stagedoor.Credential, p stagedoor.Provider, secret stagedoor.Secret) {
	where := "Copy it again from the app's page: marketplace.zoom.us → Develop → the app → App Credentials"
	if p.Name != stagedoor.Zoom.Name {
		where = "Copy it again from the service's page for your app"
	}
	edit := func(flag string) string {
		return where + "; then `stagedoor credential edit NAME " + flag + " ID`."
	}
	set := where + "; then `stagedoor credential set-secret NAME`."
	plain := secret.Reveal()
	switch {
	case p.RequiredField("account_id") && c.AccountID == "":
		s.warn("ids", stagedoor.KindAccountUnknown, "the account id is missing", edit("--account-id"))
	case strings.Contains(c.AccountID, "@"):
		s.warn("ids", stagedoor.KindAccountMalformed, "the account id is an e-mail address", edit("--account-id"))
	case strings.ContainsAny(c.AccountID, "?&=/:"):
		s.warn("ids", stagedoor.KindAccountMalformed, "the account id holds part of an address (the id stands after account_id=)", edit("--account-id"))
	case hasBlank(c.AccountID):
		s.warn("ids", stagedoor.KindAccountMalformed, "the account id has a blank in it", edit("--account-id"))
	case digits(c.AccountID):
		s.warn("ids", stagedoor.KindAccountMalformed, "the account id is a number; Zoom's account number is another thing than the Account ID", edit("--account-id"))
	case c.AccountID != "" && c.AccountID == c.ClientID:
		s.warn("ids", stagedoor.KindAccountUnknown, "account id and client id are the same value", edit("--account-id"))
	case strings.Contains(c.ClientID, "@"):
		s.warn("ids", stagedoor.KindInvalidClient, "the client id is an e-mail address", edit("--client-id"))
	case hasBlank(c.ClientID):
		s.warn("ids", stagedoor.KindSecretBlanks, "the client id has a blank in it", edit("--client-id"))
	case plain == c.ClientID:
		s.warn("ids", stagedoor.KindInvalidClient, "client id and client secret are the same value", set)
	case hasBlank(plain):
		s.warn("ids", stagedoor.KindSecretBlanks, "the client secret has a blank in it or around it", set)
	case encodedPair(plain, c.ClientID):
		s.warn("ids", stagedoor.KindSecretEncoded, "the client secret is the Base64 of an id and a secret, as it stands in an Authorization header", set)
	case p.BuiltOn() == stagedoor.Zoom.Name && len(c.ClientID) >= 30 && len(plain) < 25:
		s.warn("ids", stagedoor.KindInvalidClient, "client id and client secret seem to stand in each other's place: Zoom's ids have some 22 characters and its secrets 32", set)
	default:
		s.ok("ids", "account id, client id and client secret look as they should")
	}
}

func hasBlank(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	})
}

func digits(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

// encodedPair reports whether a secret is the Base64 of ID:SECRET.
func encodedPair(secret, clientID string) bool {
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		plain, err := encoding.DecodeString(strings.TrimRight(secret, "="))
		if err != nil {
			continue
		}
		id, _, found := strings.Cut(string(plain), ":")
		if found && (id == clientID || !strings.ContainsFunc(string(plain), func(r rune) bool { return r < ' ' || r > '~' })) {
			return true
		}
	}
	return false
}

// secretAges is after how long a secret is to be replaced.
const secretAges = 90 * 24 * time.Hour

func (s *Sheet) secretAge(c stagedoor.Credential, p stagedoor.Provider, now time.Time) {
	if c.SecretSetAt.IsZero() {
		s.skip("it is not saved, so its age is not known", "secret-age")
		return
	}
	age := now.Sub(c.SecretSetAt)
	days := int(age / (24 * time.Hour))
	if age <= secretAges {
		s.ok("secret-age", "the client secret was set %s ago", several(days, "day"))
		return
	}
	fix := "Make a new secret on the service's page for your app, then run `stagedoor credential set-secret NAME`."
	if p.BuiltOn() == stagedoor.Zoom.Name {
		fix = "On marketplace.zoom.us → Develop → the app → App Credentials choose Regenerate, and run `stagedoor credential set-secret NAME` right then: Zoom ends the former secret at once (tokens go on until their hour is over)."
	}
	s.warn("secret-age", "", "the client secret was set "+several(days, "day")+" ago; 90 is a usual limit", fix)
}
