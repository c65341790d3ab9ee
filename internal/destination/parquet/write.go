package parquet

import (
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/snappy"

	"github.com/stagedoor/stagedoor"
)

const (
	// batchRows is how many rows wait as values before they go to the columns.
	batchRows = 64
	// groupBytes is about how much a row group holds before it is compressed;
	// its compressed pages stay in memory until it is full.
	groupBytes = 8 << 20
	// pageBytes is how much of a column waits to be compressed, of each column.
	pageBytes = 128 << 10
	// mostKept is how many writers are kept for the next files.
	mostKept = 2
)

// quick is Snappy, written in the quicker of its two ways; readers see no
// difference. With Zstandard files are a third smaller, compressing takes four
// times as long, and every encoder some MiB.
type quick struct{ snappy.Codec }

// Encode compresses src.
func (quick) Encode(dst, src []byte) ([]byte, error) {
	return s2.EncodeSnappy(dst[:cap(dst)], src), nil
}

// Writer writes rows. It fulfils folder.Writer.
type Writer struct {
	of      []stagedoor.Column
	to      *parquet.GenericWriter[any]
	columns [][]parquet.Value // of the rows that wait
	chunk   []byte            // their texts
	i       int               // the column that comes
	rows    int
	group   int // bytes of the row group
	out     []*parquet.ColumnWriter
}

// kept are writers whose file was ended. A run writes hundreds of files, one or
// two at once, and the buffers of a writer are some MiB.
var kept struct {
	mu   sync.Mutex // guards list
	list []*Writer
}

// reused returns a writer that has written such a file before, or nil.
func reused(to io.Writer, columns []stagedoor.Column) *Writer {
	kept.mu.Lock()
	defer kept.mu.Unlock()
	i := slices.IndexFunc(kept.list, func(w *Writer) bool { return slices.Equal(w.of, columns) })
	if i < 0 {
		return nil
	}
	w := kept.list[i]
	kept.list = slices.Delete(kept.list, i, i+1)
	w.to.Reset(to)
	return w
}

// keep lets another file have the writer.
func (w *Writer) keep() {
	w.to.Reset(io.Discard) // and not the file
	w.group = 0
	kept.mu.Lock()
	defer kept.mu.Unlock()
	if len(kept.list) == mostKept {
		kept.list = slices.Delete(kept.list, 0, 1) // perhaps of a stream that is done
	}
	kept.list = append(kept.list, w)
}

// NewWriter returns a writer of rows with these columns.
func NewWriter(to io.Writer, columns []stagedoor.Column) (*Writer, error) {
	if w := reused(to, columns); w != nil {
		return w, nil
	}
	config, err := parquet.NewWriterConfig(
		schemaOf(columns),
		parquet.Compression(&quick{}),
		parquet.SortingWriterConfig(parquet.SortingColumns(parquet.Ascending(columns[0].Name))),
		parquet.SkipPageBounds("_raw"),
		parquet.PageBufferSize(pageBytes),
		parquet.CreatedBy("stagedoor", "", ""),
	)
	if err != nil {
		return nil, err
	}
	w := &Writer{of: slices.Clone(columns), to: parquet.NewGenericWriter[any](to, config)}
	w.out = w.to.ColumnWriters()
	for range columns {
		w.columns = append(w.columns, make([]parquet.Value, 0, batchRows))
	}
	return w, nil
}

// put takes a value of the column that comes.
func (w *Writer) put(v parquet.Value) {
	level := 1
	if w.i == 0 {
		level = 0 // the key is never null
	}
	w.columns[w.i] = append(w.columns[w.i], v.Level(0, level, w.i))
	w.i++
}

// Null writes null.
func (w *Writer) Null() {
	w.columns[w.i] = append(w.columns[w.i], parquet.NullValue().Level(0, 0, w.i))
	w.i++
}

// Text writes text.
func (w *Writer) Text(text []byte) {
	at := len(w.chunk)
	w.chunk = append(w.chunk, text...) // a new array leaves the former texts where they are
	w.put(parquet.ByteArrayValue(w.chunk[at:]))
	w.group += len(text)
}

// Integer writes a number.
func (w *Writer) Integer(i int64) { w.put(parquet.Int64Value(i)) }

// Real writes a number.
func (w *Writer) Real(f float64) { w.put(parquet.DoubleValue(f)) }

// Boolean writes true or false.
func (w *Writer) Boolean(b bool) { w.put(parquet.BooleanValue(b)) }

// Time writes a time.
func (w *Writer) Time(micros int64) { w.put(parquet.Int64Value(micros)) }

// End ends the row.
func (w *Writer) End() error {
	w.i = 0
	w.rows++
	w.group += 8 * len(w.columns)
	if w.rows == batchRows {
		return w.batch()
	}
	return nil
}

// batch gives the rows that wait to the columns.
func (w *Writer) batch() error {
	for i, values := range w.columns {
		if _, err := w.out[i].WriteRowValues(values); err != nil {
			return err
		}
		w.columns[i] = values[:0]
	}
	w.rows, w.chunk = 0, w.chunk[:0]
	if w.group < groupBytes {
		return nil
	}
	w.group = 0
	return w.to.Flush()
}

// Close writes what is held back and the end of the file.
func (w *Writer) Close() error {
	if err := w.batch(); err != nil {
		return err
	}
	if err := w.to.Close(); err != nil {
		return err
	}
	w.keep()
	return nil
}
