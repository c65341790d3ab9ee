package app

import (
	"context"
	"net/url"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// Credential returns the credential by its slug; "" is the default one, and
// "env" the one of the ZOOM_ variables. A disabled one is refused.
func (a *App) Credential(ctx context.Context, slug string) (stagedoor.Credential, error) {
	if slug == "" {
		slug = stagedoor.DefaultSlug
	}
	if slug == stagedoor.EnvSlug {
		return fromEnvironment(a.env.Getenv)
	}
	v, err := a.Vault(ctx)
	if err != nil {
		return stagedoor.Credential{}, err
	}
	c, err := v.Credential(ctx, slug)
	if err != nil {
		return c, err
	}
	if c.Status == stagedoor.StatusDisabled {
		return c, &stagedoor.Error{
			Op: "use a credential", Subject: "credential " + c.Slug, Kind: stagedoor.KindDisabled,
			Cause: "it is switched off" + because(c.StatusReason),
			Fix:   "Switch it on with `stagedoor credential enable " + c.Slug + "`.",
		}
	}
	return c, nil
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// fromEnvironment reads the credential that is stored nowhere. The variables
// that hold the secret also say where it goes, so that a simulator named by
// ZOOM_TOKEN_URL or ZOOM_API_URL counts as allowed.
func fromEnvironment(getenv func(string) string) (stagedoor.Credential, error) {
	c := stagedoor.Credential{
		Slug: stagedoor.EnvSlug, Name: "from the environment", Provider: stagedoor.Zoom.Name,
		AccountID: getenv("ZOOM_ACCOUNT_ID"), ClientID: getenv("ZOOM_CLIENT_ID"),
		TokenURL: getenv("ZOOM_TOKEN_URL"), APIURL: getenv("ZOOM_API_URL"),
		Status: stagedoor.StatusUnverified,
	}
	var missing []string
	for _, name := range []string{"ZOOM_ACCOUNT_ID", "ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET"} {
		if getenv(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return c, &stagedoor.Error{
			Op: "use a credential", Subject: "credential env", Kind: stagedoor.KindUsage,
			Cause: "not set: " + strings.Join(missing, ", "),
			Fix:   "Set ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET (all three stand on the app's App Credentials page), or save a credential with `stagedoor credential add`.",
		}
	}
	c.ClientSecrets = []stagedoor.Secret{stagedoor.NewSecret(getenv("ZOOM_CLIENT_SECRET"))}
	plan, err := stagedoor.ParsePlan(getenv("ZOOM_PLAN"))
	if err != nil {
		return c, err
	}
	c.Plan = plan
	for _, address := range []string{c.TokenURL, c.APIURL} {
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			c.AllowHosts = append(c.AllowHosts, u.Host)
		}
	}
	return c, nil
}
