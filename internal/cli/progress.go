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

// progress shows how far a run is: one line that is written over on a terminal,
// and elsewhere a line now and then, so that a log tells that it goes on.
type progress struct {
	mu      sync.Mutex
	t       *terminal
	last    syncing.Progress
	shown   bool
	painted time.Time
	said    time.Time // when a wait was last told where there is no terminal
}

const (
	repaint = 100 * time.Millisecond // how often the line is painted at most
	relate  = 15 * time.Second       // how often a log gets a line
)

// newProgress begins to count the time to the first line of a log.
func newProgress(t *terminal) *progress { return &progress{t: t, painted: time.Now()} }

func (p *progress) update(now syncing.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = now
	switch {
	case p.t.errTTY && (!p.shown || time.Since(p.painted) >= repaint):
		p.paint("")
	case !p.t.errTTY && time.Since(p.painted) >= relate:
		p.painted = time.Now()
		figures, what := progressWords(now)
		p.t.say("%s  %s", figures, what)
	}
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
	figures, what := progressWords(p.last)
	line := barBefore(figures, p.last, p.t.errWidth) + figures + "  " + what
	if note != "" {
		line = note + "  " + line
	}
	if p.t.errWidth > 0 {
		line = ansi.Truncate(line, p.t.errWidth-1, "…") // a line that wraps could not be written over
	}
	fmt.Fprintf(p.t.people, "\r\x1b[K%s", line)
	p.shown, p.painted = true, time.Now()
}

// barBefore draws how much is done, in the columns that the figures leave on the
// line: they say more. A width of 0 is one that nobody knows.
func barBefore(figures string, p syncing.Progress, width int) string {
	const most, least = 20, 5
	long := most
	if width > 0 {
		const around = 5 // a blank, what tells that the rest is cut off, and the last column
		long = min(most, width-around-ansi.StringWidth(figures))
	}
	if long < least {
		return ""
	}
	filled := 0
	if p.Slices > 0 {
		filled = long * p.Done / p.Slices
	}
	return strings.Repeat("█", filled) + strings.Repeat("░", long-filled) + " "
}

// progressWords says how far a run is, in figures, and what it is at: what a narrow
// terminal cuts off comes last.
func progressWords(p syncing.Progress) (figures, what string) {
	if len(p.Streams) == 0 {
		return "", ""
	}
	now := p.Streams[p.Now]
	words := []string{fmt.Sprintf("%d of %s", p.Done, count(p.Slices, "slice")), count(p.Rows, "row"), count(p.Requests, "call")}
	if p.SecondsLeft >= 0 {
		words = append(words, "about "+shortly(time.Duration(p.SecondsLeft)*time.Second)+" left")
	}
	if now.Pace != "" {
		words = append(words, now.Pace)
	}
	days, _, _ := strings.Cut(now.Slice, "@") // what follows is an id that tells nobody anything
	what = now.Stream
	switch {
	case now.State == syncing.StreamFinds:
		what += ": looking for the " + now.Of + " to read it for"
	case now.Parts > 0:
		what += fmt.Sprintf(" %s for %d %s", days, now.Parts, now.Of)
	case days != "":
		what += " " + days
	}
	if others := p.Reading() - 1; others > 0 {
		what += "  and " + count(others, "more stream")
	}
	return strings.Join(words, "  "), what
}

// shortly says a span as a person would: "40s", "12m", "3h20m".
func shortly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()+0.5))
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
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
