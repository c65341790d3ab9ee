package app

import (
	"net/url"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/egress"
	"github.com/stagedoor/stagedoor/internal/scope"
)

// CheckForm refuses addresses and hosts that can not be what they are meant to
// be, before they are saved. It never repeats an address: people paste secrets
// into the wrong field, and an address may hold a password.
func (a *App) CheckForm(c stagedoor.Credential) error {
	p, err := a.Provider(c.Provider)
	if err != nil {
		return err
	}
	for _, address := range []struct{ flag, text string }{{"--token-url", c.TokenURL}, {"--api-url", c.APIURL}} {
		if address.text == "" {
			continue
		}
		u, err := url.Parse(address.text)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "" {
			return &stagedoor.Error{
				Op: "save a credential", Subject: address.flag, Kind: stagedoor.KindUsage,
				Cause: "it is not an absolute https address without user name, password and fragment",
				Fix:   "Give it like https://example.com/path.",
			}
		}
	}
	if u, err := url.Parse(c.ValidationURL); err != nil || u.User != nil || u.Fragment != "" {
		return &stagedoor.Error{
			Op: "save a credential", Subject: "--validation-url", Kind: stagedoor.KindUsage,
			Cause: "it is neither a path nor an address without user name and password", Fix: "Give it like /users/me.",
		}
	}
	if len(c.Purposes) > 0 {
		if err := a.KnowsScopes(c); err != nil {
			return err
		}
		if _, err := scope.ParsePurposes(c.Purposes); err != nil {
			return err
		}
	}
	_, err = egress.New(egress.Options{Hosts: p.Hosts, Allow: c.AllowHosts, CAFile: a.settings.CAFile})
	return err
}
