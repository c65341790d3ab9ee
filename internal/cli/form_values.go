package cli

import (
	"encoding/base64"
	"strings"
	"unicode"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/form"
)

// What a value of a Zoom app looks like. The ids that people report have 22
// characters, client secrets 32; Zoom documents neither, so that another length
// is only odd.
const (
	idShort, idLong         = 16, 40
	secretShort, secretLong = 24, 128
)

// typedValues are the values of a form, which are also held against each other:
// people paste the right text into the wrong field.
type typedValues struct {
	zoom                        bool // of a Zoom app, whose forms are known
	accountID, clientID, secret string
}

func refused(says string) form.Remark { return form.Remark{Says: says, Refused: true} }
func odd(says string) form.Remark     { return form.Remark{Says: says} }

// ofAccountID remarks on an account id.
func (v *typedValues) ofAccountID(text string) form.Remark {
	if text == "" {
		return refused("It is needed.")
	}
	if !v.zoom {
		return unusual(text)
	}
	digits := strings.Trim(text, "0123456789- ") == ""
	switch {
	case strings.Contains(text, "account_id="):
		return refused("Only the part behind account_id=, please.")
	case strings.Contains(text, "@"):
		return refused("That is an e-mail address. The Account ID is on the page App Credentials.")
	case digits:
		return refused("That is an account number. The Account ID is letters and digits, on the page App Credentials.")
	case strings.ContainsAny(text, "?&=/:"):
		return refused("That holds more than the id: part of an address. Only the id, please.")
	case text == v.clientID:
		return refused("That is the Client ID. The Account ID is the line above it.")
	}
	return id(text)
}

// ofClientID remarks on a client id.
func (v *typedValues) ofClientID(text string) form.Remark {
	switch {
	case text == "":
		return refused("It is needed.")
	case !v.zoom:
		return unusual(text)
	case strings.Contains(text, "@"):
		return refused("That is an e-mail address. The Client ID is on the page App Credentials.")
	case text == v.accountID:
		return refused("That is the Account ID. The Client ID is the line below it.")
	case decoded(text) != "":
		return refused("That is the Base64 of an id and a secret. The Client ID itself, please.")
	}
	return id(text)
}

// ofSecret remarks on a client secret, and never repeats any of it.
func (v *typedValues) ofSecret(text string) form.Remark {
	scheme, _, _ := strings.Cut(strings.ToLower(text), " ")
	plain := decoded(text)
	switch {
	case text == "":
		return refused("It is needed.")
	case scheme == "basic" || scheme == "bearer":
		return refused("That is an Authorization header. The Client Secret itself, please.")
	case text == v.clientID:
		return refused("That is the Client ID. The secret is the line below it; there is an eye to show it.")
	case v.accountID != "" && text == v.accountID:
		return refused("That is the Account ID. The secret is two lines below it.")
	case plain != "" && strings.HasPrefix(plain, v.clientID+":"):
		return refused("That is the Base64 of the Client ID and the secret. The secret itself, please.")
	case !v.zoom:
		return unusual(text)
	case strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2:
		return refused("That is an access token, which lasts an hour. The Client Secret, please.")
	case strings.ContainsFunc(text, unicode.IsSpace):
		return refused("There is a blank inside it. Copy it again, in one piece.")
	case plain != "":
		return odd("It looks like the Base64 of an id and a secret. The secret itself is meant.")
	case len(text) < secretShort:
		return odd("Zoom's secrets are longer (32 characters). Is it whole, and not the Secret Token of another page?")
	case len(text) > secretLong:
		return odd("Zoom's secrets are shorter (32 characters). Is it one value?")
	}
	return unusual(text)
}

// id remarks on an id of a Zoom app.
func id(text string) form.Remark {
	switch {
	case strings.ContainsFunc(text, unicode.IsSpace):
		return refused("There is a blank inside it. Copy it again, in one piece.")
	case len(text) < idShort:
		return odd("Zoom's ids are longer (22 characters or so). Is it whole?")
	case len(text) > idLong:
		return odd("Zoom's ids are shorter (22 characters or so). Is it one value?")
	}
	return unusual(text)
}

// unusual remarks on what hardly any value holds.
func unusual(text string) form.Remark {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return odd("It holds a blank or a character that such values hardly have. Is it copied whole?")
	}
	return form.Remark{}
}

// ofTokenURL remarks on the address of a token endpoint.
func ofTokenURL(text string) form.Remark {
	switch {
	case text == "":
		return refused("It is needed.")
	case !strings.HasPrefix(text, "https://") && !strings.HasPrefix(text, "http://"):
		return refused("An address, please: https://…")
	case strings.HasPrefix(text, "http://"):
		return odd("Without https the secret can be read on the way.")
	}
	return form.Remark{}
}

// decoded returns the "id:secret" whose Base64 the text is, or "".
func decoded(text string) string {
	bare := strings.TrimRight(text, "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		plain, err := encoding.DecodeString(bare)
		if err != nil || !strings.Contains(string(plain), ":") {
			continue
		}
		if !strings.ContainsFunc(string(plain), func(r rune) bool { return r <= ' ' || r > '~' }) {
			return string(plain)
		}
	}
	return ""
}

// clientSecret is a typed secret, which leaves the form as one.
func (v *typedValues) clientSecret() stagedoor.Secret { return stagedoor.NewSecret(v.secret) }
