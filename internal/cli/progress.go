package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/stagedoor/stagedoor/internal/zoom"

	syncing "github.com/stagedoor/stagedoor/internal/sync"
)

// progress shows how far a run is: one line that is written over on a
// terminal, and nothing elsewhere.
type progress struct {
	mu      sync.Mutex
	t       *terminal
	last    syncing.Progress
	shown   bool
	painted time.Time
	pace    func(stream string) string // of the calls; nil until it is known
	said    time.Time                  // when a wait was last told where there is no terminal
}

// repaint is how often the line is painted at most.
const repaint = 100 * time.Millisecond

func (p *progress) update(now syncing.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = now
	if !p.t.errTTY || time.Since(p.painted) < repaint {
		return
	}
	p.paint("")
}

func (p *progress) waiting(e zoom.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	note := fmt.Sprintf("waiting %s: %s", e.Wait.Round(100*time.Millisecond), strings.TrimSuffix(e.Cause, "."))
	switch {
	case e.Attempt == 0: // no wait of one call, but a change for all
		if p.t.errTTY && p.shown {
			fmt.Fprint(p.t.people, "\r\x1b[K")
		}
		p.t.say("%s", faint.Render(e.Cause))
	case p.t.errTTY:
		p.paint(note)
	case e.Attempt > 2 && time.Since(p.said) >= 30*time.Second:
		p.t.say("%s (attempt %d)", note, e.Attempt)
		p.said = time.Now()
	}
}

func (p *progress) paint(note string) {
	const width = 20
	filled := 0
	if p.last.Slices > 0 {
		filled = width * p.last.Done / p.last.Slices
	}
	pace := ""
	if p.pace != nil {
		if now := p.pace(p.last.Stream); now != "" {
			pace = "  " + now
		}
	}
	// What a narrow terminal cuts off comes last.
	line := fmt.Sprintf("%s%s %s  slice %d of %d  %d rows%s", strings.Repeat("█", filled), strings.Repeat("░", width-filled),
		p.last.Stream, min(p.last.Done+1, p.last.Slices), p.last.Slices, p.last.Rows, pace)
	days, _, _ := strings.Cut(p.last.Slice, "@") // what follows is an id that tells nobody anything
	switch {
	case p.last.Slices == 0:
		line = fmt.Sprintf("%s: looking for the %s to read it for  %d rows%s", p.last.Stream, p.last.Slice, p.last.Rows, pace)
	case p.last.Of != "":
		line += fmt.Sprintf("  %s, %s %d of %d", days, p.last.Of, p.last.Part, p.last.Parts)
	default:
		line += "  " + days
	}
	if note != "" {
		line += "  " + note
	}
	if p.t.errWidth > 0 {
		line = ansi.Truncate(line, p.t.errWidth-1, "…") // a line that wraps could not be written over
	}
	fmt.Fprintf(p.t.people, "\r\x1b[K%s", line)
	p.shown, p.painted = true, time.Now()
}

// end takes the line away.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.t.people, "\r\x1b[K")
		p.shown = false
	}
}

// besides is where rows go that the line would stand in the way of, as both are
// on one terminal.
type besides struct {
	out io.Writer
	bar *progress
}

func (b besides) Write(rows []byte) (int, error) {
	b.bar.end()
	return b.out.Write(rows)
}

// waiting tells a person why a single call takes long.
// Where nobody looks, a log for example, only what lasts is told, and not each
// time.
func (s *session) waiting() func(zoom.Event) {
	var mu sync.Mutex
	began := time.Now()
	var said time.Time
	return func(e zoom.Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Attempt == 0 { // no wait of one call, but a change for all
			s.say("%s", faint.Render(e.Cause))
			return
		}
		lasts := e.Wait >= 5*time.Second || time.Since(began) >= 2*time.Second && time.Since(said) >= 10*time.Second
		if s.errTTY || lasts {
			said = time.Now()
			s.say("%s", faint.Render(fmt.Sprintf("waiting %s: %s", e.Wait.Round(100*time.Millisecond), e.Cause)))
		}
	}
}
