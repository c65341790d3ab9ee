package operator

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// whoKey is where [Operators.Require] leaves whom it let through.
type whoKey struct{}

// Who returns the token with which a request came in; false where no guard let
// it through.
func Who(ctx context.Context) (stagedoor.OperatorToken, bool) {
	t, ok := ctx.Value(whoKey{}).(stagedoor.OperatorToken)
	return t, ok
}

// Require lets through to next who shows the token of an operator that may do
// what role may. Everybody else gets a problem document: 401 with a challenge
// (RFC 6750 section 3, read 2026-11) for a token that is missing or does not
// count, 403 for a role that is too small.
func (o *Operators) Require(role stagedoor.Role, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown, sent, err := bearer(r)
		if err == nil {
			var t stagedoor.OperatorToken
			if t, err = o.Verify(r.Context(), shown); err == nil {
				if t.Role.Includes(role) {
					next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), whoKey{}, t)))
					return
				}
				err = &stagedoor.Error{
					Op: "let an operator in", Subject: "operator token " + t.Name, Kind: stagedoor.KindForbidden,
					Cause: "its role is " + string(t.Role) + ", and this needs " + string(role),
					Fix:   "Make a token with `stagedoor operator token NAME --role " + string(role) + "`.",
				}
			}
		}
		switch stagedoor.KindOf(err) {
		case stagedoor.KindUnauthenticated:
			challenge := `Bearer realm="stagedoor operators"`
			if sent {
				challenge += `, error="invalid_token"`
			}
			w.Header().Set("WWW-Authenticate", challenge)
			if reads(r) && strings.Contains(r.Header.Get("Accept"), "text/html") {
				w.Header().Add("WWW-Authenticate", `Basic realm="Stagedoor operators: any name, and the token as the password", charset="UTF-8"`)
			}
		case stagedoor.KindForbidden:
			w.Header().Set("WWW-Authenticate", `Bearer realm="stagedoor operators", error="insufficient_scope"`)
		}
		problem(w, err)
	})
}

// reads reports whether a request changes nothing.
func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// bearer is the token of a request's Authorization header; sent is false where
// none came with it. A token in the URL counts as none: URLs land in logs. A
// browser, which can not send a Bearer header, shows it as the password of Basic
// (RFC 7617), and only to read: what it keeps it sends for any page that asks.
func bearer(r *http.Request) (token stagedoor.Secret, sent bool, err error) {
	values := r.Header.Values("Authorization")
	if len(values) > 1 {
		return token, true, &stagedoor.Error{
			Op: "let an operator in", Kind: stagedoor.KindUsage,
			Cause: "the request has more than one Authorization header", Fix: "Send one.",
		}
	}
	if len(values) == 0 {
		return token, false, nil
	}
	if _, password, ok := r.BasicAuth(); ok && reads(r) && strings.HasPrefix(password, Prefix) {
		return stagedoor.NewSecret(password), true, nil
	}
	scheme, value, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return token, false, nil
	}
	return stagedoor.NewSecret(strings.TrimSpace(value)), true, nil
}

// problem writes an error as a problem document.
// Source: RFC 9457 section 3, read 2026-11.
func problem(w http.ResponseWriter, err error) {
	status := stagedoor.KindOf(err).Row().HTTP
	document := struct {
		Type   string         `json:"type"`
		Title  string         `json:"title"`
		Status int            `json:"status"`
		Detail string         `json:"detail,omitempty"`
		Kind   stagedoor.Kind `json:"kind"`
		Fix    string         `json:"fix,omitempty"`
	}{Type: "about:blank", Title: http.StatusText(status), Status: status, Kind: stagedoor.KindOf(err)}
	if e, ok := errors.AsType[*stagedoor.Error](err); ok {
		document.Detail, document.Fix = e.Cause, e.Fix
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document) // whoever asked has gone
}
