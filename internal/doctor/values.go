package doctor

import (
	"strings"
	"unicode"

	"github.com/stagedoor/stagedoor"
)

// What a value of a Zoom app looks like. The ids that people report have 22
// characters, client secrets 32; Zoom documents neither, so that another length
// is only odd.
const (
	idShort, idLong         = 16, 40
	secretShort, secretLong = 24, 128
)

// Values are what a person copies from the page of an app. They are also held
// against each other: people paste the right text into the wrong field. Whoever
// types them, and whoever has them examined, is told the same.
type Values struct {
	Zoom                bool // of a Zoom app, whose forms are known
	AccountID, ClientID string
	Secret              stagedoor.Secret
}

// Oddity is what is odd about a value; the zero one is nothing. It never repeats
// the value.
type Oddity struct {
	Is      string // what follows "the client id …": "is an e-mail address"
	Instead string // what is wanted; a sentence or more
	Kind    stagedoor.Kind
	Sure    bool // it can not be right; otherwise it is only odd
}

func wrong(kind stagedoor.Kind, is, instead string) Oddity {
	return Oddity{Is: is, Instead: instead, Kind: kind, Sure: true}
}

func odd(kind stagedoor.Kind, is, instead string) Oddity {
	return Oddity{Is: is, Instead: instead, Kind: kind}
}

// OfAccountID returns what is odd about the account id.
func (v Values) OfAccountID() Oddity {
	text := v.AccountID
	const malformed = stagedoor.KindAccountMalformed
	switch {
	case text == "":
		return wrong(stagedoor.KindAccountUnknown, "is missing", "It is needed.")
	case !v.Zoom:
		return unusual(malformed, text)
	case strings.Contains(text, "account_id="):
		return wrong(malformed, "holds part of an address (the id stands after account_id=)", "Only the Account ID itself, please.")
	case strings.Contains(text, "@"):
		return wrong(malformed, "is an e-mail address", "The Account ID is on the page App Credentials.")
	case strings.Trim(text, "0123456789- ") == "":
		return wrong(malformed, "is a number; Zoom's account number is another thing", "The Account ID is letters and digits, on the page App Credentials.")
	case strings.ContainsAny(text, "?&=/:"):
		return wrong(malformed, "holds part of an address", "Only the Account ID itself, please.")
	case text == v.ClientID:
		return wrong(stagedoor.KindAccountUnknown, "is the Client ID", "The Account ID is the line above it.")
	}
	return ofID(malformed, text)
}

// OfClientID returns what is odd about the client id.
func (v Values) OfClientID() Oddity {
	text := v.ClientID
	const kind = stagedoor.KindInvalidClient
	switch {
	case text == "":
		return wrong(kind, "is missing", "It is needed.")
	case !v.Zoom:
		return unusual(kind, text)
	case strings.Contains(text, "@"):
		return wrong(kind, "is an e-mail address", "The Client ID is on the page App Credentials.")
	case text == v.AccountID:
		return wrong(kind, "is the Account ID", "The Client ID is the line below it.")
	case stagedoor.NewSecret(text).Pair() != "":
		return wrong(kind, "is the Base64 of an id and a secret", "The Client ID itself, please.")
	}
	return ofID(kind, text)
}

// OfSecret returns what is odd about the client secret.
func (v Values) OfSecret() Oddity {
	text := v.Secret.Reveal()
	scheme, _, _ := strings.Cut(strings.ToLower(text), " ")
	pair := v.Secret.Pair()
	const kind, encoded = stagedoor.KindInvalidClient, stagedoor.KindSecretEncoded
	switch {
	case text == "":
		return wrong(kind, "is missing", "It is needed.")
	case scheme == "basic" || scheme == "bearer":
		return wrong(encoded, "is an Authorization header", "The Client Secret itself, please.")
	case text == v.ClientID:
		return wrong(kind, "is the Client ID", "The Client Secret is the line below it; there is an eye to show it.")
	case v.AccountID != "" && text == v.AccountID:
		return wrong(kind, "is the Account ID", "The Client Secret is two lines below it.")
	case pair != "" && pair == v.ClientID:
		return wrong(encoded, "is the Base64 of the Client ID and the secret", "The Client Secret itself, please.")
	case !v.Zoom:
		return unusual(stagedoor.KindSecretBlanks, text)
	case strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2:
		return wrong(kind, "is an access token, which lasts an hour", "The Client Secret, please.")
	case strings.ContainsFunc(text, unicode.IsSpace):
		return wrong(stagedoor.KindSecretBlanks, "has a blank in it", "Copy it again, in one piece.")
	case pair != "":
		return odd(encoded, "looks like the Base64 of an id and a secret", "The Client Secret itself is meant.")
	case len(v.ClientID) >= 30 && len(text) < secretShort:
		return odd(kind, "and the client id seem to stand in each other's place", "Zoom's ids have some 22 characters and its secrets 32.")
	case len(text) < secretShort:
		return odd(kind, "is shorter than Zoom's secrets (32 characters)", "Is it whole, and not the Secret Token of another page?")
	case len(text) > secretLong:
		return odd(kind, "is longer than Zoom's secrets (32 characters)", "Is it one value?")
	}
	return unusual(stagedoor.KindSecretBlanks, text)
}

// ofID returns what is odd about an id of a Zoom app.
func ofID(kind stagedoor.Kind, text string) Oddity {
	switch {
	case strings.ContainsFunc(text, unicode.IsSpace):
		return wrong(kind, "has a blank in it", "Copy it again, in one piece.")
	case len(text) < idShort:
		return odd(kind, "is shorter than Zoom's ids (22 characters or so)", "Is it whole?")
	case len(text) > idLong:
		return odd(kind, "is longer than Zoom's ids (22 characters or so)", "Is it one value?")
	}
	return unusual(kind, text)
}

// unusual finds what hardly any value holds.
func unusual(kind stagedoor.Kind, text string) Oddity {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return odd(kind, "holds a blank or a character that such values hardly have", "Is it copied whole?")
	}
	return Oddity{}
}
