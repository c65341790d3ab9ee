package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/clipperhouse/displaywidth"
	"golang.org/x/term"

	"github.com/stagedoor/stagedoor"
)

// terminal is what a command reads from and prints to.
type terminal struct {
	in       *os.File
	out      *os.File  // rows, documents, tokens: nothing else
	people   io.Writer // stderr, for people; colours fall away where it is no terminal
	inTTY    bool
	outTTY   bool
	errTTY   bool
	outWidth int // columns; 0 where stdout is no terminal
	errWidth int // the same of stderr
	// ctx ends when the person interrupts the command; set when one starts.
	ctx context.Context
}

func newTerminal() *terminal {
	t := &terminal{
		ctx: context.Background(),
		in:  os.Stdin, out: os.Stdout, people: colorprofile.NewWriter(os.Stderr, os.Environ()),
		inTTY: term.IsTerminal(int(os.Stdin.Fd())), outTTY: term.IsTerminal(int(os.Stdout.Fd())), errTTY: term.IsTerminal(int(os.Stderr.Fd())),
	}
	if t.outTTY {
		t.outWidth, _, _ = term.GetSize(int(os.Stdout.Fd()))
	}
	if t.errTTY {
		t.errWidth, _, _ = term.GetSize(int(os.Stderr.Fd()))
	}
	return t
}

var (
	bold  = lipgloss.NewStyle().Bold(true)
	faint = lipgloss.NewStyle().Faint(true)
	green = lipgloss.NewStyle().Foreground(lipgloss.Green)
	amber = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	red   = lipgloss.NewStyle().Foreground(lipgloss.Red)
)

// say prints a line to the person.
func (t *terminal) say(format string, args ...any) {
	fmt.Fprintf(t.people, format+"\n", args...)
}

// next ends a command with what one would do next.
func (t *terminal) next(commands ...string) {
	if len(commands) == 0 {
		return
	}
	line := faint.Render("next:") + " " + strings.Join(commands, faint.Render("  ·  "))
	if t.errWidth > 0 && ansi.StringWidth(line) > t.errWidth {
		// One below the other: a command that is torn in two is hard to copy.
		line = faint.Render("next:") + " " + strings.Join(commands, "\n      ")
	}
	t.say("%s", line)
}

// hint is next for commands whose answer is for programs too: it is shown only
// where a person looks at the answer.
func (t *terminal) hint(commands ...string) {
	if t.outTTY && t.errTTY {
		t.next(commands...)
	}
}

// complain prints an error: what failed, on what, why, and what to do.
func (t *terminal) complain(err error) {
	e, ok := errors.AsType[*stagedoor.Error](err)
	if !ok {
		t.say("%s %v", red.Render("error:"), err)
		return
	}
	head := e.Op
	if e.Subject != "" {
		head = e.Subject + ": " + e.Op
	}
	label := red.Render("error:")
	if e.Kind == stagedoor.KindPartial || e.Kind == stagedoor.KindInterrupted {
		label = amber.Render(strings.ReplaceAll(string(e.Kind), "_", " ") + ":")
	}
	t.say("%s %s", label, head)
	cause := e.Cause
	if cause == "" && e.Err != nil {
		cause = e.Err.Error()
	}
	t.say("  %s  %s", bold.Render("cause"), cause)
	if e.Fix != "" {
		slug, ok := strings.CutPrefix(e.Subject, "credential ")
		if !ok {
			slug = ""
		}
		t.say("  %s    %s", bold.Render("fix"), fixFor(slug, e.Fix))
	}
	if !e.RetryAt.IsZero() {
		t.say("  %s   again at %s UTC (in %s)", bold.Render("when"), e.RetryAt.UTC().Format(time.DateTime), time.Until(e.RetryAt).Round(time.Second))
	}
	if said := saidBy(e); said != "" {
		t.say("  %s   %s", bold.Render("said"), faint.Render(said))
	}
	t.say("  %s   %s", bold.Render("kind"), faint.Render(fmt.Sprintf("%s, exit status %d", e.Kind, stagedoor.ExitStatus(err))))
}

// saidBy is what the other side said, for those who search for it.
func saidBy(e *stagedoor.Error) string {
	var said []string
	if e.Status != 0 {
		said = append(said, fmt.Sprintf("HTTP %d", e.Status))
	}
	if e.Code != "" {
		said = append(said, e.Code)
	}
	if e.Detail != "" {
		said = append(said, e.Detail)
	}
	if e.Tracking != "" {
		said = append(said, "x-zm-trackingid "+e.Tracking)
	}
	return strings.Join(said, " · ")
}

// fixFor names the credential in a fix: the error table writes NAME for it.
func fixFor(slug, fix string) string {
	switch slug {
	case "":
		return fix
	case stagedoor.EnvSlug:
		fix = strings.ReplaceAll(fix, "`stagedoor credential show NAME`", "ZOOM_TOKEN_URL and ZOOM_API_URL, if they are set")
		saved := strings.Contains(fix, "NAME") || strings.Contains(fix, "stagedoor credential")
		if !saved || strings.Contains(fix, "Set ZOOM_") {
			return fix // it does not speak of what is saved, or of the variables already
		}
		fix += " (The credential env has nothing saved to change: set ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET anew instead.)"
	}
	return strings.ReplaceAll(fix, "NAME", slug)
}

// named makes the fix of a refused host, whose subject is the host, speak of the
// credential.
func named(err error, slug string) error {
	e, ok := errors.AsType[*stagedoor.Error](err)
	if !ok || e.Kind != stagedoor.KindHostRefused {
		return err
	}
	clear := *e
	clear.Fix = fixFor(slug, e.Fix)
	return &clear
}

// printJSON prints one document.
func (t *terminal) printJSON(v any) error {
	enc := json.NewEncoder(t.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// table prints aligned columns; the first row is the head.
func (t *terminal) table(rows [][]string) error {
	w := tabwriter.NewWriter(t.out, 0, 0, betweenColumns, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, oneLine(cell))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// list prints a table of things that a command lists. Where the terminal has no
// room for it the widest cells are cut, and then the last columns are left out, but
// the first column never: it names what the other commands take. The command that
// shows one thing, and --json, have all of it.
func (t *terminal) list(rows [][]string) error {
	if t.outWidth > 0 {
		rows = fit(rows, t.outWidth)
	}
	return t.table(rows)
}

const (
	betweenColumns = 2
	narrowest      = 11 // what a column of a list keeps at least: "interrupted"
)

// fit makes rows fit into a width, as far as that goes. The head tells how many
// columns are left out.
func fit(rows [][]string, width int) [][]string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], displaywidth.String(oneLine(cell)))
		}
	}
	more := len("  +9")
	for total(widths) > width && len(widths) > 1 {
		widest := 1
		for i := range widths[1:] {
			if widths[1+i] > widths[widest] {
				widest = 1 + i
			}
		}
		if widths[widest] > narrowest {
			widths[widest]--
			continue
		}
		if len(widths) == len(rows[0]) {
			width -= more
		}
		widths = widths[:len(widths)-1]
	}
	cut := make([][]string, len(rows))
	for i, row := range rows {
		for j, w := range widths {
			cell := oneLine(row[j])
			if j > 0 && displaywidth.String(cell) > w {
				cell = displaywidth.TruncateString(cell, w, "…")
			}
			cut[i] = append(cut[i], cell)
		}
	}
	if left := len(rows[0]) - len(widths); left > 0 {
		cut[0] = append(cut[0], fmt.Sprintf("+%d", left))
	}
	return cut
}

func total(widths []int) int {
	sum := betweenColumns * (len(widths) - 1)
	for _, w := range widths {
		sum += w
	}
	return sum
}

// oneLine keeps a text from breaking a table or steering the terminal.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, text)
}

// ask reads one line from a person; it needs a terminal.
func (t *terminal) ask(question string) (string, error) {
	text, err := t.lines().Line(t.ctx, question+": ")
	if err != nil {
		return "", &stagedoor.Error{Op: "ask", Subject: question, Kind: stagedoor.KindInterrupted, Cause: "there was no answer"}
	}
	return strings.TrimSpace(text), nil
}

// count prints "1 row" and "2 rows".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
