package cli_test

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var updateRecording = flag.Bool("recording", false, "write docs/first-hour.cast and docs/first-hour.svg anew (make recording)")

const recordingCast, recordingSVG = "../../docs/first-hour.cast", "../../docs/first-hour.svg"

// TestRecording plays the first hour of a person, with the real program at a
// pseudo-terminal, and holds that docs/first-hour.cast shows the same screens,
// but for numbers and rows, which are those of the day. `make recording` writes
// it anew.
func TestRecording(t *testing.T) {
	t.Parallel()
	r := newRecorder(t)
	r.firstHour()
	cast := r.cast()
	if bytes.Contains(cast, []byte(r.info.ClientSecret)) || bytes.Contains(cast, []byte(r.dir)) {
		t.Fatal("the recording holds the client secret or a path of this machine")
	}
	if *updateRecording {
		for name, text := range map[string][]byte{recordingCast: cast, recordingSVG: r.svg()} {
			if err := os.WriteFile(name, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	kept, err := os.ReadFile(recordingCast)
	if err != nil {
		t.Fatal(err)
	}
	want := marksOf(t, kept)
	if len(want) != len(r.marks) {
		t.Fatalf("docs/first-hour.cast has %d steps and the program's hour %d; `make recording` makes it anew", len(want), len(r.marks))
	}
	for i, mark := range r.marks {
		if mark.name != want[i].name || !alike(mark.screen, want[i].screen) {
			t.Fatalf("%s: docs/first-hour.cast shows something else than the program; `make recording` makes it anew.\nthe program:\n%s\n\nthe recording (%s):\n%s",
				mark.name, mark.screen, want[i].name, want[i].screen)
		}
	}
}

var (
	numbers = regexp.MustCompile(`[0-9]+`)
	blanks  = regexp.MustCompile(`\s+`)
	report  = regexp.MustCompile(`UUIDIDTOPIC.*done`)
)

// alike compares screens but for what differs from day to day: numbers, rows,
// and where a line breaks since a number is longer, which also moves what stands
// above.
func alike(a, b string) bool {
	steady := func(screen string) string {
		return report.ReplaceAllString(numbers.ReplaceAllString(blanks.ReplaceAllString(screen, ""), "0"), "rows")
	}
	a, b = steady(a), steady(b)
	const above = 150
	n := min(len(a), len(b))
	if n >= 10*above {
		n -= above
	}
	return a[len(a)-n:] == b[len(b)-n:] && max(len(a), len(b))-n <= 2*above
}

// firstHour is what the person does. Each command is one that the program named
// before, and one turn is wrong on purpose.
func (r *recorder) firstHour() {
	r.says("# I want Zoom reports. I have a Zoom account, and this program.")
	r.command("stagedoor")
	r.command("stagedoor scopes --purpose reports")

	r.begin("stagedoor credential add acme")
	r.reads("What shall programs read").keys(strings.Repeat(down, 5)).keys(" ").keys(enter)
	r.reads("Are they in the app?").mark("the scopes").keys(enter)
	r.reads("Account ID").slowly("me@example.com").reads("e-mail address").mark("an e-mail address for the account id")
	r.keys("\x15").pastes(r.info.AccountID).keys(enter)
	r.reads("shift+tab back").pastes(r.info.ClientID).keys(enter)
	r.reads("Secret").pastes(strings.Repeat("x", 32)).keys(enter)
	r.reads("how fast").keys(down).keys(enter)
	r.reads("What next?").mark("a wrong secret, explained").keys(enter)
	r.reads("Account ID").keys(enter)
	r.reads("shift+tab back").keys(enter)
	r.reads("Enter keeps the one you typed").pastes(r.info.ClientSecret).keys(enter)
	r.reads("saved credential acme (verified)")
	r.ends("corrected and saved")

	r.command("stagedoor doctor acme")
	r.command("stagedoor streams --credential acme")
	r.command("stagedoor sync acme meeting_activities --into sqlite:zoom.db")
	r.command("stagedoor sync acme report_user_meetings --limit 6")
	r.says("# From nothing to rows. `stagedoor demo` shows it without a Zoom account.")
	r.wait(4)
}
