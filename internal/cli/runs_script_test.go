package cli_test

import (
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// text sets a variable to what a file holds, without the blanks around it, or to
// the first group of a pattern in it: text RUN stdout; text RUN stdout 'run (\S+)'.
func text(ts *testscript.TestScript, _ bool, args []string) {
	found := strings.TrimSpace(ts.ReadFile(args[1]))
	if len(args) == 3 {
		groups := regexp.MustCompile(args[2]).FindStringSubmatch(found)
		if groups == nil {
			ts.Fatalf("%s is not in %s", args[2], found)
		}
		found = groups[1]
	}
	ts.Setenv(args[0], found)
}

// await runs a command until what it prints matches, which another process brings
// about: await '"state": "running"' stagedoor run show $RUN --json.
func await(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(`(?s)` + args[0])
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		_ = ts.Exec(args[1], args[2:]...) // a run that is not there yet may come
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("a minute has passed, and %v still does not print %s:\n%s%s", args[1:], args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
		}
	}
}
