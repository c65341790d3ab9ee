package gateway

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// reads refuses all methods that are not for reading.
func (x *exchange) reads() *refusal {
	if x.r.Method == http.MethodGet || x.r.Method == http.MethodHead {
		return nil
	}
	return refuse(http.StatusMethodNotAllowed, stagedoor.KindUsage, "this can only be read", "Use GET.").with("Allow", "GET, HEAD")
}

// document serves the OpenAPI document of what the caller may call.
func (x *exchange) document(t target) *refusal {
	x.action = "GET openapi.json"
	if refused := x.reads(); refused != nil {
		return refused
	}
	if x.Document == nil {
		return nothing()
	}
	server := Prefix + x.caller.Credential
	if x.PublicURL != nil {
		server = strings.TrimSuffix(x.PublicURL(x.r), "/") + server
	}
	text, err := x.Document(x.r.Context(), x.caller, server)
	if err != nil {
		return failed(err)
	}
	x.reply(text)
	return nil
}

// token hands out the provider's token itself, to those who may have it.
func (x *exchange) token(t target) *refusal {
	x.action = "token.hand-out" // as of commands, so that one look finds all
	if refused := x.reads(); refused != nil {
		return refused
	}
	if !x.caller.AllowToken {
		return refuse(http.StatusForbidden, stagedoor.KindForbidden, "this caller may not have the provider's token itself", "Send requests through the gateway. A caller that must have the token is made with --allow-token.")
	}
	minTTL := time.Duration(-1) // as long as is usual
	query, err := url.ParseQuery(t.query)
	if err == nil && query.Has("min_ttl") {
		minTTL, err = time.ParseDuration(query.Get("min_ttl"))
	}
	if err != nil || (query.Has("min_ttl") && minTTL < 0) {
		return refuse(http.StatusBadRequest, stagedoor.KindUsage, "min_ttl is not a duration", "Write it like min_ttl=5m.")
	}
	if refused := x.open(); refused != nil {
		return refused
	}
	text, err := x.conn.Token(x.r.Context(), minTTL)
	switch {
	case err != nil && x.gone.Err() == nil && stagedoor.KindOf(err) == stagedoor.KindUsage:
		return judged(err)
	case err != nil:
		return x.wrong(err)
	}
	x.reply(text)
	return nil
}

func (x *exchange) reply(document []byte) {
	h := x.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(document)))
	h.Set("Cache-Control", "no-store")
	x.w.WriteHeader(http.StatusOK)
	_, _ = x.w.Write(document) // a caller who left reads nothing
}
