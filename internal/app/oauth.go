package app

import (
	"context"
	"net/http"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/caller"
	"github.com/stagedoor/stagedoor/internal/oauth"
	"github.com/stagedoor/stagedoor/internal/operator"
)

// tokenServer is the authorization server in front of a database's callers.
// issuer returns the public address that a request came to; record takes a line
// of the audit for each token that is asked for or revoked; tokenOnly is of
// [oauth.Options].
func tokenServer(callers *caller.Callers, operators *operator.Operators, issuer func(*http.Request) string, tokenOnly func(*http.Request) bool, record func(stagedoor.Event)) http.Handler {
	return oauth.New(oauth.Options{Callers: oauthCallers{callers}, Operators: operators, Issuer: issuer, TokenOnly: tokenOnly, Record: record})
}

// oauthCallers gives what a token says of itself its name in package oauth.
type oauthCallers struct{ *caller.Callers }

// Verify returns whose an access token is.
func (c oauthCallers) Verify(ctx context.Context, accessToken stagedoor.Secret) (stagedoor.Caller, oauth.Grant, error) {
	who, grant, err := c.Callers.Verify(ctx, accessToken)
	return who, oauth.Grant(grant), err
}
