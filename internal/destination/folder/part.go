package folder

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/stagedoor/stagedoor"
)

// part is a part file that is being written, under a temporary name.
type part struct {
	Writer
	columns  []stagedoor.Column
	file     *os.File
	buffer   *bufio.Writer
	compress io.WriteCloser // nil where nothing compresses

	rows, deleted int
	first, last   []byte
}

// newPart begins a part in a file that is open and empty.
func newPart(format Format, file *os.File, columns []stagedoor.Column) (*part, error) {
	var err error
	p := &part{columns: columns, file: file, buffer: bufio.NewWriterSize(file, 128<<10)}
	var to io.Writer = p.buffer
	switch format.Compress {
	case "gzip":
		p.compress = gzip.NewWriter(p.buffer)
	case "zstd":
		// One goroutine and a window of 1 MiB: a few slices may be written at once.
		p.compress, err = zstd.NewWriter(p.buffer, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
	}
	if p.compress != nil {
		to = p.compress
	}
	if err == nil {
		p.Writer, err = format.Create(to, columns)
	}
	if err != nil {
		p.drop()
		return nil, err
	}
	return p, nil
}

// ended counts a row that was written.
func (p *part) ended(key []byte, deleted bool) error {
	if p.rows == 0 {
		p.first = append([]byte(nil), key...)
	}
	p.last = append(p.last[:0], key...)
	p.rows++
	if deleted {
		p.deleted++
	}
	return p.End()
}

// finish brings everything onto the disk, and returns the file's size.
func (p *part) finish() (int64, error) {
	err := p.Close()
	if p.compress != nil && err == nil {
		err = p.compress.Close()
	}
	if err == nil {
		err = p.buffer.Flush()
	}
	if err == nil {
		err = p.file.Sync()
	}
	size, sizeErr := p.file.Seek(0, io.SeekEnd)
	return size, errors.Join(err, sizeErr, p.file.Close())
}

// drop removes the file; after it was renamed there is nothing to remove.
func (p *part) drop() {
	_ = p.file.Close() // it may be closed already
	_ = os.Remove(p.file.Name())
}

// opened is a part file that is read.
type opened struct {
	Reader
	file       *os.File
	decompress func()
}

func openPart(format Format, path string, bytes int64, columns []stagedoor.Column) (*opened, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	o := &opened{file: file, decompress: func() {}}
	info, err := file.Stat()
	var from io.Reader = file
	if err == nil && info.Size() != bytes {
		err = fmt.Errorf("it has %d bytes, and the manifest says %d: somebody changed it", info.Size(), bytes)
	}
	if err == nil {
		from, err = o.plain(path)
	}
	if err == nil {
		o.Reader, err = format.Open(from, info.Size(), columns)
	}
	if err != nil {
		o.decompress()
		_ = file.Close() // nothing was written
		return nil, errors.Join(errors.New("the part "+path+" can not be read"), err)
	}
	return o, nil
}

// plain returns what the file holds; how it is compressed its name tells, since
// a folder's files need not all be compressed alike.
func (o *opened) plain(path string) (io.Reader, error) {
	switch filepath.Ext(path) {
	case ".gz":
		return gzip.NewReader(bufio.NewReaderSize(o.file, 64<<10))
	case ".zst":
		r, err := zstd.NewReader(o.file, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			return nil, err
		}
		o.decompress = r.Close
		return r, nil
	}
	return o.file, nil
}

func (o *opened) close() {
	_ = o.Reader.Close()
	o.decompress()
	_ = o.file.Close() // nothing was written
}

// copyRow writes the row that r is at into w, with another time of deletion
// where mark is not nil.
func copyRow(r Reader, w *part, mark *int64) error {
	deleted := false
	key, _ := r.Text(0)
	for i, c := range w.columns {
		ok := false
		switch c.Type {
		case stagedoor.Integer:
			var n int64
			if n, ok = r.Integer(i); ok {
				w.Integer(n)
			}
		case stagedoor.Real:
			var f float64
			if f, ok = r.Real(i); ok {
				w.Real(f)
			}
		case stagedoor.Boolean:
			var b bool
			if b, ok = r.Boolean(i); ok {
				w.Boolean(b)
			}
		case stagedoor.Timestamp:
			var t int64
			t, ok = r.Time(i)
			if i == len(w.columns)-afterCount+afterDeleted {
				if mark != nil {
					t, ok = *mark, true
				}
				deleted = ok
			}
			if ok {
				w.Time(t)
			}
		default:
			var text []byte
			if text, ok = r.Text(i); ok {
				w.Text(text)
			}
		}
		if !ok {
			w.Null()
		}
	}
	return w.ended(key, deleted)
}
