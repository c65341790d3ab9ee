package doctor

import (
	"time"

	"github.com/stagedoor/stagedoor"
)

// form looks at the values themselves. Zoom documents no form for them, so what
// looks wrong is a warning: whether it is, Zoom says below.
func (s *Sheet) form(c stagedoor.Credential, p stagedoor.Provider, secret stagedoor.Secret) {
	where := "Copy it again from the app's page: marketplace.zoom.us → Develop → the app → App Credentials"
	if p.Name != stagedoor.Zoom.Name {
		where = "Copy it again from the service's page for your app"
	}
	v := Values{Zoom: p.BuiltOn() == stagedoor.Zoom.Name, AccountID: c.AccountID, ClientID: c.ClientID, Secret: secret}
	said := false
	for _, value := range []struct {
		name, change string
		odd          Oddity
	}{
		{"account id", "credential edit NAME --account-id ID", v.OfAccountID()},
		{"client id", "credential edit NAME --client-id ID", v.OfClientID()},
		{"client secret", "credential set-secret NAME", v.OfSecret()},
	} {
		if value.odd.Is == "" || value.name == "account id" && c.AccountID == "" && !p.RequiredField("account_id") {
			continue
		}
		said = true
		s.warn("ids", value.odd.Kind, "the "+value.name+" "+value.odd.Is, value.odd.Instead+" "+where+"; then `stagedoor "+value.change+"`.")
	}
	if !said {
		s.ok("ids", "account id, client id and client secret look as they should")
	}
}

// secretAges is after how long a secret is to be replaced.
const secretAges = 90 * 24 * time.Hour

func (s *Sheet) secretAge(c stagedoor.Credential, p stagedoor.Provider, now time.Time) {
	if c.SecretSetAt.IsZero() {
		s.skip("it is not saved, so its age is not known", "secret-age")
		return
	}
	age := now.Sub(c.SecretSetAt)
	days := int(age / (24 * time.Hour))
	if age <= secretAges {
		s.ok("secret-age", "the client secret was set %s ago", several(days, "day"))
		return
	}
	fix := "Make a new secret on the service's page for your app, then run `stagedoor credential set-secret NAME`."
	if p.BuiltOn() == stagedoor.Zoom.Name {
		fix = "On marketplace.zoom.us → Develop → the app → App Credentials choose Regenerate, and run `stagedoor credential set-secret NAME` right then: Zoom ends the former secret at once (tokens go on until their hour is over)."
	}
	s.warn("secret-age", "", "the client secret was set "+several(days, "day")+" ago; 90 is a usual limit", fix)
}
