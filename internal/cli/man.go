package cli

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

// manCommand writes the manual, for those who package the program.
func manCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write the manual as man pages, one a command", Hidden: true,
		Args:    takes(1, 1, "the DIR to write into"),
		Long:    "Writes a page of section 1 for each command into DIR, which is made where it is missing.",
		Example: "stagedoor man share/man/man1\nman -l share/man/man1/stagedoor-sync.1",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.plain(func(context.Context, []string) error {
				if err := os.MkdirAll(args[0], 0o755); err != nil {
					return noManual(args[0], err)
				}
				pages := 0
				for _, c := range tree(cmd.Root()) {
					if !c.IsAvailableCommand() && c != cmd.Root() || c.Name() == "help" {
						continue
					}
					path := filepath.Join(args[0], manName(c)+".1")
					if err := os.WriteFile(path, []byte(manPage(c)), 0o644); err != nil {
						return noManual(path, err)
					}
					pages++
				}
				s.say("%s in %s", count(pages, "page"), args[0])
				return nil
			})(cmd, args)
		},
	}
}

func noManual(path string, err error) error {
	return &stagedoor.Error{
		Op: "write the manual", Subject: path, Kind: stagedoor.KindUsage, Err: err,
		Cause: "it can not be written: " + withoutPath(err).Error(), Fix: "Name a folder that you may write to.",
	}
}

// manName is what a command's page is called: stagedoor-credential-add.
func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage is a command's page in the man macros (groff_man(7)). The libraries at
// hand do not do: one writes all commands into one page, without examples and
// with the day of the build; the other takes our texts for Markdown. The page
// bears the date that SOURCE_DATE_EPOCH gives, or none, so that the same source
// gives the same page.
func manPage(cmd *cobra.Command) string {
	p := &page{}
	p.macro("TH", strings.ToUpper(manName(cmd)), "1", manDate(os.Getenv("SOURCE_DATE_EPOCH")), "stagedoor "+app.Version, "Stagedoor")
	p.macro("SH", "NAME")
	p.text(manName(cmd) + " \\- " + roff(cmd.Short))
	p.macro("SH", "SYNOPSIS")
	usage := usageOf(cmd)
	if parent := cmd.Parent(); parent != nil {
		usage = parent.CommandPath() + " " + usage
	}
	if cmd.HasAvailableSubCommands() {
		usage += " COMMAND"
	}
	p.text("\\fB" + roff(cmd.CommandPath()) + "\\fR" + roff(strings.TrimPrefix(usage, cmd.CommandPath())) + " [\\fIflags\\fR]")
	p.macro("SH", "DESCRIPTION")
	long := cmd.Long
	if long == "" {
		long = cmd.Short + "."
	}
	p.paragraphs(long)
	p.commands(cmd)
	p.flags("OPTIONS", cmd.LocalFlags())
	if cmd.HasParent() {
		p.macro("PP")
		p.text("Flags of all commands (\\-\\-home, \\-\\-database, \\-\\-key \\&...) are in \\fBstagedoor\\fR(1).")
	}
	if cmd.Example != "" {
		p.macro("SH", "EXAMPLES")
		p.macro("nf")
		for line := range strings.Lines(cmd.Example) {
			p.text(roff(strings.TrimRight(line, "\n")))
		}
		p.macro("fi")
	}
	if !cmd.HasParent() {
		p.exitStatus()
	}
	p.seeAlso(cmd)
	return p.String()
}

// manDate is the day of a time in seconds since 1970.
// Source: reproducible-builds.org/specs/source-date-epoch, read 2026-11.
func manDate(epoch string) string {
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return ""
	}
	return time.Unix(seconds, 0).UTC().Format(time.DateOnly)
}

// page is a man page that is being written.
type page struct{ strings.Builder }

func (p *page) macro(name string, args ...string) {
	p.WriteString("." + name)
	for _, arg := range args {
		p.WriteString(` "` + strings.ReplaceAll(arg, `"`, `\(dq`) + `"`)
	}
	p.WriteByte('\n')
}

// text writes a line that is roff already.
func (p *page) text(line string) {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		line = `\&` + line
	}
	p.WriteString(line + "\n")
}

func (p *page) paragraphs(text string) {
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			p.macro("PP")
		}
		for line := range strings.Lines(paragraph) {
			p.text(roff(strings.TrimSpace(line)))
		}
	}
}

func (p *page) tagged(tag, text string) {
	p.macro("TP")
	p.text(tag)
	p.text(roff(text))
}

func (p *page) commands(cmd *cobra.Command) {
	if !cmd.HasAvailableSubCommands() {
		return
	}
	p.macro("SH", "COMMANDS")
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			p.tagged("\\fB"+roff(manName(sub))+"\\fR(1)", sub.Short)
		}
	}
}

func (p *page) flags(title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	p.macro("SH", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		tag := "\\fB" + roff("--"+f.Name) + "\\fR"
		if f.Shorthand != "" {
			tag = "\\fB" + roff("-"+f.Shorthand) + "\\fR, " + tag
		}
		switch f.Value.Type() {
		case "bool":
		case "int", "int64":
			tag += " \\fInumber\\fR"
		case "duration":
			tag += " \\fIduration\\fR"
		default:
			tag += " \\fIvalue\\fR"
		}
		text := capital(f.Usage)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" && !strings.Contains(text, "default") {
			text += " (default " + f.DefValue + ")"
		}
		p.tagged(tag, text)
	})
}

// exitStatus lists the exit statuses from the one table of kinds.
func (p *page) exitStatus() {
	p.macro("SH", "EXIT STATUS")
	for _, row := range []struct{ status, means string }{
		{"0", "Done."},
		{"1", "Failed; the message says why, and what to do."},
		{"2", "The command, its flags or its input are not of the right form; nothing was done."},
		{"3", "Done in part: something was skipped or refused; the output lists it."},
		{"4", "The token endpoint refused the credential."},
		{"5", "A limit of Zoom is used up."},
		{"130", "Interrupted; what was done is kept."},
	} {
		p.tagged("\\fB"+row.status+"\\fR", row.means)
	}
}

func (p *page) seeAlso(cmd *cobra.Command) {
	var others []string
	if parent := cmd.Parent(); parent != nil {
		others = append(others, "\\fB"+roff(manName(parent))+"\\fR(1)")
		for _, sibling := range parent.Commands() {
			if sibling != cmd && sibling.IsAvailableCommand() && sibling.Name() != "help" && parent.HasParent() {
				others = append(others, "\\fB"+roff(manName(sibling))+"\\fR(1)")
			}
		}
	}
	if len(others) > 0 {
		p.macro("SH", "SEE ALSO")
		p.text(strings.Join(others, ",\n"))
	}
}

// capital begins a flag's text with a capital, as the help does.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// roff writes a text so that a man page shows it as it is: a hyphen that can be
// copied, and quotes that stay straight.
func roff(text string) string {
	return strings.NewReplacer(
		`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`,
		"…", `\&...`, "→", `\(->`, "│", "|",
	).Replace(text)
}
