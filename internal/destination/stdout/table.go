package stdout

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"

	"github.com/stagedoor/stagedoor"
)

const (
	gap       = 2  // blanks between columns
	narrowest = 8  // text is shown if it has this much room on the terminal, or all it needs
	widestPad = 60 // without a terminal nothing is cut, and nothing padded beyond this
)

// tableFormat prints aligned columns under one header for each stream. The
// columns are as wide as the rows so far need: the first slice's rows make
// them, and wider rows of later slices widen them.
type tableFormat struct {
	width   int // of the terminal; 0: none, so that nothing is cut
	several bool
	tables  []*tableShape
	last    *tableShape // what stands above the cursor
}

// tableShape is what is known of one stream's table.
type tableShape struct {
	stream  stagedoor.Stream
	natural []int // what the columns need
	filled  []bool
	columns []int // which columns are shown; nil until the header is printed
	widths  []int // what the shown columns get
}

func (f *tableFormat) layout() layout { return &tableRows{} }

func (f *tableFormat) print(w *bufio.Writer, stream stagedoor.Stream, l layout, rows rowsOf) error {
	t := f.shape(stream)
	for i, width := range l.(*tableRows).widths {
		t.natural[i] = max(t.natural[i], width)
		t.filled[i] = t.filled[i] || width > 0
	}
	t.widths = nil
	return rows(func(row []byte) error {
		if err := f.header(w, t); err != nil {
			return err
		}
		return f.line(w, t, strings.Split(string(row), "\t"), "")
	})
}

// close prints the header of a table that had no rows.
func (f *tableFormat) close(w *bufio.Writer) error {
	for _, t := range f.tables {
		if t.columns == nil {
			if err := f.header(w, t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *tableFormat) shape(stream stagedoor.Stream) *tableShape {
	for _, t := range f.tables {
		if t.stream.Name == stream.Name {
			return t
		}
	}
	t := &tableShape{stream: stream}
	for _, column := range stream.Columns {
		t.natural = append(t.natural, displaywidth.String(column.Name))
	}
	t.filled = make([]bool, len(t.natural))
	f.tables = append(f.tables, t)
	return t
}

// header prints the names of the columns where they do not stand above already.
func (f *tableFormat) header(w *bufio.Writer, t *tableShape) error {
	if f.last == t {
		return nil
	}
	if f.several {
		if f.last != nil {
			_ = w.WriteByte('\n') // a bufio.Writer tells its error again
		}
		_, _ = w.WriteString(t.stream.Name + "\n")
	}
	f.last = t
	if t.columns == nil {
		t.columns = f.fit(t)
	}
	var names []string
	for _, column := range t.stream.Columns {
		names = append(names, strings.ToUpper(column.Name))
	}
	return f.line(w, t, names, t.more())
}

// more tells in the header of columns that have no room.
func (t *tableShape) more() string {
	if rest := len(t.natural) - len(t.columns); rest > 0 {
		return fmt.Sprintf("+%d", rest)
	}
	return ""
}

// fit returns the columns that are shown. A terminal shows as many as have
// room, and none that is empty in all rows so far: a person looks at values.
func (f *tableFormat) fit(t *tableShape) []int {
	var columns []int
	for i := range t.natural {
		if f.width == 0 || t.filled[i] || !slices.Contains(t.filled, true) {
			columns = append(columns, i)
		}
	}
	if f.width == 0 {
		return columns
	}
	used, note := 0, gap+len(fmt.Sprintf("+%d", len(t.natural)))
	for n, i := range columns {
		used += t.least(i)
		need := used
		if n < len(t.natural)-1 {
			need += note
		}
		if need > f.width {
			return columns[:max(n, 1)]
		}
		used += gap
	}
	return columns
}

// least is the room that a column must have. Text may be cut; half a number or
// half a time would mislead.
func (t *tableShape) least(i int) int {
	switch t.stream.Columns[i].Type {
	case stagedoor.Text, stagedoor.JSON:
		return min(t.natural[i], narrowest)
	}
	return t.natural[i]
}

// share shares the terminal out: a column may have as much as the narrower
// ones leave, so that a long one is cut before a short one. Where rows of later
// slices need more than there is, all columns are cut.
func (f *tableFormat) share(t *tableShape) []int {
	widths := make([]int, len(t.columns))
	for n, i := range t.columns {
		widths[n] = t.natural[i]
	}
	if f.width == 0 {
		return widths
	}
	room := f.width - gap*(len(widths)-1)
	if more := t.more(); more != "" {
		room -= gap + len(more)
	}
	for limit := slices.Max(widths); limit > 0; limit-- {
		sum := 0
		for n, i := range t.columns {
			least := t.least(i)
			if limit < narrowest {
				least = 0
			}
			widths[n] = max(min(t.natural[i], limit), least)
			sum += widths[n]
		}
		if sum <= room {
			break
		}
	}
	return widths
}

func (f *tableFormat) line(w *bufio.Writer, t *tableShape, cells []string, after string) error {
	var line strings.Builder
	if t.widths == nil {
		t.widths = f.share(t)
	}
	for n, width := range t.widths {
		i := t.columns[n]
		text := cells[i]
		have := displaywidth.String(text)
		if f.width > 0 && have > width {
			text = displaywidth.TruncateString(text, width, "…")
			have = displaywidth.String(text)
		}
		if f.width == 0 {
			width = min(width, widestPad)
		}
		pad := strings.Repeat(" ", max(width-have, 0))
		if n > 0 {
			line.WriteString(strings.Repeat(" ", gap))
		}
		switch t.stream.Columns[i].Type {
		case stagedoor.Integer, stagedoor.Real:
			line.WriteString(pad + text)
		default:
			line.WriteString(text + pad)
		}
	}
	if after != "" {
		line.WriteString(strings.Repeat(" ", gap) + after)
	}
	_, err := w.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	return err
}

// tableRows lays rows out as cells with tabs between, which no cell holds, and
// sees how wide they are.
type tableRows struct{ widths []int }

func (l *tableRows) append(b []byte, stream stagedoor.Stream, values []any) ([]byte, error) {
	if l.widths == nil {
		l.widths = make([]int, len(values))
	}
	for i := range stream.Columns {
		text := visible(tableCell(stream.Columns[i], values[i]))
		l.widths[i] = max(l.widths[i], displaywidth.String(text))
		if i > 0 {
			b = append(b, '\t')
		}
		b = append(b, text...)
	}
	return b, nil
}

// tableCell is a value as text; JSON is without the blanks between its tokens.
func tableCell(column stagedoor.Column, v any) string {
	text := cell(v)
	if column.Type == stagedoor.JSON {
		var line bytes.Buffer
		if json.Compact(&line, []byte(text)) == nil {
			return line.String()
		}
	}
	return text
}

// visible escapes what would move the cursor, break the line or turn the
// direction of writing.
func visible(text string) string {
	if !strings.ContainsFunc(text, hidden) && utf8.ValidString(text) {
		return text
	}
	var b bytes.Buffer
	for _, r := range text {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func hidden(r rune) bool {
	switch {
	case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == '\ufeff':
		return true
	case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u200e', r == '\u200f':
		return true
	}
	return false
}
