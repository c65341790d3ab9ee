package stagedoor

import (
	"regexp"
	"sync"
)

// commands are what fixes tell to run when a credential is saved.
var commands = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("(, then|\\. Then|; then) run `stagedoor credential [^`]*`(, or `[^`]*`( if [^.]*)?)?")
})

// WithoutCommands is a fix without the commands that change a saved credential, for
// who has it before them in a form.
func WithoutCommands(fix string) string { return commands().ReplaceAllString(fix, "") }
