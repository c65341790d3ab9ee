package token

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"unicode"

	"github.com/stagedoor/stagedoor"
)

// explained completes an error of the grant.
func (g *grant) explained(e stagedoor.Error) *stagedoor.Error {
	e.Op, e.Subject = "mint a token", subject(g.credential)
	return &e
}

// refused explains an answer that holds no token.
func (g *grant) refused(a answer, secret stagedoor.Secret) *stagedoor.Error {
	reason := g.withoutSecrets(a.reason)
	word, code := g.withoutSecrets(a.word), g.withoutSecrets(a.code)
	known, ok := g.provider.Explain(stagedoor.Answer{
		At: stagedoor.AtToken, Status: a.status, Code: code, Error: word, Message: reason,
	})
	// A rule that says "refused" does not apply to an answer that says "later".
	if !ok || !a.saysWhy() || a.later() && !known.Kind.Row().Retry {
		known = g.unknown(a, word, reason)
	}
	known.Tracking = a.tracking
	if wall, _ := g.now(); known.Kind.Row().Retry {
		if pause := after(a.retryAfter, wall); pause > 0 {
			known.RetryAt = wall.Add(pause).Round(0).UTC()
		}
	}
	return g.explained(g.formOf(*known, secret))
}

// saysWhy reports whether the answer is an error that a rule may explain: not
// one that claims success, and not a page of somebody in between.
func (a answer) saysWhy() bool {
	if a.status >= 200 && a.status <= 299 {
		return a.failed
	}
	return a.later() || a.status >= 400 && (a.json || a.empty)
}

// later reports whether the status means that the same request may work soon.
func (a answer) later() bool {
	return a.status >= 500 || a.status == 429 || a.status == 408 || a.status == 425
}

// unknown explains an answer for which the provider has no rule.
func (g *grant) unknown(a answer, word, reason string) *stagedoor.Error {
	e := &stagedoor.Error{Status: a.status, Code: word, Detail: reason}
	status := "HTTP status " + strconv.Itoa(a.status)
	said := status
	switch {
	case word != "" && reason != "":
		said += ", " + word + ": " + reason
	case word+reason != "":
		said += ", " + word + reason
	}
	ok := a.status >= 200 && a.status <= 299
	check := "Check that the token URL is the provider's token endpoint, and that no proxy answers in its place."
	switch {
	case a.status == 429:
		e.Kind, e.Cause = stagedoor.KindRateLimited, "the token endpoint asks to slow down ("+said+"), so it could not be told whether the credential is good"
		e.Fix = "Try again later; nothing is known to be wrong with the credential."
	case a.later():
		e.Kind, e.Cause = stagedoor.KindUnavailable, "the token endpoint has a problem of its own ("+said+"), so it could not be told whether the credential is good"
		e.Fix = "Try again later; nothing is known to be wrong with the credential."
	case a.large:
		e.Kind, e.Cause, e.Fix = stagedoor.KindBadAnswer, "the token endpoint answered with more than 1 MiB ("+status+")", check
	case ok && a.failed, !ok && a.status >= 400 && (a.json || a.empty):
		e.Kind, e.Cause = stagedoor.KindTokenRefused, "the token endpoint refused ("+said+")"
		e.Fix = "Compare account id, client id and client secret with the app's page at the provider, and see that the app is active."
	case a.status >= 300 && a.status <= 399:
		e.Kind, e.Cause, e.Fix = stagedoor.KindBadAnswer, "the token endpoint sent us elsewhere ("+status+"), which is not followed since the secret would go there too", check
	case !a.json:
		e.Kind, e.Cause, e.Fix = stagedoor.KindBadAnswer, "the token endpoint's answer is not a JSON object ("+status+")", check
	case ok && a.dead:
		e.Kind, e.Cause = stagedoor.KindBadAnswer, "the token endpoint granted a token and said that it has expired already ("+status+")"
		e.Fix = "Try again; if it stays so, tell the provider that expires_in is not positive."
	case ok && !a.bearer:
		e.Kind, e.Cause = stagedoor.KindBadAnswer, "the token endpoint granted a token of the type "+strconv.Quote(stagedoor.Outside(a.kind, 40))+", which is not bearer, and no client may use a type that it does not understand ("+status+")"
		e.Fix = "If the service means a bearer token by that word, name it in the provider file: response.bearer_types."
	case ok && a.token != "":
		e.Kind, e.Cause, e.Fix = stagedoor.KindBadAnswer, "the token endpoint's token holds characters that no token may have ("+status+")", check
	case ok:
		e.Kind, e.Cause, e.Fix = stagedoor.KindBadAnswer, "the token endpoint's answer holds no token ("+status+")", check
		if names := g.provider.Response.AccessToken; len(names) > 0 && names[0] != "access_token" {
			e.Fix += " The provider file looks for the token in " + strings.Join(names, ", ") + "."
		}
	default:
		e.Kind, e.Cause, e.Fix = stagedoor.KindBadAnswer, "the token endpoint did not answer the request ("+status+")", check
	}
	return e
}

// refusedClient reports whether the endpoint did not take id and secret.
func refusedClient(k stagedoor.Kind) bool {
	switch k {
	case stagedoor.KindInvalidClient, stagedoor.KindSecretBlanks, stagedoor.KindSecretEncoded:
		return true
	}
	return false
}

// formOf gives a refusal its more exact kind where the form of what was sent
// explains it. It runs after a refusal only: a provider may use any form.
func (g *grant) formOf(e stagedoor.Error, secret stagedoor.Secret) stagedoor.Error {
	c := g.credential
	vague := e.Kind == stagedoor.KindTokenRefused
	setSecret := ", then run `" + strings.TrimSpace("stagedoor credential set-secret "+c.Slug) + "`."
	more := func(kind stagedoor.Kind, cause, fix string) stagedoor.Error {
		e.Kind, e.Cause, e.Fix = kind, cause, fix
		return e
	}
	if vague || e.Kind == stagedoor.KindInvalidClient {
		if where := blanks(secret.Reveal()); where != "" {
			return more(stagedoor.KindSecretBlanks, "the client secret has a blank "+where, "Copy the client secret again, without blanks and line breaks"+setSecret)
		}
		if where := blanks(c.ClientID); where != "" {
			return more(stagedoor.KindSecretBlanks, "the client id has a blank "+where, "Copy the client id again, without blanks and line breaks, then run `stagedoor credential edit NAME --client-id ID`.")
		}
		if secret.Pair() != "" {
			return more(stagedoor.KindSecretEncoded, "the client secret is the Base64 of an id and a secret, as it stands in an Authorization header", "Copy the client secret itself from the app's page"+setSecret)
		}
	}
	if (vague || e.Kind == stagedoor.KindAccountUnknown) && g.sendsAccount() {
		switch {
		case c.AccountID == "":
			return more(stagedoor.KindAccountUnknown, "the account id is missing", "Add the account id, as the app's page shows it.")
		case malformed(c.AccountID):
			return more(stagedoor.KindAccountMalformed, "the account id holds more than the id", "Give only the id, as the app's page App Credentials shows it (22 characters or so): no e-mail address, no URL, no parameter, no blank; then run `stagedoor credential edit NAME --account-id ID`.")
		}
	}
	return e
}

func (g *grant) sendsAccount() bool {
	for _, value := range g.provider.Token.Params {
		if strings.Contains(value, "{account_id}") {
			return true
		}
	}
	return false
}

// blanks says where text has a blank: a space, a line break, or one of the
// invisible characters that come along when text is copied from a page.
func blanks(text string) string {
	blank := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
	switch {
	case text == "":
		return ""
	case strings.TrimLeftFunc(text, blank) != text:
		return "at its beginning"
	case strings.TrimRightFunc(text, blank) != text:
		return "at its end"
	case strings.ContainsFunc(text, blank):
		return "inside"
	}
	return ""
}

// malformed reports whether an account id holds what no id has: part of a URL,
// an e-mail address, a blank.
func malformed(id string) bool {
	return strings.ContainsAny(id, "?&=/@:") || blanks(id) != ""
}

// withoutSecrets cleans what the endpoint wrote: it may repeat what was sent.
func (g *grant) withoutSecrets(said string) string {
	for _, secret := range g.credential.ClientSecrets {
		plain := secret.Reveal()
		for _, form := range []string{
			plain, strings.TrimSpace(plain), url.QueryEscape(plain),
			base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(g.credential.ClientID) + ":" + url.QueryEscape(plain))),
		} {
			if form != "" {
				said = strings.ReplaceAll(said, form, stagedoor.Redacted)
			}
		}
	}
	return stagedoor.Outside(said, 200)
}

// unreached explains why no answer came. err may be anything that a
// RoundTripper returned, so its text is shown only for kinds that are known to
// hold addresses and system messages alone.
func (g *grant) unreached(ctx context.Context, err error) *stagedoor.Error {
	if own, ok := errors.AsType[*stagedoor.Error](err); ok {
		return g.explained(*own)
	}
	e := stagedoor.Error{
		Kind: stagedoor.KindNetwork,
		Fix:  "Check the network, the proxy settings and the token URL; nothing is known to be wrong with the credential.",
	}
	host := "the token endpoint"
	if u, err := url.Parse(g.tokenURL); err == nil {
		host = u.Host
	}
	name, byName := errors.AsType[*net.DNSError](err)
	timeout, byTime := errors.AsType[net.Error](err)
	_, byTrust := errors.AsType[*tls.CertificateVerificationError](err)
	system, bySystem := errors.AsType[syscall.Errno](err)
	switch {
	case byName:
		e.Cause = "the name " + stagedoor.Outside(name.Name, 100) + " was not found"
	case byTrust:
		e.Cause = "the certificate of " + host + " is not trusted"
		e.Fix = "If a proxy of yours signs it, give its certificate with --ca-file."
	case ctx.Err() != nil || byTime && timeout.Timeout():
		e.Cause = host + " did not answer in time"
		e.Err = context.DeadlineExceeded
	case bySystem:
		e.Cause = host + " was not reached: " + system.Error()
		e.Err = system
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		e.Cause = host + " closed the connection before its answer was complete"
	default:
		e.Cause = host + " was not reached"
	}
	return g.explained(e)
}
