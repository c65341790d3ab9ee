package cli_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A block is a code block of a document.
type block struct {
	file string
	line int    // of its first line, from 1
	kind string // what it is: shell (commands, each by itself), script (as a whole), session, output, text, or its language
	how  string // what the comment before it says after "test:"
	text string // without its indentation
}

func (b block) place() string { return fmt.Sprintf("%s:%d", b.file, b.line) }

// comment is what may stand before a block, and is seen by no reader:
//
//	<!-- test: text -->     it is a picture or a form, nothing that one runs
//	<!-- test: output -->   it is what the block before printed
//	<!-- test: varies -->   a session whose output has other values each time: its lines are compared by their first words
var comment = regexp.MustCompile(`^\s*<!--\s*test:\s*(\w+)\s*-->\s*$`)

// commandWords are what lines of commands begin with, in blocks that do not
// name their language.
var commandWords = []string{"stagedoor", "./stagedoor", "make", "go", "curl", "export", "eval", "git", "python3", "sqlite3", "jq", "docker", "brew", "mkdir", "cp", "some-program"}

// blocksOf cuts a document into its code blocks: fenced ones, and those that are
// indented by four after a blank line. One whose kind can not be told is an
// error, so that none is forgotten.
func blocksOf(t *testing.T, file string) []block {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	var blocks []block
	for i := 0; i < len(lines); i++ {
		b := block{file: strings.TrimPrefix(file, "../../"), line: i + 2, how: howTo(lines[:i])}
		line := lines[i]
		var body []string
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "```"):
			b.kind, _, _ = strings.Cut(strings.TrimPrefix(trimmed, "```"), " ")
			margin := strings.Index(line, "```")
			for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "```"; i++ {
				body = append(body, unindent(lines[i], margin))
			}
		case strings.HasPrefix(line, "    ") && trimmed != "" && (i == 0 || strings.TrimSpace(lines[i-1]) == "" || comment.MatchString(lines[i-1])):
			b.line = i + 1
			margin := len(line) - len(strings.TrimLeft(line, " "))
			for ; i < len(lines) && (strings.TrimSpace(lines[i]) == "" || strings.HasPrefix(lines[i], "    ")); i++ {
				body = append(body, unindent(lines[i], margin))
			}
			i--
			for len(body) > 0 && body[len(body)-1] == "" {
				body = body[:len(body)-1]
			}
		default:
			continue
		}
		b.text = strings.Join(body, "\n")
		if b.kind = kindOf(b); b.kind == "" && b.file == "docs/errors.md" {
			b.kind = "text" // raw errors, made from the error table, whose examples are the tests of internal/doctor
		}
		if b.kind == "" {
			t.Errorf("%s: what kind of block is this? Name its language after ```, begin commands with $, or write <!-- test: text --> before it", b.place())
			continue
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// howTo is what the comment says that ends the lines before a block.
func howTo(before []string) string {
	for _, line := range slices.Backward(before) {
		if m := comment.FindStringSubmatch(line); m != nil {
			return m[1]
		}
		if strings.TrimSpace(line) != "" {
			return ""
		}
	}
	return ""
}

func unindent(line string, margin int) string {
	for range margin {
		line = strings.TrimPrefix(line, " ")
	}
	return strings.TrimRight(line, " \r")
}

func kindOf(b block) string {
	switch {
	case b.how == "text" || b.how == "output":
		return b.how
	case regexp.MustCompile(`(?m)^\$ `).MatchString(b.text) && (b.kind == "" || slices.Contains([]string{"sh", "shell", "bash", "console"}, b.kind)):
		return "session"
	case slices.Contains([]string{"sh", "shell", "bash"}, b.kind):
		return "script"
	case b.kind != "":
		return b.kind
	}
	list := commands(b.text)
	for _, command := range list {
		first, _, _ := strings.Cut(regexp.MustCompile(`^(\w+=(\$\([^)]*\)|\S*)\s*)*`).ReplaceAllString(command, ""), " ")
		if first != "" && !slices.Contains(commandWords, first) {
			return ""
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "shell"
}

// A step is a command of a session, and what it is shown to print.
type step struct{ command, printed string }

// stepsOf cuts a session at its lines that begin with "$ ".
func stepsOf(text string) []step {
	var steps []step
	goesOn := false
	for _, line := range strings.Split(text, "\n") {
		switch command, ok := strings.CutPrefix(line, "$ "); {
		case goesOn:
			steps[len(steps)-1].command += "\n" + line
		case ok:
			steps = append(steps, step{command: command})
		case len(steps) > 0:
			steps[len(steps)-1].printed += line + "\n"
			continue
		}
		goesOn = len(steps) > 0 && strings.HasSuffix(steps[len(steps)-1].command, "\\")
	}
	return steps
}

// differs says in what an output differs from what a document shows, or "". A
// line … stands for any lines, … in a line for any text, and blanks at the ends
// do not count.
func differs(shown, got string) string {
	var pattern strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(shown), "\n") {
		line = strings.TrimRight(line, " ")
		if strings.TrimSpace(line) == "…" {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + ` *\n`)
	}
	if regexp.MustCompile(`^\s*` + pattern.String() + `\s*$`).MatchString(got + "\n") {
		return ""
	}
	return "it is shown to print\n" + indent(shown) + "\nand prints\n" + indent(got)
}

// digits are the words that differ from run to run: those that hold a digit.
var digits = regexp.MustCompile(`[\w./:-]*\d[\w./:-]*`)

// strays names a line of a session's output that the program does not print any
// more: lines are compared by their first two words, in their order, and words
// with digits are all the same.
func strays(shown, got string) string {
	head := func(line string) string {
		words := strings.Fields(digits.ReplaceAllString(line, "0"))
		return strings.Join(words[:min(2, len(words))], " ")
	}
	rest := strings.Split(got, "\n")
	for _, line := range strings.Split(shown, "\n") {
		if want := head(line); want != "" && want != "…" {
			at := slices.IndexFunc(rest, func(l string) bool { return head(l) == want })
			if at < 0 {
				return "it is shown to print\n" + indent(line) + "\nand prints no such line there:\n" + indent(strings.Join(rest, "\n"))
			}
			rest = rest[at+1:]
		}
	}
	return ""
}
