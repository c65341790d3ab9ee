package cli

import (
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// TestStepsSteerNoTerminal holds that what a server wrote into a step (an e-mail
// address, an account id) reaches the terminal as text alone.
func TestStepsSteerNoTerminal(t *testing.T) {
	var shown strings.Builder
	out := &terminal{people: &shown}
	out.sayStep("acme", stagedoor.Step{Name: "call", Result: "ok", Says: "the app acts for a@b\x1b[2J\x1b]0;x\a\u009b31m\r\nfail"})
	plain := strings.NewReplacer(green.Render("ok  "), "ok").Replace(shown.String())
	if strings.ContainsAny(strings.TrimSuffix(plain, "\n"), "\x1b\a\r\n\u009b") || !strings.Contains(plain, "a@b") {
		t.Errorf("shown: %q", plain)
	}
}
