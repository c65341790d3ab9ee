package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestCompletionScripts has each shell read its script, where the shell is at
// hand: a script that it can not parse would break a person's every login.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range []struct{ name, program string }{
		{"bash", "bash"}, {"zsh", "zsh"}, {"fish", "fish"}, {"powershell", "pwsh"},
	} {
		t.Run(shell.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			stagedoor := exec.Command("stagedoor", "completion", shell.name)
			stagedoor.Env = append(os.Environ(), "STAGEDOOR_HOME="+dir)
			script, err := stagedoor.Output()
			if err != nil || len(script) < 1000 {
				t.Fatalf("%v: %d bytes", err, len(script))
			}
			needs(t, shell.program)
			path := filepath.Join(dir, "script.ps1")
			if err := os.WriteFile(path, script, 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"-n", path}
			if shell.program == "pwsh" {
				args = []string{"-NoProfile", "-Command", "$ErrorActionPreference='Stop'; . '" + path + "'"}
			}
			if out, err := exec.Command(shell.program, args...).CombinedOutput(); err != nil {
				t.Errorf("%s does not take its script: %v\n%s", shell.name, err, out)
			}
		})
	}
}

// TestBashCompletes has a real bash complete command lines, as it does when a
// person presses the tabulator.
func TestBashCompletes(t *testing.T) {
	const library = "/usr/share/bash-completion/bash_completion"
	needs(t, "bash")
	if _, err := os.Stat(library); err != nil {
		t.Skip("bash-completion is missing (Debian: apt-get install bash-completion)")
	}
	w := newWorld(t, zoomsim.Options{Meetings: 1})
	w.addCredential("--description", "reports for finance")
	program := `
source ` + library + `
source <(stagedoor completion bash)
for line in "$@"; do
  read -ra COMP_WORDS <<<"$line"
  [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE=$line; COMP_POINT=${#line}; COMP_TYPE=9; COMPREPLY=()
  compopt() { :; }
  __start_stagedoor
  printf '%s' "$line"; printf '|%s' "${COMPREPLY[@]}"; printf '\n'
done`
	lines := []string{
		"stagedoor tok", "stagedoor token a", "stagedoor sync acme meeting_ac", "stagedoor api acme /report/meeting_activ",
		"stagedoor sync acme users --format nd", "stagedoor credential add --plan b",
	}
	cmd := exec.Command("bash", append([]string{"--norc", "-c", program, "bash"}, lines...)...)
	cmd.Env, cmd.Dir = w.env, w.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := strings.Split(strings.TrimSpace(string(out)), "\n")
	want := []string{"token", "acme", "meeting_activities", "/report/meeting_activities", "ndjson", "business"}
	for i, line := range lines {
		if i >= len(got) || strings.TrimRight(got[i], " ") != line+"|"+want[i] {
			t.Errorf("`%s` is not completed to %s\n%s", line, want[i], out)
		}
	}
}

// needs skips a test where a program is missing, and says so. `make test` sees
// to it that it is there, where it can (scripts/shells.sh).
func needs(t *testing.T, programs ...string) {
	t.Helper()
	missing := slices.DeleteFunc(slices.Clone(programs), func(p string) bool {
		_, err := exec.LookPath(p)
		return err == nil
	})
	if len(missing) > 0 {
		t.Skipf("missing here: %s (scripts/shells.sh installs what Debian has)", strings.Join(missing, ", "))
	}
}
