package caller

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/stagedoor/stagedoor"
)

const (
	mostKeys    = 8    // as many as one assertion is tried with
	shortestRSA = 2048 // bits; RFC 7518 section 3.3, read 2026-11-24
)

// ParseKeys reads a JSON Web Key Set (RFC 7517), or a single key, of the public
// keys with which a caller signs its assertions, and returns it as a caller keeps
// it. A key that could not be used, or that must not be here since it is private,
// is [stagedoor.KindUsage]; no error repeats any of it.
func ParseKeys(document []byte) (string, error) {
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
		Kty  string            `json:"kty"`
	}
	if err := json.Unmarshal(document, &raw); err != nil {
		cause := "it is not JSON, or no object"
		if strings.Contains(string(document), "-----BEGIN") {
			cause = "it is a PEM file, and the keys are wanted as a JSON Web Key Set"
		}
		return "", wrongKeys(cause)
	}
	if raw.Keys == nil && raw.Kty != "" {
		raw.Keys = []json.RawMessage{document}
	}
	switch {
	case len(raw.Keys) == 0:
		return "", wrongKeys("there is no key in it")
	case len(raw.Keys) > mostKeys:
		return "", wrongKeys(fmt.Sprintf("there are %d keys in it, and a caller may have %d", len(raw.Keys), mostKeys))
	}
	var set jose.JSONWebKeySet
	named := map[string]bool{}
	for i, each := range raw.Keys {
		key, why := parseKey(each)
		if why == "" && key.KeyID != "" && named[key.KeyID] {
			why = "has the kid of another one before it"
		}
		if why != "" {
			return "", wrongKeys(fmt.Sprintf("key %d %s", i+1, why))
		}
		named[key.KeyID] = true
		set.Keys = append(set.Keys, key)
	}
	text, err := json.Marshal(set)
	if err != nil {
		return "", wrongKeys("it can not be written down")
	}
	return string(text), nil
}

// parseKey says in why what is wrong with a key.
func parseKey(document []byte) (key jose.JSONWebKey, why string) {
	// What only a private or a shared key has is looked for first, also in a key
	// that would be refused for another reason: whoever sees it knows that it got
	// out. Source: RFC 7518 section 6, read 2026-11-24.
	var members map[string]json.RawMessage
	if json.Unmarshal(document, &members) != nil {
		return key, "is no JSON object"
	}
	var kty string
	_ = json.Unmarshal(members["kty"], &kty) // another type is none that is known
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if members[name] == nil {
			continue
		}
		if kty == "oct" {
			return key, "is a shared secret (kty oct); only public keys belong here"
		}
		return key, "is a private key (it has the member " + name + "); only its public half belongs here"
	}
	if err := json.Unmarshal(document, &key); err != nil {
		return key, "can not be read: it is none of RSA, EC (P-256, P-384, P-521) and OKP (Ed25519), or a member of it is missing or damaged"
	}
	var algorithms []string
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() < shortestRSA {
			return key, fmt.Sprintf("is an RSA key of %d bits, and %d are the least", public.N.BitLen(), shortestRSA)
		}
		algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case *ecdsa.PublicKey:
		algorithms = []string{map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[public.Curve.Params().BitSize]}
	case ed25519.PublicKey:
		algorithms = []string{"EdDSA"}
	}
	switch {
	case len(algorithms) == 0 || !key.IsPublic() || !key.Valid():
		return key, "is no public key that signatures can be proven with"
	case key.Use != "" && key.Use != "sig":
		return key, "is for encryption (use " + stagedoor.Outside(key.Use, 20) + "), not for signatures"
	case key.Algorithm != "" && !strings.Contains(" "+strings.Join(algorithms, " ")+" ", " "+key.Algorithm+" "):
		return key, "is for the algorithm " + stagedoor.Outside(key.Algorithm, 20) + "; a key of its kind signs with " + strings.Join(algorithms, ", ")
	}
	// The certificates of a key say nothing here.
	return jose.JSONWebKey{Key: key.Key, KeyID: key.KeyID, Algorithm: key.Algorithm, Use: key.Use}, ""
}

func wrongKeys(cause string) error {
	return &stagedoor.Error{
		Op: "read the public keys", Subject: "the JSON Web Key Set", Kind: stagedoor.KindUsage, Cause: cause,
		Fix: `Give a file like {"keys": [{"kty": "EC", "crv": "P-256", "x": "…", "y": "…", "kid": "2026-11"}]} (RFC 7517), with public keys alone.`,
	}
}
