package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Prover makes the two requests of a check; neither uses a token that was there
// before.
type Prover interface {
	// Mint asks the token endpoint for a new token.
	Mint(ctx context.Context) (stagedoor.Token, error)
	// Call makes a GET request with the token that was minted and returns the
	// answer's body.
	Call(ctx context.Context, url string) ([]byte, error)
	// Fitting returns a URL of the API that the scopes permit to call, or "".
	Fitting(scopes []string) string
	// Lacks returns which scopes are missing among those held for the purposes,
	// and what is odd about the names of those held.
	Lacks(purposes, held []string) (missing, hints []string, err error)
}

// Check proves a credential: it mints a token, past every cache, and calls the
// validation URL with it. The error is nil where the credential is good, also
// where the validation URL lies outside its scopes, which the proof then says
// with one that fits. A [Prover] that is a [stagedoor.Watcher] too is told how far
// the check is.
func Check(ctx context.Context, c stagedoor.Credential, validation string, p Prover, now time.Time) (stagedoor.Proof, error) {
	check := checking{Proof: stagedoor.Proof{Credential: c.Slug, CheckedAt: now.UTC(), Scopes: []string{}}}
	check.watcher, _ = p.(stagedoor.Watcher)
	err := check.run(ctx, c, validation, p)
	return check.Proof, err
}

// checking is a check that runs, and what it found so far.
type checking struct {
	stagedoor.Proof
	watcher stagedoor.Watcher // nil: nobody
}

func (p *checking) run(ctx context.Context, c stagedoor.Credential, validation string, by Prover) error {
	p.asking("asking for a token")
	token, err := by.Mint(ctx)
	if err != nil {
		p.fail("token", err)
		return err
	}
	p.Scopes, p.ExpiresAt = token.Scopes, token.Expiry
	lifetime := token.Expiry.Sub(token.Minted).Round(time.Second)
	p.ok("token", fmt.Sprintf("minted; it lasts %s and holds %s", short(lifetime), scopes(len(token.Scopes))))
	p.compare(c, by, token.Scopes)
	if validation == "" {
		p.Verified = true
		return nil
	}

	p.asking("calling GET " + validation)
	body, err := by.Call(ctx, validation)
	if stagedoor.KindOf(err) == stagedoor.KindScopeMissing {
		p.Verified = true
		notice := stagedoor.NoticeOf(err)
		says := fmt.Sprintf("GET %s is outside the app's scopes, which does not make the credential bad: the token itself is good", validation)
		if better := by.Fitting(token.Scopes); better != "" {
			notice.Fix = fmt.Sprintf("Use a validation URL that the scopes cover: `stagedoor credential edit %s --validation-url %s`.", c.Slug, better)
			says += "; " + better + " is inside them"
			p.Fitting = better
		}
		p.add(stagedoor.Step{Name: "call", Result: "warn", Says: says, Notice: &notice})
		return nil
	}
	if err != nil {
		p.fail("call", err)
		return err
	}
	var profile struct {
		AccountID string          `json:"account_id"`
		Email     string          `json:"email"`
		Code      json.RawMessage `json:"code"`
	}
	// A sign-in page or an error that says 200 proves nothing. What else is in
	// the object depends on the call.
	if json.Unmarshal(body, &profile) != nil || string(bytes.TrimSpace(body)) == "null" || profile.Code != nil {
		err := &stagedoor.Error{
			Op: "check the credential", Subject: "credential " + c.Slug, Kind: stagedoor.KindBadAnswer,
			Cause: "the token is good, but GET " + validation + " did not answer with a JSON object of the API",
			Fix:   "Look at the credential's API URL and validation URL, and whether a proxy or a sign-in page stands between.",
		}
		p.fail("call", err)
		return err
	}
	p.AccountID, p.Owner, p.Verified = profile.AccountID, profile.Email, true
	says := "GET " + validation + " answered"
	if profile.Email != "" {
		says += "; the app acts for " + profile.Email
	}
	p.ok("call", says)
	switch {
	case profile.AccountID == "":
	case profile.AccountID == c.AccountID:
		p.ok("account", "the account id is the one that Zoom names")
	default:
		p.add(stagedoor.Step{Name: "account", Result: "warn", Says: "Zoom names another account id than the credential: " + profile.AccountID})
	}
	return nil
}

func (p *checking) ok(name, says string) {
	p.add(stagedoor.Step{Name: name, Result: "ok", Says: says})
}

func (p *checking) fail(name string, err error) {
	notice := stagedoor.NoticeOf(err)
	p.add(stagedoor.Step{Name: name, Result: "fail", Says: notice.Cause, Notice: &notice})
}

func (p *checking) add(step stagedoor.Step) {
	p.Steps = append(p.Steps, step)
	if p.watcher != nil {
		p.watcher.Found(step)
	}
}

func (p *checking) asking(what string) {
	if p.watcher != nil {
		p.watcher.Asking(what)
	}
}

// short prints a duration without parts that are zero: "1h", not "1h0m0s".
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func scopes(n int) string {
	if n == 1 {
		return "1 scope"
	}
	return fmt.Sprintf("%d scopes", n)
}
