package cli_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestDocs runs the code blocks of README.md and of every page in docs/. A page
// is one story: its blocks run in their order, in one folder, with the credential
// acme at hand, and a daemon where it speaks to one; the Python blocks of a page are one program. Go blocks are parts
// of tested examples, or programs, which are built and run. Commands run
// one by one, those that are fenced as sh together, as a script. The comment before a block (docs_blocks_test.go) says what can not
// be seen.
func TestDocs(t *testing.T) {
	t.Parallel()
	pages := []string{"../../README.md"}
	err := filepath.WalkDir("../../docs", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			pages = append(pages, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var w *world
	for _, page := range pages {
		blocks := blocksOf(t, page)
		if len(blocks) == 0 {
			continue
		}
		if w == nil {
			w = exampleWorld(t)
		}
		t.Run(strings.TrimPrefix(page, "../../"), func(t *testing.T) {
			t.Parallel()
			w := w.fresh(t)
			if needsDaemon(blocks) {
				t.Cleanup(w.serve(w.gate).stop)
			}
			runPage(t, w, blocks)
		})
	}
}

func runPage(t *testing.T, w *world, blocks []block) {
	printed := map[int]string{} // by a block's place in the page
	python(t, w, blocks, printed)
	for i, b := range blocks {
		var err error
		switch b.kind {
		case "shell":
			printed[i], err = w.commands(t, commands(b.text))
		case "script":
			printed[i], err = w.shell(b.text)
		case "session":
			err = w.session(t, b)
		case "crontab":
			var list []string
			for _, line := range commands(b.text) {
				// Five fields of time, then the command, in which % is escaped.
				list = append(list, strings.ReplaceAll(regexp.MustCompile(`^(\S+\s+){5}`).ReplaceAllString(line, ""), `\%`, "%"))
			}
			printed[i], err = w.commands(t, list)
		case "output":
			if got, ran := printed[i-1]; ran {
				if cause := differs(b.text, got); cause != "" {
					err = errors.New(cause)
				}
			}
		case "go":
			printed[i], err = w.golang(b.text)
		case "python": // all at once, above
		case "json":
			err = json.Unmarshal([]byte(b.text), new(any))
		case "yaml":
			err = yaml.Unmarshal([]byte(b.text), new(any))
			// A file that begins with its name is there for the commands below it.
			if m := regexp.MustCompile(`^# ([\w-]+\.yaml)\n`).FindStringSubmatch(b.text); m != nil && err == nil {
				err = os.WriteFile(w.path(m[1]), []byte(b.text+"\n"), 0o600)
			}
		case "text", "nginx": // TestNginx runs that one
		default:
			err = fmt.Errorf("nobody runs %s: teach runPage to, or write <!-- test: text --> before it", b.kind)
		}
		if skipped, ok := errors.AsType[errSkipped](err); ok {
			t.Logf("%s: not run: %s", b.place(), skipped.why)
		} else if err != nil {
			t.Errorf("%s: this block does not work: %v", b.place(), err)
		}
	}
}

// commands runs a block of commands, and returns what they printed together.
func (w *world) commands(t *testing.T, list []string) (string, error) {
	var printed strings.Builder
	for _, command := range list {
		out, err := w.shell(command)
		printed.WriteString(out)
		if skipped, ok := errors.AsType[errSkipped](err); ok {
			t.Logf("not run: %s: %s", command, skipped.why)
		} else if err != nil {
			return printed.String(), fmt.Errorf("%s\n%w", command, err)
		}
	}
	return printed.String(), nil
}

// session runs the commands of a session and compares what they print.
func (w *world) session(t *testing.T, b block) error {
	steps := stepsOf(b.text)
	if b.how == "varies" {
		// What one command prints may show others, as the demo does.
		out, err := w.shell(steps[0].command)
		if err == nil {
			shown := regexp.MustCompile(`(?m)^\$ .*$`).ReplaceAllString(strings.TrimPrefix(b.text, "$ "+steps[0].command), "")
			if cause := strays(shown, out); cause != "" {
				err = errors.New(cause)
			}
		}
		return err
	}
	for _, step := range steps {
		out, err := w.shell(step.command)
		if err == nil {
			if cause := differs(w.substitute(step.printed), out); cause != "" {
				err = errors.New(cause)
			}
		}
		if skipped, ok := errors.AsType[errSkipped](err); ok {
			t.Logf("%s: not run: %s: %s", b.place(), step.command, skipped.why)
		} else if err != nil {
			return fmt.Errorf("%s\n%w", step.command, err)
		}
	}
	return nil
}

// python runs the Python blocks of a page as one program, and keeps what each
// printed.
func python(t *testing.T, w *world, blocks []block, printed map[int]string) {
	const mark = "\x00block "
	var program strings.Builder
	lines := 0
	var where []string // of each line of the program
	write := func(text, place string, first int) {
		for i, line := range strings.Split(text, "\n") {
			program.WriteString(line + "\n")
			where = append(where, fmt.Sprintf("%s:%d", place, first+i))
			lines++
		}
	}
	for i, b := range blocks {
		if b.kind == "python" {
			write(fmt.Sprintf("print(%q, flush=True)", fmt.Sprintf("%s%d\x00", mark, i)), b.file, b.line)
			write(w.substitute(b.text), b.file, b.line)
		}
	}
	if lines == 0 {
		return
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Log("python blocks not run: python3 is missing here (scripts/shells.sh installs what Debian has)")
		return
	}
	if err := os.WriteFile(w.path("blocks.py"), []byte(strings.ReplaceAll(program.String(), `\x00`, "\\x00")), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", w.path("blocks.py"))
	cmd.Dir, cmd.Env = w.dir, w.env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	for _, part := range strings.Split(string(out), mark)[1:] {
		number, text, _ := strings.Cut(part, "\x00")
		var at int
		fmt.Sscan(number, &at)
		printed[at] = strings.TrimPrefix(text, "\n")
	}
	if err != nil {
		place := "?"
		if all := regexp.MustCompile(`blocks\.py", line (\d+)`).FindAllStringSubmatch(stderr.String(), -1); len(all) > 0 {
			var line int
			fmt.Sscan(all[0][1], &line)
			if line > 0 && line <= len(where) {
				place = where[line-1]
			}
		}
		t.Errorf("%s: the Python of this page does not run: %v\n%s", place, err, indent(stderr.String()))
	}
}

// golang holds that Go is part of a tested example, or builds and runs it where
// it is a whole program.
func (w *world) golang(text string) (string, error) {
	if !strings.HasPrefix(text, "package main\n") && !strings.Contains(text, "\npackage main\n") {
		return "", inExample(text)
	}
	if formatted, err := format.Source([]byte(text)); err != nil {
		return "", err
	} else if strings.TrimSpace(string(formatted)) != strings.TrimSpace(text) {
		return "", fmt.Errorf("gofmt writes it otherwise:\n%s", indent(string(formatted)))
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		return "", err
	}
	// The program is laid over the module, so that nothing is written into it.
	file, overlay := w.path("program.go"), w.path("overlay.json")
	layers, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, "internal", "program", "main.go"): file}})
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.WriteFile(file, []byte(w.substitute(text)), 0o600), os.WriteFile(overlay, layers, 0o600)); err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-overlay", overlay, "-o", w.path("bin/program"), "./internal/program")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, indent(string(out)))
	}
	run := exec.Command(w.path("bin/program"))
	run.Dir, run.Env = w.dir, w.env
	out, err := run.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w\nit printed\n%s", err, indent(string(out)))
	}
	return string(out), err
}

// inExample reports whether Go stands word for word in the tests of a public
// package, where it is compiled and, as an Example with output, run.
func inExample(text string) error {
	for _, pattern := range []string{"../../token/*_test.go", "../../zoomsim/*_test.go", "../../*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if strings.Contains(flat(string(source)), flat(text)) {
				return nil
			}
		}
	}
	return errors.New("it stands in no example: write it, word for word, into an Example function of package token or zoomsim, so that it is compiled and run")
}

// flat is Go without its indentation and blank lines.
func flat(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line := strings.TrimSpace(line); line != "" {
			b.WriteString("\n" + line)
		}
	}
	return b.String() + "\n"
}
