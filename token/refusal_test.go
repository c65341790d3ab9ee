package token

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stagedoor/stagedoor"
)

// mustNotHold is the guard of every text that a person may see.
func mustNotHold(t testing.TB, text string, secrets ...string) {
	t.Helper()
	for _, secret := range append(secrets, "token-1") {
		if strings.Contains(text, secret) {
			t.Errorf("a text for people holds a secret (the %d bytes are not repeated here)", len(text))
		}
	}
}

func TestARefusalIsExplainedByTheFormOfWhatWasSent(t *testing.T) {
	const invalidClient = `{"reason":"Invalid client_id or client_secret","error":"invalid_client"}`
	const badRequest = `{"reason":"Bad Request","error":"invalid_request"}`
	with := func(secret string) func(*stagedoor.Credential) {
		return func(c *stagedoor.Credential) { c.ClientSecrets = []stagedoor.Secret{stagedoor.NewSecret(secret)} }
	}
	account := func(id string) func(*stagedoor.Credential) {
		return func(c *stagedoor.Credential) { c.AccountID = id }
	}
	basic := base64.StdEncoding.EncodeToString([]byte("client-1:" + goodSecret))
	for name, test := range map[string]struct {
		answer string
		change func(*stagedoor.Credential)
		kind   stagedoor.Kind
		says   string
	}{
		"plainly wrong":      {invalidClient, with(goodSecret), stagedoor.KindInvalidClient, "does not know"},
		"line break":         {invalidClient, with(goodSecret + "\n"), stagedoor.KindSecretBlanks, "secret has a blank at its end"},
		"leading":            {invalidClient, with(" " + goodSecret), stagedoor.KindSecretBlanks, "at its beginning"},
		"inside":             {invalidClient, with("0123 " + goodSecret), stagedoor.KindSecretBlanks, "inside"},
		"zero width":         {invalidClient, with(goodSecret + "\u200b"), stagedoor.KindSecretBlanks, "at its end"},
		"client id":          {invalidClient, func(c *stagedoor.Credential) { c.ClientID += " " }, stagedoor.KindSecretBlanks, "client id has a blank"},
		"base64":             {invalidClient, with(basic), stagedoor.KindSecretEncoded, "Base64"},
		"base64, no padding": {invalidClient, with(strings.TrimRight(basic, "=")), stagedoor.KindSecretEncoded, "Base64"},
		"unknown account":    {badRequest, account("account-2"), stagedoor.KindAccountUnknown, "does not know this account"},
		"account URL":        {badRequest, account("https://zoom.us/account?id=1"), stagedoor.KindAccountMalformed, "more than the id"},
		"account e-mail":     {badRequest, account("jo@example.com"), stagedoor.KindAccountMalformed, "more than the id"},
		"account parameter":  {badRequest, account("a&b=c"), stagedoor.KindAccountMalformed, "more than the id"},
		"account blank":      {badRequest, account("a b"), stagedoor.KindAccountMalformed, "more than the id"},
		"no account":         {badRequest, account(""), stagedoor.KindAccountUnknown, "missing"},
		"other app":          {`{"reason":"unsupported grant type","error":"unsupported_grant_type"}`, with(goodSecret + " "), stagedoor.KindGrantUnsupported, "not a Server-to-Server"},
		"unheard of":         {`{"reason":"no luck","error":"bad_luck"}`, with(goodSecret), stagedoor.KindTokenRefused, "bad_luck: no luck"},
		"unheard of, blank":  {`{"reason":"no luck","error":"bad_luck"}`, with(goodSecret + " "), stagedoor.KindSecretBlanks, "at its end"},
	} {
		t.Run(name, func(t *testing.T) {
			c := acme()
			test.change(&c)
			e := &endpoint{trouble: func(int, *http.Request) (*http.Response, error) { return reply(400, test.answer), nil }}
			s := open(t, e, func(config *Config) { config.Credential = c })
			_, err := s.Mint(t.Context())
			got := refusal(t, err, test.kind)
			if !strings.Contains(got.Cause, test.says) || got.Fix == "" {
				t.Errorf("cause %q with fix %q, want a cause that says %q", got.Cause, got.Fix, test.says)
			}
			if got.Op != "mint a token" || got.Subject != "credential acme" || got.Status != 400 {
				t.Errorf("op %q, subject %q, status %d", got.Op, got.Subject, got.Status)
			}
			mustNotHold(t, got.Error()+got.Detail, goodSecret, strings.TrimSpace(c.ClientSecrets[0].Reveal()))
			if e.asked() != 1 {
				t.Errorf("%d requests, want 1", e.asked())
			}
		})
	}
}

func TestAnEndpointThatRepeatsWhatWasSentGivesNothingAway(t *testing.T) {
	const awkward = "with+and/and=" + goodSecret
	for _, text := range []string{awkward, "with%2Band%2Fand%3D" + goodSecret, base64.StdEncoding.EncodeToString([]byte("client-1:with%2Band%2Fand%3D" + goodSecret))} {
		e := &endpoint{trouble: func(int, *http.Request) (*http.Response, error) {
			return reply(400, `{"reason":"no such secret: `+text+`","error":"odd `+text+`","access_token":"token-1"}`), nil
		}}
		s := open(t, e, func(c *Config) { c.Credential = acme(awkward) })
		_, err := s.Mint(t.Context())
		got := refusal(t, err, stagedoor.KindTokenRefused)
		mustNotHold(t, got.Error()+got.Detail+got.Code, text, goodSecret)
		if !strings.Contains(got.Cause, stagedoor.Redacted) {
			t.Error("the reason was lost, not cleaned")
		}
	}
}

func TestNetworkErrorsAreExplainedWithoutTheirText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, &endpoint{trouble: down})
		_, err := s.Mint(t.Context())
		got := refusal(t, err, stagedoor.KindNetwork)
		for e := error(got); e != nil; e = errors.Unwrap(e) {
			mustNotHold(t, e.Error(), goodSecret)
		}
		if !strings.Contains(got.Cause, "zoom.us") {
			t.Errorf("cause %q does not name the host", got.Cause)
		}
	})
}

func TestAGuardsRefusalIsHandedOn(t *testing.T) {
	e := &endpoint{trouble: func(int, *http.Request) (*http.Response, error) {
		return nil, &stagedoor.Error{Op: "dial", Kind: stagedoor.KindHostRefused, Cause: "the address is private", Fix: "Allow it."}
	}}
	_, err := open(t, e).Get(t.Context(), 0)
	if got := refusal(t, err, stagedoor.KindHostRefused); got.Cause != "the address is private" || e.asked() != 1 {
		t.Errorf("cause %q after %d requests, want the guard's own at once", got.Cause, e.asked())
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	e := &endpoint{trouble: func(int, *http.Request) (*http.Response, error) {
		resp := reply(307, "")
		resp.Header.Set("Location", "https://thief.example.com/")
		return resp, nil
	}}
	_, err := open(t, e).Mint(t.Context())
	refusal(t, err, stagedoor.KindBadAnswer)
	if e.asked() != 1 {
		t.Errorf("%d requests, want 1", e.asked())
	}
}
