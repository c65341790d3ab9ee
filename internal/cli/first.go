package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/colorprofile"
)

// firstSteps are what a person who knows nothing yet types one after another.
// The examples and the story first_hour.txtar hold that they lead to rows.
var firstSteps = [][2]string{
	{"stagedoor demo --once", "see it all on a simulated account; you need none at Zoom"},
	{"stagedoor scopes --purpose reports", "what your app at Zoom must be allowed, here for reports"},
	{"stagedoor credential add acme", "save your app's three values: a form leads through it"},
	{"stagedoor doctor acme", "is all well? if not: what, and how to mend it"},
	{"stagedoor streams", "what can be read, such as meeting_activities"},
	{"stagedoor sync acme meeting_activities --into sqlite:zoom.db", "the rows"},
}

// firstScreen is what the program says to somebody who types its name alone.
func (s *session) firstScreen() error {
	var text strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	say("%s", bold.Render("Stagedoor is the way in to the Zoom API for programs."))
	say("It keeps a Server-to-Server OAuth credential sealed and its token alive, and reads Zoom's")
	say("data, such as reports, into files and databases.")
	say("")
	say("From nothing to rows (acme is a name that you choose):")
	say("")
	for i, step := range firstSteps {
		say("  %d  %s", i+1, bold.Render(step[0]))
		say("     %s", faint.Render(step[1]))
	}
	say("")
	say("Other programs, such as Salesforce or Power Automate, read Zoom through it with rights of their")
	say("own: `stagedoor caller add`, then `stagedoor serve`.")
	say("")
	say("Something wrong? Each error says its cause and its fix; `stagedoor doctor` looks at")
	say("everything, and `stagedoor explain TEXT` at any error of another program.")
	say("All commands: `stagedoor --help`.")
	if _, err := io.WriteString(colorprofile.NewWriter(s.out, os.Environ()), text.String()); err != nil {
		return err
	}
	s.next(firstSteps[0][0], firstSteps[2][0]+"   with your own account")
	return nil
}
