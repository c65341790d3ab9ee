package form

import (
	"context"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"
)

// Lines asks line by line: it writes from top to bottom, moves no cursor, and
// names each option by a number.
type Lines struct {
	In    *os.File
	Out   io.Writer
	Width int // columns to wrap at; 0: not at all
}

// Ask puts the questions one after the other. What can not be right is asked
// again, with the reason.
func (l Lines) Ask(ctx context.Context, questions ...Question) error {
	for _, q := range questions {
		l.say("")
		l.say(q.Title)
		if q.About != "" {
			l.say(q.About)
		}
		ask := l.text
		switch {
		case q.One != nil:
			ask = l.one
		case q.Several != nil:
			ask = l.several
		}
		if err := ask(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func (l Lines) text(ctx context.Context, q Question) error {
	for {
		read, prompt := l.Line, "> "
		switch {
		case q.Hidden && q.Kept:
			read, prompt = l.Hidden, "(not shown; Enter keeps the one you typed) > "
		case q.Hidden:
			read, prompt = l.Hidden, "(not shown) > "
		case *q.Text != "":
			prompt = "(Enter keeps " + *q.Text + ") > "
		}
		text, err := read(ctx, prompt)
		if err != nil {
			return err
		}
		if trimmed(text) == "" && !q.Hidden {
			text = *q.Text
		}
		remark := q.check(text)
		if remark.Says != "" {
			l.say(remark.Says)
		}
		if !remark.Refused {
			q.answer(text)
			return nil
		}
	}
}

func (l Lines) one(ctx context.Context, q Question) error {
	l.options(q, func(o Option) bool { return o.Value == *q.One })
	for {
		text, err := l.Line(ctx, "number (Enter: the one with *) > ")
		if err != nil {
			return err
		}
		if strings.TrimSpace(text) == "" && slices.ContainsFunc(q.Options, func(o Option) bool { return o.Value == *q.One }) {
			return nil
		}
		if o, ok := q.option(text); ok {
			*q.One = o.Value
			return nil
		}
		l.say("Please give a number from 1 to " + strconv.Itoa(len(q.Options)) + ".")
	}
}

func (l Lines) several(ctx context.Context, q Question) error {
	l.options(q, func(o Option) bool { return slices.Contains(*q.Several, o.Value) })
	prompt := "numbers, such as 1,3 (Enter: none) > "
	if len(*q.Several) > 0 {
		prompt = "numbers, such as 1,3 (Enter: those with *) > "
	}
again:
	for {
		text, err := l.Line(ctx, prompt)
		if err != nil {
			return err
		}
		words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || blank(r) })
		if len(words) == 0 {
			return nil
		}
		chosen := []string{}
		for _, word := range words {
			o, ok := q.option(word)
			if !ok {
				l.say("Please give numbers from 1 to " + strconv.Itoa(len(q.Options)) + ", with commas between.")
				continue again
			}
			if !slices.Contains(chosen, o.Value) {
				chosen = append(chosen, o.Value)
			}
		}
		*q.Several = chosen
		return nil
	}
}

func (l Lines) options(q Question, chosen func(Option) bool) {
	for i, o := range q.Options {
		mark := " "
		if chosen(o) {
			mark = "*"
		}
		line := fmt.Sprintf("%s %d. %s", mark, i+1, o.Title)
		if o.About != "" {
			line += ": " + o.About
		}
		l.say(line)
	}
}

// option finds an option by its number or by its value.
func (q Question) option(text string) (Option, bool) {
	text = strings.TrimSpace(text)
	if n, err := strconv.Atoi(text); err == nil {
		if n < 1 || n > len(q.Options) {
			return Option{}, false
		}
		return q.Options[n-1], true
	}
	for _, o := range q.Options {
		if text != "" && strings.EqualFold(o.Value, text) {
			return o, true
		}
	}
	return Option{}, false
}

func (l Lines) say(text string) {
	if l.Width > 0 {
		text = ansi.Wrap(text, l.Width, "")
	}
	fmt.Fprintln(l.Out, text)
}

// Line reads one line, which the terminal shows. A person who leaves by Ctrl-C
// ends ctx; the read itself can not be ended, so it is left behind.
func (l Lines) Line(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(l.Out, prompt)
	return l.await(ctx, func() (string, error) {
		var b strings.Builder
		// One byte at a time: what comes after the line is for the next question.
		buf := make([]byte, 1)
		for {
			n, err := l.In.Read(buf)
			if n > 0 && buf[0] == '\n' {
				return strings.TrimSuffix(b.String(), "\r"), nil
			}
			b.Write(buf[:n])
			if err != nil {
				if b.Len() == 0 {
					return "", ErrLeft
				}
				return b.String(), nil
			}
		}
	})
}

// Hidden reads one line that the terminal does not show.
func (l Lines) Hidden(ctx context.Context, prompt string) (string, error) {
	fd := int(l.In.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	prompted := make(chan struct{})
	go func() {
		defer close(prompted)
		awaitSilence(fd, before)
		fmt.Fprint(l.Out, prompt)
	}()
	text, err := l.await(ctx, func() (string, error) {
		b, err := term.ReadPassword(fd)
		if err != nil {
			return "", ErrLeft
		}
		return string(b), nil
	})
	<-prompted
	if err != nil {
		_ = term.Restore(fd, before) // a terminal that stays silent is of no use to anybody
	}
	fmt.Fprintln(l.Out)
	return text, err
}

// awaitSilence waits until a terminal has left its former state, as it does when
// it stops to show what is typed: whoever answers as soon as they are asked, by
// pasting, must not see the answer. One that was silent before is not waited for
// long.
func awaitSilence(fd int, before *term.State) {
	for range 100 {
		if now, err := term.GetState(fd); err != nil || !reflect.DeepEqual(now, before) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (l Lines) await(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := read()
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		if ctx.Err() != nil {
			return "", ErrLeft
		}
		return r.text, r.err
	case <-ctx.Done():
		return "", ErrLeft
	}
}
