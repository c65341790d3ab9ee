package parquet

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/stagedoor/stagedoor"
)

// Reader reads what a Writer wrote. It fulfils folder.Reader.
type Reader struct {
	groups []parquet.RowGroup
	rows   parquet.Rows // of the row group that is read
	at     []int        // for each column that is wanted: its place in the file; -1 if the file lacks it
	batch  []parquet.Row
	i, n   int
	err    error // what came with the last rows of the batch
}

// NewReader returns a reader that gives these columns.
func NewReader(from io.ReaderAt, size int64, columns []stagedoor.Column) (*Reader, error) {
	file, err := parquet.OpenFile(from, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(64<<10))
	if err != nil {
		return nil, err
	}
	r := &Reader{groups: file.RowGroups(), batch: make([]parquet.Row, 32), i: -1}
	for _, c := range columns {
		at := -1
		if leaf, ok := file.Schema().Lookup(c.Name); ok {
			at = leaf.ColumnIndex
		}
		r.at = append(r.at, at)
	}
	return r, nil
}

// Next reads a row.
func (r *Reader) Next() error {
	for r.i++; r.i >= r.n; r.i = 0 {
		if r.err != nil && !errors.Is(r.err, io.EOF) {
			return r.err
		}
		if r.rows == nil || r.err != nil {
			if err := r.group(); err != nil {
				return err
			}
		}
		r.n, r.err = r.rows.ReadRows(r.batch)
	}
	return nil
}

// group goes on to the next row group.
func (r *Reader) group() error {
	if r.rows != nil {
		if err := r.rows.Close(); err != nil {
			return err
		}
		r.rows = nil
	}
	if len(r.groups) == 0 {
		r.i, r.n = -1, 0
		return io.EOF
	}
	r.rows, r.err = r.groups[0].Rows(), nil
	r.groups = r.groups[1:]
	return nil
}

func (r *Reader) value(i int) (v parquet.Value, ok bool) {
	if r.at[i] < 0 {
		return v, false
	}
	v = r.batch[r.i][r.at[i]] // rows are flat: a value a column
	return v, !v.IsNull()
}

// Text returns text.
func (r *Reader) Text(i int) ([]byte, bool) {
	v, ok := r.value(i)
	if !ok {
		return nil, false
	}
	return v.ByteArray(), true
}

// Integer returns a number.
func (r *Reader) Integer(i int) (int64, bool) {
	v, ok := r.value(i)
	return v.Int64(), ok
}

// Real returns a number.
func (r *Reader) Real(i int) (float64, bool) {
	v, ok := r.value(i)
	return v.Double(), ok
}

// Boolean returns true or false.
func (r *Reader) Boolean(i int) (b, ok bool) {
	v, ok := r.value(i)
	return v.Boolean(), ok
}

// Time returns a time.
func (r *Reader) Time(i int) (int64, bool) { return r.Integer(i) }

// Close ends the reading.
func (r *Reader) Close() error {
	if r.rows == nil {
		return nil
	}
	err := r.rows.Close()
	r.rows = nil
	return err
}
