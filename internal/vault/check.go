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

// Watcher is a [Prover] that wants to know how far a check is.
type Watcher interface {
	Asking(what string) // what the check waits for now: "asking zoom.us for a token"
	Found(Step)
}

// Proof is what a check found, step by step.
type Proof struct {
	Credential string    `json:"credential"`
	CheckedAt  time.Time `json:"checked_at"`
	Verified   bool      `json:"verified"`
	Steps      []Step    `json:"steps"`
	Scopes     []string  `json:"scopes"`
	Missing    []string  `json:"missing,omitempty"` // scopes that the credential's purposes need and the token lacks
	ExpiresAt  time.Time `json:"expires_at,omitzero"`
	AccountID  string    `json:"account_id,omitempty"` // as the API told it
	Owner      string    `json:"owner,omitempty"`      // e-mail of the user for whom the app acts
	Fitting    string    `json:"fitting,omitempty"`    // a validation URL inside the scopes, where the credential's is not

	watcher Watcher // nil: nobody
}

// Step is one question of a check and its answer.
type Step struct {
	Name   string            `json:"step"`   // "token", "scopes", "call", "account"
	Result string            `json:"result"` // "ok", "warn" or "fail"
	Says   string            `json:"says"`
	Notice *stagedoor.Notice `json:"notice,omitempty"`
}

// Check proves a credential: it mints a token, past every cache, and calls the
// validation URL with it. The error is nil where the credential is good, also
// where the validation URL lies outside its scopes, which the proof then says
// with one that fits.
func Check(ctx context.Context, c stagedoor.Credential, validation string, p Prover, now time.Time) (Proof, error) {
	proof := Proof{Credential: c.Slug, CheckedAt: now.UTC(), Scopes: []string{}}
	proof.watcher, _ = p.(Watcher)
	proof.asking("asking for a token")
	token, err := p.Mint(ctx)
	if err != nil {
		proof.fail("token", err)
		return proof, err
	}
	proof.Scopes, proof.ExpiresAt = token.Scopes, token.Expiry
	lifetime := token.Expiry.Sub(token.Minted).Round(time.Second)
	proof.ok("token", fmt.Sprintf("minted; it lasts %s and holds %s", short(lifetime), scopes(len(token.Scopes))))
	proof.compare(c, p, token.Scopes)
	if validation == "" {
		proof.Verified = true
		return proof, nil
	}

	proof.asking("calling GET " + validation)
	body, err := p.Call(ctx, validation)
	if stagedoor.KindOf(err) == stagedoor.KindScopeMissing {
		proof.Verified = true
		notice := stagedoor.NoticeOf(err)
		says := fmt.Sprintf("GET %s is outside the app's scopes, which does not make the credential bad: the token itself is good", validation)
		if better := p.Fitting(token.Scopes); better != "" {
			notice.Fix = fmt.Sprintf("Use a validation URL that the scopes cover: `stagedoor credential edit %s --validation-url %s`.", c.Slug, better)
			says += "; " + better + " is inside them"
			proof.Fitting = better
		}
		proof.add(Step{Name: "call", Result: "warn", Says: says, Notice: &notice})
		return proof, nil
	}
	if err != nil {
		proof.fail("call", err)
		return proof, err
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
		proof.fail("call", err)
		return proof, err
	}
	proof.AccountID, proof.Owner, proof.Verified = profile.AccountID, profile.Email, true
	says := "GET " + validation + " answered"
	if profile.Email != "" {
		says += "; the app acts for " + profile.Email
	}
	proof.ok("call", says)
	switch {
	case profile.AccountID == "":
	case profile.AccountID == c.AccountID:
		proof.ok("account", "the account id is the one that Zoom names")
	default:
		proof.add(Step{Name: "account", Result: "warn", Says: "Zoom names another account id than the credential: " + profile.AccountID})
	}
	return proof, nil
}

func (p *Proof) ok(name, says string) {
	p.add(Step{Name: name, Result: "ok", Says: says})
}

func (p *Proof) fail(name string, err error) {
	notice := stagedoor.NoticeOf(err)
	p.add(Step{Name: name, Result: "fail", Says: notice.Cause, Notice: &notice})
}

func (p *Proof) add(step Step) {
	p.Steps = append(p.Steps, step)
	if p.watcher != nil {
		p.watcher.Found(step)
	}
}

func (p *Proof) asking(what string) {
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
