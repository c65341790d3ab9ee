package cli_test

import (
	"fmt"
	"html"
	"image/color"
	"io"
	"strconv"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
)

func seconds(at float64) string { return strconv.FormatFloat(at, 'f', 3, 64) }

// The picture's measures, in pixels, and its colours.
const (
	cellWidth, cellHeight = 8.4, 18.0
	margin, bar           = 16.0, 36.0
	inkColour, paper      = "#d6deeb", "#11151c"
)

var palette = [16]string{
	"#5c6773", "#f07178", "#9ccc65", "#ffcb6b", "#82aaff", "#c792ea", "#7fdbca", "#d6deeb",
	"#7a8594", "#ff8b92", "#b5e07f", "#ffd98a", "#9cc4ff", "#ddb0ff", "#a1f0e0", "#ffffff",
}

// svg is the recording as one animated picture, without a script and without
// anything from elsewhere. Each line of the terminal is drawn once for as long as
// it stays the same; a viewer that does not animate shows the end.
func (r *recorder) svg() []byte {
	screen := vt.NewEmulator(columns, lines)
	defer hangUp(screen)
	go func() { _, _ = io.Copy(io.Discard, screen) }()
	type shown struct {
		text  string
		since float64
	}
	var now [lines]shown
	var body strings.Builder
	end, drawn := r.at, -1.0
	draw := func(row int, until float64) {
		s := now[row]
		if s.text == "" || until <= s.since {
			return
		}
		y := bar + margin + float64(row)*cellHeight
		last := until == end
		hidden := ` visibility="hidden"`
		if last {
			hidden = ""
		}
		fmt.Fprintf(&body, `<g transform="translate(%g %g)"%s>%s`, margin, y, hidden, s.text)
		if values, times := "hidden;visible;hidden", []float64{0, s.since / end, until / end}; s.since > 0 || !last {
			switch {
			case s.since == 0:
				values, times = "visible;hidden", []float64{0, until / end}
			case last:
				values, times = "hidden;visible", []float64{0, s.since / end}
			}
			var list []string
			for _, at := range times {
				list = append(list, strconv.FormatFloat(at, 'f', 5, 64))
			}
			fmt.Fprintf(&body, `<animate attributeName="visibility" calcMode="discrete" dur="%ss" repeatCount="indefinite" values="%s" keyTimes="%s"/>`, seconds(end), values, strings.Join(list, ";"))
		}
		body.WriteString("</g>\n")
	}
	for i, e := range r.events {
		if e.kind == "o" {
			_, _ = io.WriteString(screen, e.text)
		}
		if i+1 < len(r.events) && r.events[i+1].at < drawn+0.12 {
			continue // nobody sees it: more is shown at once
		}
		drawn = e.at
		for row := range lines {
			text := lineOf(screen, row)
			if text != now[row].text {
				draw(row, e.at)
				now[row] = shown{text, e.at}
			}
		}
	}
	for row := range lines {
		draw(row, end)
	}
	width, height := 2*margin+columns*cellWidth, bar+2*margin+lines*cellHeight
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace" font-size="14">
<title>Stagedoor: from nothing to Zoom reports (on a simulated account)</title>
<rect width="100%%" height="100%%" rx="10" fill="%s"/>
<circle cx="22" cy="19" r="6" fill="#f07178"/><circle cx="42" cy="19" r="6" fill="#ffcb6b"/><circle cx="62" cy="19" r="6" fill="#9ccc65"/>
<text x="%g" y="24" fill="#7a8594" text-anchor="middle" font-size="13">stagedoor: the first hour</text>
<g fill="%s">
%s</g>
</svg>
`, width, height, width, height, paper, width/2, inkColour, body.String())
}

// lineOf draws one line: runs of one style, each held to its columns, whatever
// the viewer's font is.
func lineOf(screen *vt.Emulator, row int) string {
	var b strings.Builder
	cursor := -1
	if at := screen.CursorPosition(); at.Y == row && !screen.CursorHidden() {
		cursor = at.X
	}
	run, start, width := "", 0, 0
	var style uv.Style
	flush := func() {
		text := strings.TrimRight(run, " ")
		trimmed := width - (len(run) - len(text))
		x := float64(start) * cellWidth
		before := len(text) - len(strings.TrimLeft(text, " ")) // blanks there would not be drawn
		text = text[before:]
		if style.Bg != nil || style.Attrs&uv.AttrReverse != 0 {
			fill := colourOf(style.Bg, paper)
			if style.Attrs&uv.AttrReverse != 0 {
				fill = colourOf(style.Fg, inkColour)
			}
			fmt.Fprintf(&b, `<rect x="%.1f" width="%.1f" height="%g" fill="%s"/>`, x, float64(width)*cellWidth, cellHeight, fill)
		}
		if text != "" {
			fmt.Fprintf(&b, `<text x="%.1f" y="13.5"%s textLength="%.1f">%s</text>`, x+float64(before)*cellWidth, attributes(style), float64(trimmed-before)*cellWidth, html.EscapeString(text))
		}
		run, width = "", 0
	}
	for x := 0; x < columns; {
		cell := screen.CellAt(x, row)
		content, cellStyle, step := " ", uv.Style{}, 1
		if cell != nil && cell.Content != "" {
			content, cellStyle, step = cell.Content, cell.Style, max(cell.Width, 1)
		}
		// Two blanks end a run, so that columns stay under each other.
		if !cellStyle.Equal(&style) || strings.HasSuffix(run, "  ") && content != " " {
			flush()
		}
		if run == "" {
			start, style = x, cellStyle
		}
		run += content
		width += step
		x += step
	}
	flush()
	if cursor >= 0 {
		fmt.Fprintf(&b, `<rect x="%.1f" width="%g" height="%g" fill="%s" opacity=".7"/>`, float64(cursor)*cellWidth, cellWidth, cellHeight-1, inkColour)
	}
	return b.String()
}

func attributes(s uv.Style) string {
	var b strings.Builder
	fg := s.Fg
	if s.Attrs&uv.AttrReverse != 0 {
		if fg = s.Bg; fg == nil {
			fmt.Fprintf(&b, ` fill="%s"`, paper)
		}
	}
	if fg != nil {
		fmt.Fprintf(&b, ` fill="%s"`, colourOf(fg, inkColour))
	}
	if s.Attrs&uv.AttrBold != 0 {
		b.WriteString(` font-weight="bold"`)
	}
	if s.Attrs&uv.AttrFaint != 0 {
		b.WriteString(` opacity=".62"`)
	}
	if s.Attrs&uv.AttrItalic != 0 {
		b.WriteString(` font-style="italic"`)
	}
	if s.Underline != 0 {
		b.WriteString(` text-decoration="underline"`)
	}
	return b.String()
}

// colourOf is a colour as SVG has it; the sixteen named ones are the picture's own.
func colourOf(c color.Color, none string) string {
	switch c := c.(type) {
	case nil:
		return none
	case ansi.BasicColor:
		return palette[c]
	case ansi.IndexedColor:
		if c < 16 {
			return palette[c]
		}
	}
	red, green, blue, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", red>>8, green>>8, blue>>8)
}
