package cli

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestWhatValuesCanNotBe(t *testing.T) {
	const account, client, secret = "5TqiXT9wz1EWPRuwRBXyjg", "u15eGu1jYgHH8-yKzwclxA", "G9tK0lcuzAvnh0M32c6MyIAME5PaVuws"
	v := typedValues{zoom: true, accountID: account, clientID: client, secret: secret}
	other := typedValues{clientID: "my-id"}
	encoded := base64.StdEncoding.EncodeToString([]byte(client + ":" + secret))
	for name, c := range map[string]struct {
		says    string
		refused bool
		got     func() (string, bool)
	}{
		"good account": {"", false, func() (string, bool) { r := v.ofAccountID(account); return r.Says, r.Refused }},
		"e-mail":       {"e-mail", true, func() (string, bool) { r := v.ofAccountID("me@x.org"); return r.Says, r.Refused }},
		"number":       {"account number", true, func() (string, bool) { r := v.ofAccountID("123-456 789"); return r.Says, r.Refused }},
		"parameter":    {"account_id=", true, func() (string, bool) { r := v.ofAccountID("account_id=" + account); return r.Says, r.Refused }},
		"client there": {"Client ID", true, func() (string, bool) { r := v.ofAccountID(client); return r.Says, r.Refused }},
		"short":        {"shorter", false, func() (string, bool) { r := v.ofAccountID("short"); return r.Says, r.Refused }},
		"blank":        {"blank", true, func() (string, bool) { r := v.ofClientID("u15eGu1jYg HH8yKzwclxA"); return r.Says, r.Refused }},
		"account here": {"Account ID", true, func() (string, bool) { r := v.ofClientID(account); return r.Says, r.Refused }},
		"good secret":  {"", false, func() (string, bool) { r := v.ofSecret(secret); return r.Says, r.Refused }},
		"same":         {"Client ID", true, func() (string, bool) { r := v.ofSecret(client); return r.Says, r.Refused }},
		"base64":       {"Base64", true, func() (string, bool) { r := v.ofSecret(encoded); return r.Says, r.Refused }},
		"header":       {"Authorization", true, func() (string, bool) { r := v.ofSecret("Basic " + encoded); return r.Says, r.Refused }},
		"short secret": {"shorter", false, func() (string, bool) { r := v.ofSecret("short"); return r.Says, r.Refused }},
		"other":        {"", false, func() (string, bool) { r := other.ofSecret("short"); return r.Says, r.Refused }},
		"empty":        {"needed", true, func() (string, bool) { r := other.ofSecret(""); return r.Says, r.Refused }},
	} {
		says, refused := c.got()
		if refused != c.refused || !strings.Contains(says, c.says) || (c.says == "") != (says == "") {
			t.Errorf("%s: %q, refused %v", name, says, refused)
		}
	}
}

// FuzzRemarks holds that no remark repeats what was typed for a secret.
func FuzzRemarks(f *testing.F) {
	f.Add("u15eGu1jYgHH8-yKzwclxA")
	f.Add("Basic dTE1ZUd1OmFiYw==")
	f.Fuzz(func(t *testing.T, text string) {
		v := typedValues{zoom: true, accountID: "account", clientID: "client"}
		if says := v.ofSecret(text).Says; len(text) > 12 && strings.Contains(says, text) && !strings.Contains("That is an Authorization header. The Client Secret itself, please.", text) {
			t.Error("a remark repeats the secret")
		}
		v.ofAccountID(text)
		v.ofClientID(text)
	})
}
