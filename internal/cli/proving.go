package cli

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/stagedoor/stagedoor"
)

// proving shows a check while it runs: each step when it is proven, and on a
// terminal what is being waited for.
type proving struct {
	t     *terminal
	slug  string // "": a credential that no command can name yet, so that fixes by command are left out
	mu    sync.Mutex
	stop  chan struct{} // closed: the line is no longer turned
	ended sync.WaitGroup
}

// watching shows a check; whoever has it calls end. With quiet it shows nothing.
func (s *session) watching(slug string, quiet bool) *proving {
	if quiet {
		return nil
	}
	return &proving{t: s.terminal, slug: slug}
}

// watcher is what a check tells of its steps; nil where nothing is shown.
func (p *proving) watcher() stagedoor.Watcher {
	if p == nil {
		return nil
	}
	return p
}

// The frames of a line that turns, and how long each stays.
var turning = [...]string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

const turn = 100 * time.Millisecond

// Asking is told what the check waits for.
func (p *proving) Asking(what string) {
	p.end()
	if !p.t.errTTY || p.t.plain() {
		return
	}
	line := ansi.Truncate(what+" …", max(p.t.errWidth-4, 1), "…")
	stop := make(chan struct{})
	p.mu.Lock()
	p.stop = stop
	p.mu.Unlock()
	p.ended.Go(func() {
		tick := time.NewTicker(turn)
		defer tick.Stop()
		for i := 0; ; i++ {
			fmt.Fprintf(p.t.people, "\r\x1b[K%s  %s", faint.Render(turning[i%len(turning)]), faint.Render(line))
			select {
			case <-stop:
				fmt.Fprint(p.t.people, "\r\x1b[K")
				return
			case <-tick.C:
			}
		}
	})
}

// Found is told a step.
func (p *proving) Found(step stagedoor.Step) {
	p.end()
	p.t.sayStep(p.slug, step)
}

// end takes the turning line away, and returns when it is gone.
func (p *proving) end() {
	if p == nil {
		return
	}
	p.mu.Lock()
	if p.stop != nil {
		close(p.stop)
		p.stop = nil
	}
	p.mu.Unlock()
	p.ended.Wait()
}

// sayStep prints a step of a check.
func (t *terminal) sayStep(slug string, step stagedoor.Step) {
	mark := map[string]string{"ok": green.Render("ok  "), "warn": amber.Render("warn"), "fail": red.Render("fail")}[step.Result]
	const indent = 16 // of what follows a mark and a name
	says := oneLine(step.Says)
	if t.errWidth > 2*indent {
		says = strings.ReplaceAll(ansi.Wrap(says, t.errWidth-indent, ""), "\n", "\n"+strings.Repeat(" ", indent))
	}
	t.say("%s  %-8s  %s", mark, step.Name, says)
	if step.Result != "warn" || step.Notice == nil || step.Notice.Fix == "" || slug == "" {
		return
	}
	fix := fixFor(slug, step.Notice.Fix)
	if t.errWidth > 2*indent {
		fix = strings.ReplaceAll(ansi.Wrap(fix, t.errWidth-indent, ""), "\n", "\n"+strings.Repeat(" ", indent))
	}
	t.say("%s%s", strings.Repeat(" ", indent), faint.Render(fix))
}
