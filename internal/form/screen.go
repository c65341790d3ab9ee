package form

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/huh/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"
)

// Screen asks with pages, one a question; Shift-Tab goes back. The questions
// vanish when they are answered: who asks says what should stay.
type Screen struct {
	In, Out *os.File // both terminals
}

// widest is how many columns a page uses at most: lines beyond are hard to read.
const widest = 76

// Ask puts the questions as the pages of one form.
func (s Screen) Ask(ctx context.Context, questions ...Question) error {
	p := &pages{}
	p.columns, p.rows, _ = term.GetSize(int(s.Out.Fd()))
	var groups []*huh.Group
	for _, q := range questions {
		field, err := page(q, p.width())
		if err != nil {
			return err
		}
		p.questions, p.fields = append(p.questions, q), append(p.fields, field)
		groups = append(groups, huh.NewGroup(field))
	}
	if len(groups) == 0 {
		return nil
	}
	p.form = huh.NewForm(groups...).WithTheme(huh.ThemeFunc(theme)).WithKeyMap(keys()).WithShowErrors(false).WithShowHelp(false)
	p.form.SubmitCmd, p.form.CancelCmd = tea.Quit, tea.Interrupt
	p.fit()
	// A signal ends ctx, which is the command's affair.
	_, err := tea.NewProgram(p, tea.WithContext(ctx), tea.WithInput(s.In), tea.WithOutput(s.Out), tea.WithoutSignalHandler()).Run()
	switch {
	case ctx.Err() != nil || p.form.State == huh.StateAborted || errors.Is(err, tea.ErrInterrupted):
		return ErrLeft
	case err != nil:
		return err
	case p.form.State != huh.StateCompleted:
		return ErrLeft
	}
	return nil
}

// pages is a form as bubbletea runs it. It sizes the pages itself and says the
// keys below them: huh's own way counts a line too few, and shows keys that do
// nothing.
type pages struct {
	form          *huh.Form
	questions     []Question
	fields        []huh.Field
	columns, rows int // of the terminal; 0 where it does not tell
}

func (p *pages) Init() tea.Cmd { return p.form.Init() }

func (p *pages) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if size, ok := msg.(tea.WindowSizeMsg); ok {
		p.columns, p.rows = size.Width, size.Height
		p.fit()
	}
	_, cmd := p.form.Update(msg)
	return p, cmd
}

func (p *pages) View() tea.View {
	if p.form.State != huh.StateNormal {
		return tea.NewView("")
	}
	return tea.NewView(p.form.View() + "\n\n" + faint.Render(ansi.Wrap(p.help(), p.width(), "")))
}

func (p *pages) at() int { return max(slices.Index(p.fields, p.form.GetFocusedField()), 0) }

func (p *pages) help() string {
	keys := "enter next · esc leave"
	switch q := p.questions[p.at()]; {
	case q.Several != nil:
		keys = "space choose · ↑↓ move · ctrl+a all · enter next · esc leave"
	case q.One != nil:
		keys = "↑↓ move · enter choose · esc leave"
	}
	if p.at() > 0 {
		keys += " · shift+tab back"
	}
	return keys
}

// width is how wide a page is.
func (p *pages) width() int {
	if p.columns < 1 {
		return widest
	}
	return min(p.columns, widest)
}

// fit gives every page the room that it needs, as far as there is room.
func (p *pages) fit() {
	room := 24
	if p.rows > 0 {
		room = p.rows
	}
	room = max(room-1-lines(p.help(), p.width()), 3)
	p.form.WithWidth(p.width())
	most := 0
	for i, field := range p.fields {
		q := p.questions[i]
		height := lines(q.Title, p.width()-2) + lines(q.About, p.width()-2) + len(q.Options)
		if q.Text != nil {
			height += 1 + remarkLines
		}
		most = max(most, min(height, room))
		field.WithHeight(min(height, room))
	}
	p.form.WithHeight(most)
}

// lines is how many lines huh makes of a text; none of none.
func lines(text string, width int) int {
	if text == "" {
		return 0
	}
	return lipgloss.Height(lipgloss.Wrap(text, max(width, 1), ",.-; "))
}

// page is the field that puts a question.
func page(q Question, width int) (huh.Field, error) {
	switch {
	case q.Text != nil:
		return newText(q), nil
	case q.One != nil:
		return huh.NewSelect[string]().Title(q.Title).Description(q.About).Options(options(q, width, 2)...).Value(q.One), nil
	case q.Several != nil:
		*q.Several = slices.Clone(*q.Several) // huh sorts out what is no option
		return huh.NewMultiSelect[string]().Title(q.Title).Description(q.About).Options(options(q, width, 6)...).
			Filterable(false).Value(q.Several), nil
	}
	return nil, errors.New("a question without a place for its answer")
}

// options are the options, each in one line.
func options(q Question, width, mark int) []huh.Option[string] {
	longest := 0
	for _, o := range q.Options {
		longest = max(longest, ansi.StringWidth(o.Title))
	}
	room := width - 2 - mark // the bar at the left, and the cursor
	list := make([]huh.Option[string], len(q.Options))
	for i, o := range q.Options {
		line := o.Title
		if about := room - longest - 2; o.About != "" && about >= 16 {
			line += strings.Repeat(" ", longest-ansi.StringWidth(o.Title)+2) + ansi.Truncate(o.About, about, "…")
		}
		list[i] = huh.NewOption(ansi.Truncate(line, room, "…"), o.Value)
	}
	return list
}

// keys are huh's, and Esc to leave as well as Ctrl-C. What begins a search is
// off: there is nothing to search in so few.
func keys() *huh.KeyMap {
	k := huh.NewDefaultKeyMap()
	k.Quit = key.NewBinding(key.WithKeys("ctrl+c", "esc"))
	k.Select.Filter, k.MultiSelect.Filter = key.NewBinding(), key.NewBinding()
	return k
}

// The colours are the sixteen that the person chose for the terminal.
var (
	bold  = lipgloss.NewStyle().Bold(true)
	faint = lipgloss.NewStyle().Faint(true)
	blue  = lipgloss.NewStyle().Foreground(lipgloss.Blue)
	green = lipgloss.NewStyle().Foreground(lipgloss.Green)
	amber = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	red   = lipgloss.NewStyle().Foreground(lipgloss.Red)
)

func theme(bool) *huh.Styles {
	t := huh.ThemeBase(false)
	for _, f := range []*huh.FieldStyles{&t.Focused, &t.Blurred} {
		f.Base = lipgloss.NewStyle().PaddingLeft(1).BorderStyle(lipgloss.NormalBorder()).BorderLeft(true).BorderForeground(lipgloss.Blue)
		f.Card = f.Base
		f.Title, f.Description = bold, faint
		f.SelectSelector = blue.SetString("❯ ")
		f.MultiSelectSelector = blue.SetString("❯ ")
		f.Option, f.UnselectedOption = lipgloss.NewStyle(), lipgloss.NewStyle()
		f.SelectedOption = green
		f.SelectedPrefix = green.SetString("[✓] ")
		f.UnselectedPrefix = faint.SetString("[ ] ")
		f.TextInput.Prompt = blue
		f.TextInput.Cursor = blue
		f.TextInput.Placeholder = faint
	}
	return t
}
