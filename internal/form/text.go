package form

import (
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/huh/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// text is huh's input with a remark below it at every key. huh has descriptions
// that follow the value, but it works them out beside the screen, by reading
// the value while it changes.
type text struct {
	*huh.Input
	question Question
	typed    string
	before   string // the answer when the page opened
	tried    bool   // Enter was pressed on what can not be right
	width    int
}

// remarkLines is the room for a remark; a page's height is fixed when it opens.
const remarkLines = 2

func newText(q Question) *text {
	t := &text{question: q, before: *q.Text}
	if !q.Hidden {
		t.typed = *q.Text
	}
	t.Input = huh.NewInput().Title(q.Title).Description(q.About).Prompt("❯ ").Value(&t.typed).Validate(func(typed string) error {
		remark := q.check(typed)
		if !remark.Refused {
			return nil
		}
		t.tried = true
		return errors.New(remark.Says)
	})
	if q.Hidden {
		t.EchoMode(huh.EchoModePassword)
	}
	if q.Kept {
		t.Placeholder("Enter keeps the one you typed")
	}
	return t
}

func (t *text) Update(msg tea.Msg) (huh.Model, tea.Cmd) {
	if _, typing := msg.(tea.KeyPressMsg); typing {
		t.tried = false
	}
	if paste, ok := msg.(tea.PasteMsg); ok {
		// A line break at the end is the page's, not the value's.
		paste.Content = trimmed(paste.Content)
		msg = paste
		t.tried = false
	}
	_, cmd := t.Input.Update(msg)
	// At once, since the checks of other texts look at it.
	*t.question.Text = t.before
	t.question.answer(t.typed)
	return t, cmd
}

func (t *text) View() string {
	base := theme(false).Focused.Base
	room := max(t.width-base.GetHorizontalFrameSize(), 10)
	return t.Input.View() + "\n" + base.Width(t.width).Render(t.remark(room))
}

// remark says what there is to say, in as many lines as there are for it.
func (t *text) remark(width int) string {
	style, says := amber, ""
	switch remark := t.question.check(t.typed); {
	case trimmed(t.typed) == "" && !t.tried:
		// Nothing was typed yet: nothing is wrong yet.
	case remark.Refused:
		style, says = red, "✗ "+remark.Says
	case remark.Says != "":
		says = "! " + remark.Says
	case trimmed(t.typed) != "":
		style, says = green, "✓"
	}
	lines := strings.Split(ansi.Wrap(says, width, ""), "\n")
	if len(lines) > remarkLines {
		lines = lines[:remarkLines]
		lines[remarkLines-1] = ansi.Truncate(lines[remarkLines-1], width-1, "") + "…"
	}
	for len(lines) < remarkLines {
		lines = append(lines, "")
	}
	return lipgloss.NewStyle().Inherit(style).Render(strings.Join(lines, "\n"))
}

func (t *text) WithWidth(width int) huh.Field {
	t.width = width
	t.Input.WithWidth(width)
	return t
}

// The rest of huh.Field that returns the field: it is this one.

func (t *text) WithTheme(theme huh.Theme) huh.Field        { t.Input.WithTheme(theme); return t }
func (t *text) WithKeyMap(k *huh.KeyMap) huh.Field         { t.Input.WithKeyMap(k); return t }
func (t *text) WithHeight(int) huh.Field                   { return t }
func (t *text) WithPosition(p huh.FieldPosition) huh.Field { t.Input.WithPosition(p); return t }
