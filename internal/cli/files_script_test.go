package cli_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/rogpeppe/go-internal/testscript"
)

// filesame asserts that a folder of files holds exactly what the simulated Zoom
// has of a stream, less what is gone there: filesame out users.
func filesame(ts *testscript.TestScript, neg bool, args []string) {
	resp, err := http.Get(ts.Getenv("MANAGEMENT") + "/dataset/" + args[1])
	ts.Check(err)
	defer resp.Body.Close()
	var want []string
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		want = append(want, lines.Text())
	}
	ts.Check(lines.Err())
	var got []string
	for _, path := range listedFiles(ts, args[0], args[1]) {
		got = append(got, rawOfFile(ts, path)...)
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) == 0 || !slices.Equal(got, want) {
		ts.Fatalf("%s holds %d rows of %s, Zoom has %d, and they are not the same", args[0], len(got), args[1], len(want))
	}
}

// listedFiles are the files of a stream in a folder's manifest.
func listedFiles(ts *testscript.TestScript, folder, stream string) []string {
	var manifest struct {
		Files []struct{ Stream, Path string }
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(filepath.Join(folder, "manifest.json"))), &manifest))
	var paths []string
	for _, f := range manifest.Files {
		if f.Stream == stream {
			paths = append(paths, filepath.Join(ts.MkAbs(folder), filepath.FromSlash(f.Path)))
		}
	}
	return paths
}

// rawOfFile returns _raw of the rows that are not gone.
func rawOfFile(ts *testscript.TestScript, path string) []string {
	text, err := os.ReadFile(path)
	ts.Check(err)
	if plain, ok := strings.CutSuffix(path, ".zst"); ok {
		r, err := zstd.NewReader(bytes.NewReader(text))
		ts.Check(err)
		text, err = io.ReadAll(r)
		ts.Check(err)
		path = plain
	}
	var found []string
	switch filepath.Ext(path) {
	case ".jsonl":
		for line := range bytes.Lines(text) {
			var row struct {
				Raw     string `json:"_raw"`
				Deleted any    `json:"_deleted_at"`
			}
			ts.Check(json.Unmarshal(line, &row))
			if row.Deleted == nil {
				found = append(found, row.Raw)
			}
		}
	case ".csv":
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		ts.Check(err)
		raw, deleted := slices.Index(rows[0], "_raw"), slices.Index(rows[0], "_deleted_at")
		for _, row := range rows[1:] {
			if row[deleted] == "" {
				found = append(found, row[raw])
			}
		}
	case ".parquet":
		file, err := parquet.OpenFile(bytes.NewReader(text), int64(len(text)))
		ts.Check(err)
		raw, deleted := parquetColumn(ts, file, "_raw"), parquetColumn(ts, file, "_deleted_at")
		for i := range raw {
			if deleted[i].IsNull() {
				found = append(found, string(raw[i].ByteArray()))
			}
		}
	}
	return found
}

func parquetColumn(ts *testscript.TestScript, file *parquet.File, name string) []parquet.Value {
	pages := file.Root().Column(name).Pages()
	defer pages.Close()
	var all []parquet.Value
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return all
		}
		ts.Check(err)
		values := make([]parquet.Value, page.NumValues())
		if n, err := page.Values().ReadValues(values); n != len(values) {
			ts.Check(err)
		}
		for _, v := range values {
			all = append(all, v.Clone())
		}
	}
}
