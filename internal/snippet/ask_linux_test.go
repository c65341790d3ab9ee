package snippet

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// TestAsks types the secret on a terminal, which must not show it.
func TestAsks(t *testing.T) {
	for form, program := range map[string]string{"curl": "sh", "python": "python3"} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			for _, needed := range []string{program, "curl"} {
				if _, err := exec.LookPath(needed); err != nil {
					t.Skipf("%s is missing here (scripts/shells.sh installs what Debian has)", needed)
				}
			}
			g := newGate(t)
			use := reports(t)
			use.TokenURL, use.BaseURL = g.URL+"/oauth/token", g.URL+"/to/acme"
			file := filepath.Join(t.TempDir(), fileOf[form])
			if err := os.WriteFile(file, []byte(written(t, form, use)), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(program, file)
			cmd.Env = append(os.Environ(), "STAGEDOOR_CALLER_SECRET=")
			terminal, err := pty.Start(cmd)
			if err != nil {
				t.Fatal(err)
			}
			defer terminal.Close()
			var shown bytes.Buffer
			for !strings.Contains(shown.String(), "Secret of the caller: ") {
				if _, err := io.CopyN(&shown, terminal, 1); err != nil {
					t.Fatalf("%v: it showed %s", err, shown.String())
				}
			}
			// Both switch the echo off before they ask.
			if _, err := io.WriteString(terminal, secret+"\n"); err != nil {
				t.Fatal(err)
			}
			io.Copy(&shown, terminal) // ends with an error when the program does
			err = cmd.Wait()
			if _, calls, _ := g.seen(); err != nil || len(calls) != 1 {
				t.Errorf("%v: it called %v and showed %s", err, calls, shown.String())
			}
			if strings.Contains(shown.String(), secret) {
				t.Errorf("the terminal shows the secret: %s", shown.String())
			}
		})
	}
}
