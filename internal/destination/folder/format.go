package folder

import (
	"io"

	"github.com/stagedoor/stagedoor"
)

// Format is how rows are laid out in a file.
type Format struct {
	Name string // "jsonl": what stands before the colon of a URL
	// Compress is "gzip" or "zstd" where the files are compressed as a whole,
	// which the reader's and the writer's caller does; empty where they are not,
	// or where the format compresses by itself.
	Compress string
	// Create returns a writer of rows with these columns, whose types are Text,
	// Integer, Real, Boolean, Timestamp and JSON. The first column is the key, by
	// which the rows come in order, and never null.
	Create func(to io.Writer, columns []stagedoor.Column) (Writer, error)
	// Open returns a reader of a file that Create wrote, which gives the named
	// columns, null where the file lacks one. From is an io.ReaderAt too unless
	// Compress is set; size is that of the file.
	Open func(from io.Reader, size int64, columns []stagedoor.Column) (Reader, error)
}

// Suffix returns how names of the format's files end.
func (f Format) Suffix() string {
	switch f.Compress {
	case "gzip":
		return "." + f.Name + ".gz"
	case "zstd":
		return "." + f.Name + ".zst"
	}
	return "." + f.Name
}

// Writer takes rows cell by cell, in the order of the columns, and each row's
// end. What it is given it may use only until it returns. Times are microseconds
// since 1970, UTC. An error of a cell comes back at the row's end.
type Writer interface {
	Null()
	Text(text []byte)
	Integer(i int64)
	Real(f float64)
	Boolean(b bool)
	Time(micros int64)
	End() error
	// Close writes what is held back. It does not close what lies below.
	Close() error
}

// Reader gives rows one by one. What a method returns is valid until the next
// call of Next; ok is false for null. A column is asked for by its number, with
// the method of its type (Text for JSON too).
type Reader interface {
	Next() error // io.EOF after the last row
	Text(i int) (text []byte, ok bool)
	Integer(i int) (n int64, ok bool)
	Real(i int) (f float64, ok bool)
	Boolean(i int) (b, ok bool)
	Time(i int) (micros int64, ok bool)
	Close() error
}
