package stagedoor

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
)

// Redacted is what a [Secret] prints instead of itself, wherever it is printed.
const Redacted = "[secret]"

// Secret is a client secret, an access token, or any other text that must not
// be seen. It never prints, marshals or logs itself: every fmt verb, JSON, text
// (and so YAML and flags), slog and gob show [Redacted]. [Secret.Reveal] is the
// one way to read it, so that `grep -r Reveal` lists every place that does.
//
// The zero Secret is empty. Secrets are compared with [Secret.Equal], not ==.
type Secret struct {
	// shown is what fmt finds when this struct sits in an unexported field,
	// where fmt may not call Format.
	shown string
	// value is a pointer to a string since fmt follows a pointer to a struct,
	// a slice or a map, but prints one to a string as an address.
	value *string
}

// NewSecret returns the Secret that holds text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{shown: Redacted, value: &text}
}

// MakeSecret returns a new Secret of 256 random bits, in URL-safe Base64 behind a
// prefix, by which people and programs that look for secrets know what they found.
func MakeSecret(prefix string) Secret {
	random := make([]byte, 32)
	rand.Read(random) // never fails
	return NewSecret(prefix + base64.RawURLEncoding.EncodeToString(random))
}

// Hash is what is kept of a Secret that was made by [MakeSecret]: SHA-256 in one
// round, since nobody tries 256 random bits through.
func (s Secret) Hash() [sha256.Size]byte { return sha256.Sum256([]byte(s.Reveal())) }

// Reveal returns the text. Give it only to the request or the seal it is for.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no text in it.
func (s Secret) IsZero() bool { return s.value == nil }

// Equal compares in a time that depends on the lengths only.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// Pair returns the id where the secret is the Base64 of ID:SECRET, as it stands
// in an Authorization header; otherwise "". People paste that one for the secret.
func (s Secret) Pair() string {
	bare := strings.TrimRight(s.Reveal(), "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		plain, err := encoding.DecodeString(bare)
		if err != nil || strings.ContainsFunc(string(plain), func(r rune) bool { return r <= ' ' || r > '~' }) {
			continue
		}
		if id, _, found := strings.Cut(string(plain), ":"); found {
			return id
		}
	}
	return ""
}

// String returns [Redacted], or "" for the zero Secret.
func (s Secret) String() string { return s.shown }

// GoString returns what %#v prints.
func (s Secret) GoString() string { return fmt.Sprintf("stagedoor.Secret{%s}", s.shown) }

// Format prints [Redacted] under every verb and flag.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		fmt.Fprint(f, s.GoString())
		return
	}
	fmt.Fprint(f, s.shown)
}

// MarshalText returns [Redacted]; JSON and YAML use it too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.shown), nil }

// GobEncode returns [Redacted].
func (s Secret) GobEncode() ([]byte, error) { return []byte(s.shown), nil }

// GobDecode refuses: a Secret that was encoded is gone, and a placeholder must
// not pass for one.
func (s *Secret) GobDecode([]byte) error {
	return &Error{Op: "decode", Subject: "a secret", Kind: KindInternal, Cause: "secrets are never encoded, so there is none to decode"}
}

// LogValue is what slog prints.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.shown) }
