package cli

import (
	"time"

	"github.com/stagedoor/stagedoor"
)

// howToRenew is where a new client secret comes from. Zoom has one at a time:
// rotating it ends minting with the former one at once (invalid_client), while
// tokens that live go on for their hour.
const howToRenew = "Regenerate makes the former secret useless at once, so have this command ready: marketplace.zoom.us → Develop → the app → App Credentials → Client Secret → Regenerate, copy it, paste it here."

// shownCredential is a credential in a JSON document, with what is worked out
// from the clock.
type shownCredential struct {
	stagedoor.Credential
	SecretAgeDays int  `json:"secret_age_days"`
	SecretDue     bool `json:"secret_due"` // old enough for a new one
}

func shown(c stagedoor.Credential) shownCredential {
	return shownCredential{Credential: c, SecretAgeDays: secretDays(c), SecretDue: c.SecretDue(time.Now())}
}

func secretDays(c stagedoor.Credential) int {
	if c.SecretSetAt.IsZero() {
		return 0
	}
	return max(int(time.Since(c.SecretSetAt)/(24*time.Hour)), 0)
}

// secretAsks reports whether the client secret asks for somebody's attention.
func secretAsks(c stagedoor.Credential) bool { return c.SecretUnproven || c.SecretDue(time.Now()) }

// secretNote says in a few words how it stands with the client secret.
func secretNote(c stagedoor.Credential) string {
	switch {
	case c.SecretSetAt.IsZero():
		return "none"
	case c.SecretUnproven:
		return "two: the new one has not worked yet"
	case c.SecretDue(time.Now()):
		return count(secretDays(c), "day") + " old: renew it"
	}
	return count(secretDays(c), "day") + " old"
}

// remind tells a person who looks that the secret is old: in one line, at the
// end, and never where another program reads.
func (s *session) remind(c stagedoor.Credential) {
	if !s.outTTY || !s.errTTY || c.ID == "" || !c.SecretDue(time.Now()) {
		return
	}
	s.para("%s", amber.Render("The client secret is "+count(secretDays(c), "day")+" old. `stagedoor credential set-secret"+argument(c)+"` puts a new one in place, and says how to get it."))
}
