package stagedoor

import (
	"net"
	"net/http"
	"strings"
)

// BearerOf returns the token that a request to Stagedoor shows in its
// Authorization header, the only place where one counts: addresses land in logs.
// It is zero where none came. More than one header is [KindUsage].
// Source: RFC 6750 section 2.1, read 2026-11.
func BearerOf(r *http.Request) (Secret, error) {
	values := r.Header.Values("Authorization")
	switch len(values) {
	case 0:
		return Secret{}, nil
	case 1:
	default:
		return Secret{}, &Error{Op: "let a request in", Kind: KindUsage, Cause: "there is more than one Authorization header", Fix: "Send one."}
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Secret{}, nil
	}
	return NewSecret(token), nil
}

// AddressOf is where a request to Stagedoor comes from, without the port. Behind a
// proxy, the door has put there what the proxy says.
func AddressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
