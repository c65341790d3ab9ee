package stdout

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"
	"syscall"

	"github.com/stagedoor/stagedoor"
)

// The formats.
const (
	Table  = "table"
	JSON   = "json"
	NDJSON = "ndjson"
	CSV    = "csv"
)

// Options say how to print.
type Options struct {
	Out    io.Writer // required
	Format string    // one of the formats; if empty, Table on a terminal and else NDJSON
	Width  int       // columns of the terminal that Out is; 0 if it is none
	// Streams is how many streams this run prints. With more than one, each
	// JSON object starts with "_stream", and a table stands under its stream's
	// name.
	Streams int
}

// format is one way to print. A Destination calls it for one slice at a time.
type format interface {
	// layout returns what lays out the rows of one slice.
	layout() layout
	// print prints the committed rows of a slice.
	print(w *bufio.Writer, stream stagedoor.Stream, l layout, rows rowsOf) error
	// close prints what ends the document.
	close(w *bufio.Writer) error
}

// layout turns the records of one slice into the bytes that are spooled.
type layout interface {
	append(b []byte, stream stagedoor.Stream, values []any) ([]byte, error)
}

// rowsOf calls f for each row, in order; the bytes are valid until f returns.
type rowsOf func(f func(row []byte) error) error

// Destination prints. Several slices may be open at once; each is printed
// whole.
type Destination struct {
	mu     sync.Mutex // held while a slice is printed
	out    *bufio.Writer
	format format
}

var _ stagedoor.Destination = (*Destination)(nil)

// New returns a Destination that prints to o.Out.
func New(o Options) (*Destination, error) {
	d := &Destination{out: bufio.NewWriterSize(o.Out, 64<<10)}
	several := o.Streams > 1
	name := o.Format
	if name == "" {
		name = NDJSON
		if o.Width > 0 {
			name = Table
		}
	}
	switch name {
	case Table:
		d.format = &tableFormat{width: o.Width, several: several}
	case JSON:
		d.format = &jsonFormat{several: several}
	case NDJSON:
		d.format = &ndjsonFormat{several: several}
	case CSV:
		if several {
			return nil, &stagedoor.Error{
				Op: "print the rows", Subject: "--format csv", Kind: stagedoor.KindUsage,
				Cause: "a CSV document has one header, and the streams have different columns",
				Fix:   "Name one stream, or use --format ndjson, or --into with a destination that keeps a table for each.",
			}
		}
		d.format = &csvFormat{}
	default:
		return nil, &stagedoor.Error{
			Op: "print the rows", Subject: "--format", Kind: stagedoor.KindUsage,
			Cause: "there is no format of that name",
			Fix:   "Use table, json, ndjson or csv.",
		}
	}
	return d, nil
}

// Name returns "stdout".
func (d *Destination) Name() string { return "stdout" }

// Checkpoints returns none: what was printed is not here any more.
func (d *Destination) Checkpoints(context.Context, stagedoor.Stream, string, string) ([]stagedoor.Checkpoint, error) {
	return nil, nil
}

// Parts returns none.
func (d *Destination) Parts(context.Context, stagedoor.Stream, string) ([]string, error) {
	return nil, nil
}

// Begin opens a slice.
func (d *Destination) Begin(_ context.Context, stream stagedoor.Stream, _ stagedoor.Slice, _ string) (stagedoor.SliceWriter, error) {
	return &slice{d: d, stream: stream, layout: d.format.layout()}, nil
}

// Close ends the document; a JSON array is closed whatever happened before, so
// that what was printed can be read. It does not close the writer.
//
// Where the reader of a pipe has gone (as head does), Commit and Close return
// an error of [stagedoor.KindInterrupted] that wraps EPIPE: the run must stop,
// and a command may tell it from Ctrl-C and end without a word.
func (d *Destination) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return explain(errors.Join(d.format.close(d.out), d.out.Flush()))
}

// explain tells a person why rows could not be spooled or printed; nil stays nil.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*stagedoor.Error](err); ok {
		return e
	}
	e := &stagedoor.Error{Op: "print the rows", Subject: "stdout", Kind: stagedoor.KindDestination, Err: err}
	switch {
	case errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe):
		e.Kind, e.Cause = stagedoor.KindInterrupted, "the program that read the output has ended"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Cause = stagedoor.KindInterrupted, "it was stopped before the slice was printed"
	case errors.Is(err, syscall.ENOSPC):
		e.Cause, e.Fix = "the disk is full", "Free some space where the output goes and in the folder for temporary files, then run the command again."
	default:
		e.Cause, e.Fix = "the output could not be written: "+err.Error(), "See where the output goes, and run the command again."
	}
	return e
}
