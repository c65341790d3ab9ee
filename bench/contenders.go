package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"cloud.google.com/go/auth"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/token"
)

// endpoint is a real token endpoint on a port that takes 200 ms to answer.
type endpoint struct {
	*httptest.Server
	lifetime time.Duration
	minted   atomic.Int64
	asked    atomic.Int64
	down     atomic.Bool  // answers 503
	failing  atomic.Int64 // how many of the next requests get a 503
}

const latency = 200 * time.Millisecond

func newEndpoint(lifetime time.Duration) *endpoint {
	e := &endpoint{lifetime: lifetime}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		e.asked.Add(1)
		down := e.down.Load()
		if e.failing.Load() > 0 && e.failing.Add(-1) >= 0 {
			down = true
		}
		time.Sleep(latency)
		w.Header().Set("Content-Type", "application/json")
		if down {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"reason":"down"}`)
			return
		}
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"bearer","expires_in":%d}`, e.minted.Add(1), int(e.lifetime.Seconds()))
	}))
	return e
}

// contender reads tokens; value is what a request would carry.
type contender struct {
	name  string
	value func() (string, error)
	close func()
}

// contenders are the same credential at the same endpoint, each renewed margin
// ahead of expiry.
func contenders(e *endpoint, margin time.Duration) ([]contender, error) {
	ours, err := ourSource(e, margin)
	if err != nil {
		return nil, err
	}
	config := clientcredentials.Config{
		ClientID: "id", ClientSecret: "secret", TokenURL: e.URL, AuthStyle: oauth2.AuthStyleInHeader,
		EndpointParams: url.Values{"grant_type": {"account_credentials"}},
	}
	asked := mint(func() (*oauth2.Token, error) { return config.Token(context.Background()) })
	reuse := oauth2.ReuseTokenSourceWithExpiry(nil, asked, margin)
	google := auth.NewCachedTokenProvider(googleMint{asked}, &auth.CachedTokenProviderOptions{ExpireEarly: margin})
	return []contender{
		{"stagedoor `token.Source`", func() (string, error) { return access(ours.Token()) }, ours.Close},
		{"`cloud.google.com/go/auth`, async", func() (string, error) {
			t, err := google.Token(context.Background())
			if err != nil {
				return "", err
			}
			return t.Value, nil
		}, func() {}},
		{"`oauth2.ReuseTokenSource`", func() (string, error) { return access(reuse.Token()) }, func() {}},
	}, nil
}

func access(t *oauth2.Token, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return t.AccessToken, nil
}

func ourSource(e *endpoint, margin time.Duration) (*token.Source, error) {
	provider := stagedoor.Zoom
	return token.NewSource(context.Background(), token.Config{
		Provider: provider, Margin: margin,
		Credential: stagedoor.Credential{
			AccountID: "account", ClientID: "id", ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret("secret")},
			TokenURL: e.URL, AllowHosts: []string{strings.TrimPrefix(e.URL, "http://")},
		},
	})
}

// mint asks the endpoint for a token, for both libraries.
type mint func() (*oauth2.Token, error)

func (m mint) Token() (*oauth2.Token, error) { return m() }

// google's provider takes a context and has a token type of its own.
var _ auth.TokenProvider = googleMint{}

type googleMint struct{ mint }

func (m googleMint) Token(context.Context) (*auth.Token, error) {
	t, err := m.mint()
	if err != nil {
		return nil, err
	}
	return &auth.Token{Value: t.AccessToken, Type: t.TokenType, Expiry: t.Expiry}, nil
}
