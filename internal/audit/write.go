package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/stagedoor/stagedoor"
)

// write is the writer: one goroutine that writes what is held, in batches, until
// the log is closed.
func (l *Log) write(ctx context.Context) {
	defer close(l.closed)
	for over := false; !over; {
		select {
		case <-l.some:
		case <-l.closing:
		}
		over = l.pause(l.o.Batch, l.urge) // for others to join
		for rest := restingFirst; ; rest = min(2*rest, restingMost) {
			more, err := l.flush(ctx)
			if err == nil && !more || err != nil && over {
				break
			}
			if err != nil {
				over = l.pause(rest, nil)
			}
		}
	}
}

// pause waits for d, or until it is cut short; over says that the log was closed.
func (l *Log) pause(d time.Duration, short <-chan struct{}) (over bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-short:
	case <-l.closing:
	}
	select {
	case <-l.closing:
		return true
	default:
		return false
	}
}

// flush writes the oldest lines that are held, in one transaction; more says that
// others wait.
func (l *Log) flush(ctx context.Context) (more bool, err error) {
	l.mu.Lock()
	lines := make([]line, min(len(l.held), l.o.Lines))
	for i := range lines {
		lines[i] = l.held[i].line
	}
	l.mu.Unlock()
	if len(lines) == 0 {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, writing)
	defer cancel()
	written, err := l.append(ctx, lines)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		for i := range lines {
			// They are told now; the line itself is tried again.
			l.held[i].tell(err)
			l.held[i].done = nil
		}
		if l.failing == nil {
			l.o.Log.Warn("the audit can not be written; its lines are held", "error", err, "held", len(l.held))
		}
		l.failing = err
		return true, err
	}
	for i := range written {
		l.held[i].tell(nil)
	}
	clear(l.held[:written]) // their texts are not kept alive
	if l.held = l.held[written:]; len(l.held) == 0 {
		l.held = nil
	}
	if l.gap.lines > 0 && len(l.held) < l.o.Hold {
		l.held = append(l.held, entry{line: l.gap.line(l.o.Wall())})
		l.o.Log.Error("lines of the audit were lost", "lines", l.gap.lines)
		l.gap = gap{}
	}
	if l.failing != nil {
		l.o.Log.Warn("the audit is written again")
		l.failing = nil
	}
	close(l.room)
	l.room = make(chan struct{})
	return len(l.held) > 0, nil
}

// append writes lines at the end of the chain, and returns how many of them are
// written now.
func (l *Log) append(ctx context.Context, lines []line) (written int, err error) {
	var to stagedoor.AuditPlace
	ask := l.last.Chain
	if l.doubt.Chain != 0 {
		ask = l.doubt.Chain
	}
	err = l.store.AppendAudit(ctx, ask, func(state stagedoor.AuditState) ([]stagedoor.AuditRow, error) {
		if l.doubt.Chain != 0 && isAt(l.doubt, state.Own) {
			to, written = l.doubt, l.doubted
			return nil, nil
		}
		rows, now, err := l.extend(state, lines, l.o.Wall())
		to, written = now, len(lines)
		return rows, err
	})
	if err != nil {
		// Whether the transaction was ended before the error is not known.
		if to.Chain != 0 {
			l.doubt, l.doubted = to, written
		}
		return 0, err
	}
	l.last, l.doubt, l.doubted = to, stagedoor.AuditPlace{}, 0
	return written, nil
}

func (e entry) tell(err error) {
	if e.done != nil {
		e.done <- err
	}
}

func (g gap) line(now time.Time) line {
	return line{Lost: g.lines, Event: normal(stagedoor.Event{
		At: now, Actor: "process", Action: actGap, Result: string(stagedoor.KindStore),
		Detail: fmt.Sprintf("%d lines were lost from %s on: the database took none for too long", g.lines, g.since.UTC().Format(time.RFC3339)),
	})}
}

// Close writes what is held and ends the writer. Lines that can not be written
// before ctx ends are an error that counts them.
func (l *Log) Close(ctx context.Context) error {
	l.mu.Lock()
	if l.ending {
		l.mu.Unlock()
		return nil
	}
	l.ending = true
	running := l.running
	l.mu.Unlock()
	close(l.closing)
	if !running {
		return nil
	}
	defer context.AfterFunc(ctx, l.stop)()
	<-l.closed
	l.stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	lost := int64(len(l.held)) + l.gap.lines
	if lost == 0 {
		return nil
	}
	return &stagedoor.Error{
		Op: "write the audit", Kind: stagedoor.KindStore, Err: l.failing,
		Cause: fmt.Sprintf("%d lines could not be written and are lost: %v", lost, l.failing),
		Fix:   "See why the database can not be written: `stagedoor doctor`.",
	}
}
