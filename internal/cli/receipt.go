package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/stagedoor/stagedoor"
)

// sliceFile keeps the reports of slices until the receipt is printed, in a
// temporary file whose name is removed at once: a run over ten thousand users
// has more of them than memory should hold.
type sliceFile struct {
	file  *os.File
	out   *bufio.Writer
	size  int64
	spans map[string][]span // by stream: where its reports lie; streams are read side by side
	err   error             // the first that happened; told when the receipt is printed
}

type span struct{ from, to int64 }

func newSliceFile() (*sliceFile, error) {
	file, err := os.CreateTemp("", "stagedoor-receipt-*")
	if err != nil {
		return nil, &stagedoor.Error{
			Op: "keep the receipt", Subject: os.TempDir(), Kind: stagedoor.KindInternal, Err: err,
			Cause: "no temporary file could be made", Fix: "Let TMPDIR name a folder that may be written, with some space.",
		}
	}
	_ = os.Remove(file.Name()) // Windows keeps it until close, which tries again
	return &sliceFile{file: file, out: bufio.NewWriter(file), spans: map[string][]span{}}, nil
}

func (f *sliceFile) add(stream string, report stagedoor.SliceReport) {
	var line bytes.Buffer
	enc := json.NewEncoder(&line) // ends with a newline
	enc.SetEscapeHTML(false)      // the calls hold &
	err := enc.Encode(report)
	if err == nil {
		_, err = f.out.Write(line.Bytes())
	}
	f.err = errors.Join(f.err, err)
	from := f.size
	f.size += int64(line.Len())
	spans := f.spans[stream]
	if n := len(spans); n > 0 && spans[n-1].to == from {
		spans[n-1].to = f.size
		return
	}
	f.spans[stream] = append(spans, span{from, f.size})
}

func (f *sliceFile) close() {
	_ = f.file.Close()
	_ = os.Remove(f.file.Name()) // gone already, except on Windows
}

// print writes the receipt with the slices in their place.
func (f *sliceFile) print(w io.Writer, r stagedoor.Receipt) error {
	if err := errors.Join(f.err, f.out.Flush()); err != nil {
		return &stagedoor.Error{
			Op: "print the receipt", Kind: stagedoor.KindInternal, Err: err,
			Cause: "the reports of its slices could not be kept: " + err.Error(), Fix: "Free some space in the folder for temporary files. What the run wrote is kept.",
		}
	}
	document := receiptDocument{Receipt: r, Streams: []streamDocument{}}
	for _, report := range r.Streams {
		var lines []io.Reader
		for _, s := range f.spans[report.Stream] {
			lines = append(lines, io.NewSectionReader(f.file, s.from, s.to-s.from))
		}
		document.Streams = append(document.Streams, streamDocument{report, sliceLines{io.MultiReader(lines...)}})
	}
	out := bufio.NewWriter(w)
	err := jsonv2.MarshalWrite(out, document, jsonv1.DefaultOptionsV1(), jsontext.WithIndent("  "), jsontext.EscapeForHTML(false))
	_ = out.WriteByte('\n') // a bufio.Writer tells its error again
	return errors.Join(err, out.Flush())
}

type receiptDocument struct {
	stagedoor.Receipt
	Streams []streamDocument `json:"streams"`
}

type streamDocument struct {
	stagedoor.StreamReport
	Slices sliceLines `json:"slices"`
}

// sliceLines are reports of slices, one a line, that are printed as a list.
type sliceLines struct{ lines io.Reader }

// MarshalJSONTo writes the list as it is read.
func (s sliceLines) MarshalJSONTo(enc *jsontext.Encoder) error {
	if err := enc.WriteToken(jsontext.BeginArray); err != nil {
		return err
	}
	dec := jsontext.NewDecoder(s.lines)
	for {
		value, err := dec.ReadValue()
		if errors.Is(err, io.EOF) {
			return enc.WriteToken(jsontext.EndArray)
		}
		if err == nil {
			err = enc.WriteValue(value)
		}
		if err != nil {
			return err
		}
	}
}
