package app

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"path/filepath"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/egress"
	"github.com/stagedoor/stagedoor/internal/provider"
	"github.com/stagedoor/stagedoor/internal/provider/providertest"
	"github.com/stagedoor/stagedoor/token"
)

// Provider returns the provider by name: one that comes with Stagedoor, or one
// of the user's files. Only that one's file is read, once.
func (a *App) Provider(name string) (stagedoor.Provider, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p, ok := a.providers[name]; ok {
		return p, nil
	}
	e, err := a.Providers().Find(name)
	if err != nil {
		return stagedoor.Provider{}, err
	}
	if a.providers == nil {
		a.providers = map[string]stagedoor.Provider{}
	}
	a.providers[name] = e.Provider
	return e.Provider, nil
}

// Providers is where the user's provider files are.
func (a *App) Providers() provider.Folder { return ProvidersOf(a.settings) }

// ProvidersOf is the same without an open database: providers, below the home.
func ProvidersOf(settings Settings) provider.Folder {
	if settings.NoHome != nil {
		return "" // which holds none
	}
	path := filepath.Join(settings.Home, "providers")
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return provider.Folder(path)
}

// TokenRequest writes the request for a token that a provider's credentials
// make, as it goes over the wire, with names in place of the credential's own
// values. It comes from the code that makes the real one; nothing is sent.
func (a *App) TokenRequest(ctx context.Context, p stagedoor.Provider) (string, error) {
	c := stagedoor.Credential{
		Slug: p.Name, Provider: p.Name, AccountID: "ACCOUNT_ID", ClientID: "CLIENT_ID",
		ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret("CLIENT_SECRET")},
	}
	if p.TokenURL == "" { // the credential names it
		c.TokenURL, c.AllowHosts = "https://TOKEN_HOST/TOKEN_PATH", []string{"TOKEN_HOST"}
	}
	var written string
	_, err := mint(ctx, p, c, catcher(func(req *http.Request, body []byte) { written = providertest.Show(req, body) }))
	if written == "" {
		return "", err
	}
	return written, nil
}

// TryProvider judges a provider at a token endpoint of its own on this machine.
// No credential of anybody's is used.
func (a *App) TryProvider(ctx context.Context, p stagedoor.Provider) (providertest.Report, error) {
	return providertest.Run(ctx, p, func(ctx context.Context, p stagedoor.Provider, c stagedoor.Credential) (stagedoor.Token, error) {
		out, err := egress.New(egress.Options{Hosts: p.Hosts, Allow: c.AllowHosts, CAFile: a.settings.CAFile})
		if err != nil {
			return stagedoor.Token{}, err
		}
		return mint(ctx, p, c, out)
	})
}

func mint(ctx context.Context, p stagedoor.Provider, c stagedoor.Credential, way http.RoundTripper) (stagedoor.Token, error) {
	source, err := token.NewSource(ctx, token.Config{Provider: p, Credential: c, HTTP: way, NoRenewAhead: true})
	if err != nil {
		return stagedoor.Token{}, err
	}
	defer source.Close()
	return source.Mint(ctx)
}

// catcher is a RoundTripper that sends nothing: it hands the request on and
// answers with an empty object.
type catcher func(req *http.Request, body []byte)

func (c catcher) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body.Close()
	}
	c(req, body)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte("{}"))), Request: req,
	}, nil
}
