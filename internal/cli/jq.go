package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/itchyny/gojq"

	"github.com/stagedoor/stagedoor"
)

// filter is a compiled jq expression. Expressions may come from others, so they
// see the answer and nothing else: the environment is empty for them ($ENV,
// env), and input, include and import, which would read more, do not compile.
type filter struct {
	text string
	code *gojq.Code
}

// errHalt tells that the expression said halt: there is nothing more to print,
// and nothing went wrong.
var errHalt = errors.New("halt")

// newFilter compiles an expression; its error says where it is wrong.
func newFilter(text string) (*filter, error) {
	query, err := gojq.Parse(text)
	if err != nil {
		cause := strings.ReplaceAll(err.Error(), "EOF", "end")
		if wrong, ok := errors.AsType[*gojq.ParseError](err); ok {
			// Offset lies behind the token that was not expected.
			cause += place(text, wrong.Offset-len(wrong.Token))
		}
		return nil, badFilter(text, cause)
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return nil, badFilter(text, notCompiled(text, err))
	}
	return &filter{text: text, code: code}, nil
}

func badFilter(text, cause string) error {
	return &stagedoor.Error{
		Op: "read the jq expression", Subject: "-q '" + oneLine(text) + "'", Kind: stagedoor.KindUsage,
		Cause: cause, Fix: "Write it like -q '.users[].email'; https://jqlang.org/manual is the language's manual.",
	}
}

// notCompiled says what an expression asks for that is not there.
func notCompiled(text string, err error) string {
	cause := err.Error()
	if strings.Contains(cause, "cannot load module") || strings.HasPrefix(cause, "input(s)/0") {
		return "input, include and import are closed: an expression sees the answer and nothing else"
	}
	// gojq names what it did not find, "foo/1" or "$x", without its place.
	if _, name, ok := strings.Cut(cause, "not defined: "); ok {
		name, _, _ = strings.Cut(name, "/")
		if at := strings.Index(text, name); at >= 0 {
			return cause + place(text, at)
		}
	}
	return cause
}

// place names the place in an expression by its character, and by what stands
// before it.
func place(text string, at int) string {
	at = max(0, min(at, len(text)))
	before := text[:at]
	said := fmt.Sprintf(" at character %d", utf8.RuneCountInString(before)+1)
	if at == 0 {
		return said
	}
	if cut := len(before) - 24; cut > 0 {
		before = "…" + strings.ToValidUTF8(before[cut:], "")
	}
	return said + ", after `" + oneLine(before) + "`"
}

// print runs the expression on one JSON value and prints each result: a text as
// it is, anything else as JSON. Numbers that the expression only hands on keep
// their digits; whole numbers are exact whatever their size.
func (f *filter) print(ctx context.Context, w *bufio.Writer, value []byte, how resultStyle) error {
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(value, []byte("\xEF\xBB\xBF"))))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return f.failed("the answer is not JSON: "+err.Error(), "Leave -q out to see it.", err)
	}
	for results := f.code.RunWithContext(ctx, v); ; {
		result, more := results.Next()
		if !more {
			return nil
		}
		if err, ok := result.(error); ok {
			if halt, ok := errors.AsType[*gojq.HaltError](err); ok && halt.Value() == nil {
				return errHalt
			}
			if ctx.Err() != nil {
				return err
			}
			return f.failed("it does not fit the answer: "+stagedoor.Outside(err.Error(), 200),
				"Leave -q out to see the answer; .name? and // step over what is not there.", err)
		}
		if err := how.write(w, result); err != nil {
			return err
		}
	}
}

func (f *filter) failed(cause, fix string, err error) error {
	return &stagedoor.Error{
		Op: "run the jq expression", Subject: "-q '" + oneLine(f.text) + "'", Kind: stagedoor.KindBadAnswer,
		Cause: cause, Fix: fix, Err: err,
	}
}

// resultStyle is how results are printed.
type resultStyle struct {
	indent bool // objects and lists over several lines
	clean  bool // for a terminal, which texts of others must not steer
}

func (how resultStyle) write(w io.Writer, result any) error {
	if text, ok := result.(string); ok {
		if how.clean {
			text = strings.Map(func(r rune) rune {
				if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
					return ' '
				}
				return r
			}, text)
		}
		_, err := fmt.Fprintln(w, text)
		return err
	}
	line, err := gojq.Marshal(result)
	if err != nil {
		return err
	}
	if how.indent {
		var b bytes.Buffer
		if json.Indent(&b, line, "", "  ") == nil {
			line = b.Bytes()
		}
	}
	_, err = fmt.Fprintf(w, "%s\n", line)
	return err
}
