package stagedoor

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const planted = "hunter2-planted-secret"

type holder struct {
	Name   string
	hidden Secret
}

type shown struct {
	Name string
	Open Secret
	Also *Secret
	List []Secret
	Map  map[string]Secret
}

// TestSecretNeverPrints holds every way in which Go turns a value into text.
func TestSecretNeverPrints(t *testing.T) {
	secret := NewSecret(planted)
	values := map[string]any{
		"secret": secret, "pointer": &secret, "hidden": holder{"a", secret}, "pointer to hidden": &holder{"a", secret},
		"shown":      shown{"a", secret, &secret, []Secret{secret}, map[string]Secret{"k": secret}},
		"credential": Credential{Slug: "acme", ClientSecrets: []Secret{secret}},
		"token":      Token{Value: secret, Type: "Bearer"},
		"in error":   fmt.Errorf("wrapped: %v", secret),
	}
	for name, value := range values {
		for _, verb := range strings.Split("%v %+v %#v %s %q %x %X %d %t %T %c %U %e %g %b %o %p", " ") {
			holdsNothing(t, name+" "+verb, fmt.Sprintf(verb, value))
		}
		if text, err := json.Marshal(value); err == nil {
			holdsNothing(t, name+" json", string(text))
		}
		var b bytes.Buffer
		slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "v", value)
		slog.New(slog.NewTextHandler(&b, nil)).Info("m", "v", value)
		holdsNothing(t, name+" slog", b.String())
	}
	if got := fmt.Sprintf("%#v", holder{"a", secret}); !strings.Contains(got, Redacted) {
		t.Errorf("%%#v of a struct with an unexported secret = %s, want the placeholder in it", got)
	}
	for name, got := range map[string]string{
		"%v": fmt.Sprintf("%v", secret), "%q": fmt.Sprintf("%q", secret), "String": secret.String(),
		"text": func() string { b, _ := secret.MarshalText(); return string(b) }(),
		"json": func() string { b, _ := json.Marshal(secret); return strings.Trim(string(b), `"`) }(),
	} {
		if got != Redacted {
			t.Errorf("%s = %s, want %s", name, got, Redacted)
		}
	}
}

func TestSecretGob(t *testing.T) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(shown{Name: "a", Open: NewSecret(planted)}); err != nil {
		t.Fatal(err)
	}
	holdsNothing(t, "gob", b.String())
	var back shown
	if err := gob.NewDecoder(&b).Decode(&back); err == nil {
		t.Error("a placeholder was decoded as a secret")
	}
}

func TestSecretValue(t *testing.T) {
	secret, empty := NewSecret(planted), Secret{}
	if secret.Reveal() != planted || secret.IsZero() {
		t.Error("the secret lost its text")
	}
	if !empty.IsZero() || empty.Reveal() != "" || empty.String() != "" || !NewSecret("").IsZero() {
		t.Error("an empty secret is not empty")
	}
	if !secret.Equal(NewSecret(planted)) || secret.Equal(NewSecret("other")) || secret.Equal(empty) {
		t.Error("Equal does not compare texts")
	}
}

func holdsNothing(t *testing.T, where, text string) {
	t.Helper()
	for _, form := range []string{planted, fmt.Sprintf("%x", planted), fmt.Sprintf("%X", planted), planted[:8]} {
		if strings.Contains(text, form) {
			t.Errorf("%s shows the secret", where)
		}
	}
}

// TestSecretPair holds that the two values of an Authorization header are told
// from one secret.
func TestSecretPair(t *testing.T) {
	for text, want := range map[string]string{
		"": "", planted: "", "G9tK0lcuzAvnh0M32c6MyIAME5PaVuws": "",
		"bXktaWQ6bXktc2VjcmV0": "my-id", "bXktaWQ6bXktc2VjcmV0MQ==": "my-id", "bXktaWQ6bXktc2VjcmV0MQ": "my-id",
		"bXktaWQ6bXktc2VjcmV0Pz8_": "my-id", "AGlkOgB4": "",
	} {
		if got := NewSecret(text).Pair(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
