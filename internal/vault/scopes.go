package vault

import (
	"fmt"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// compare holds the token's scopes against the credential's purposes. What is
// missing makes no credential bad: it says what can not be done with it.
func (p *checking) compare(c stagedoor.Credential, by Prover, held []string) {
	if len(c.Purposes) == 0 {
		return
	}
	missing, hints, err := by.Lacks(c.Purposes, held)
	if err != nil {
		notice := stagedoor.NoticeOf(err)
		p.add(stagedoor.Step{Name: "scopes", Result: "warn", Says: "its purposes can not be read: " + notice.Cause, Notice: &notice})
		return
	}
	if len(missing) == 0 {
		p.ok("scopes", "they cover its purposes: "+strings.Join(c.Purposes, ", "))
		return
	}
	p.Missing = missing
	e := &stagedoor.Error{
		Op: "check the scopes", Subject: "credential " + c.Slug, Kind: stagedoor.KindScopeMissing,
		Cause: fmt.Sprintf("for its purposes (%s) the token lacks %s: %s", strings.Join(c.Purposes, ", "), scopes(len(missing)), strings.Join(missing, ", ")),
		Fix:   "On marketplace.zoom.us → Develop → the app → Scopes, add them (`stagedoor scopes --credential NAME` lists them, one a line); then run `stagedoor credential check NAME`, since only a new token holds a new scope.",
	}
	for _, hint := range hints {
		e.Cause += "; " + hint
	}
	notice := stagedoor.NoticeOf(e)
	p.add(stagedoor.Step{Name: "scopes", Result: "warn", Says: notice.Cause, Notice: &notice})
}
