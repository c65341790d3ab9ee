package cli

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor/internal/app"
)

// TestAPersonIsToldOfFilesThatAreNotUsed holds who is told of a broken provider
// file that a command did not need: a person at a terminal, once; no program.
func TestAPersonIsToldOfFilesThatAreNotUsed(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, "providers", "broken.yaml")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("name: ["), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(app.Settings{Home: home}, app.Environment{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name           string
		outTTY, errTTY bool
		told           bool
		want           int
	}{
		{"terminal", true, true, false, 1},
		{"the command told it", true, true, true, 0},
		{"stdout in a pipe", false, true, false, 0},
		{"stderr in a file", true, false, false, 0},
	} {
		var said bytes.Buffer
		s := &session{terminal: &terminal{people: &said, outTTY: test.outTTY, errTTY: test.errTTY}, toldRefused: test.told}
		s.noteRefused(a)
		if got := strings.Count(said.String(), file+" is not used"); got != test.want {
			t.Errorf("%s: told %d times, want %d: %s", test.name, got, test.want, &said)
		}
	}
}
