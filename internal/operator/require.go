package operator

import (
	"context"
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
		shown, err := shownBy(r)
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
			if !shown.IsZero() {
				challenge += `, error="invalid_token"`
			}
			w.Header().Set("WWW-Authenticate", challenge)
			if reads(r) && strings.Contains(r.Header.Get("Accept"), "text/html") {
				w.Header().Add("WWW-Authenticate", `Basic realm="Stagedoor operators: any name, and the token as the password", charset="UTF-8"`)
			}
		case stagedoor.KindForbidden:
			w.Header().Set("WWW-Authenticate", `Bearer realm="stagedoor operators", error="insufficient_scope"`)
		}
		stagedoor.ProblemOf(err, 0).Write(w)
	})
}

// reads reports whether a request changes nothing.
func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// shownBy is the token that a request comes with. A browser, which can not send a
// Bearer header, shows it as the password of Basic (RFC 7617), and only to read:
// what a browser keeps it sends for any page that asks.
func shownBy(r *http.Request) (stagedoor.Secret, error) {
	if _, password, ok := r.BasicAuth(); ok && reads(r) && len(r.Header.Values("Authorization")) == 1 && strings.HasPrefix(password, Prefix) {
		return stagedoor.NewSecret(password), nil
	}
	return stagedoor.BearerOf(r)
}
