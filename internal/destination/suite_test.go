package destination

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/destination/destinationtest"
)

// The rows of files are read here as any other program would: by the manifest
// and with readers that are not the program's own.

func TestSuiteJSONL(t *testing.T)   { suite(t, "jsonl", "") }
func TestSuiteCSV(t *testing.T)     { suite(t, "csv", "") }
func TestSuiteParquet(t *testing.T) { suite(t, "parquet", "") }

// TestSuiteCompressed is the suite once more, with files that are compressed as
// a whole.
func TestSuiteCompressed(t *testing.T) {
	if testing.Short() {
		t.Skip("takes longer than -short permits; see TestCompressedFiles for the short form")
	}
	t.Run("zstd", func(t *testing.T) { suite(t, "jsonl", "?compress=zstd") })
	t.Run("gzip", func(t *testing.T) { suite(t, "csv", "?compress=gzip") })
}

func suite(t *testing.T, scheme, options string) {
	if testing.Short() {
		t.Parallel() // they wait for the disk; the long form watches memory, and is alone
	}
	destinationtest.Test(t, destinationtest.Kind{
		Local: true,
		New:   func(t *testing.T) string { return filepath.Join(t.TempDir(), "zoom") },
		Open: func(place string) (stagedoor.Destination, error) {
			return Open(context.Background(), scheme+":"+place+options, Options{})
		},
		Rows: readRows,
		Remove: func(t *testing.T, place string, stream stagedoor.Stream) {
			if err := os.RemoveAll(filepath.Join(place, stream.Name)); err != nil {
				t.Fatal(err)
			}
		},
		Occupy: func(t *testing.T, place string, stream stagedoor.Stream) func(*testing.T) {
			theirs := filepath.Join(place, stream.Name, "all."+scheme)
			if err := os.MkdirAll(filepath.Dir(theirs), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(theirs, []byte("theirs"), 0o600); err != nil {
				t.Fatal(err)
			}
			return func(t *testing.T) {
				if text, err := os.ReadFile(theirs); err != nil || string(text) != "theirs" {
					t.Errorf("their file holds %q, %v", text, err)
				}
			}
		},
	})
}

// listed are the paths of a stream's files in a manifest.
func listed(t *testing.T, place, stream string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(place, "manifest.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Files []struct{ Stream, Path string }
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatalf("the manifest is no JSON: %v\n%s", err, text)
	}
	var paths []string
	for _, f := range manifest.Files {
		if f.Stream == stream {
			paths = append(paths, filepath.Join(place, filepath.FromSlash(f.Path)))
		}
	}
	return paths
}

func readRows(t *testing.T, place string, stream stagedoor.Stream) map[string]destinationtest.Row {
	t.Helper()
	found := map[string]destinationtest.Row{}
	for _, path := range listed(t, place, stream.Name) {
		last := ""
		for _, fields := range readFile(t, path) {
			key, row := rowOf(t, stream, fields)
			if _, twice := found[key]; twice {
				t.Fatalf("%s: the row %q is there twice", path, key)
			}
			if key < last {
				t.Fatalf("%s: the row %q comes after %q", path, key, last)
			}
			last = key
			found[key] = row
		}
	}
	return found
}

// readFile returns a file's rows: nil, string, json.RawMessage, int64, float64,
// bool or time.Time by the columns' names.
func readFile(t *testing.T, path string) []map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	switch filepath.Ext(path) {
	case ".parquet":
		return readParquet(t, text)
	case ".gz":
		r, err := gzip.NewReader(bytes.NewReader(text))
		if err == nil {
			text, err = io.ReadAll(r)
		}
		if err != nil {
			t.Fatal(err)
		}
		path = strings.TrimSuffix(path, ".gz")
	case ".zst":
		r, err := zstd.NewReader(bytes.NewReader(text))
		if err == nil {
			text, err = io.ReadAll(r)
		}
		if err != nil {
			t.Fatal(err)
		}
		path = strings.TrimSuffix(path, ".zst")
	}
	if filepath.Ext(path) == ".csv" {
		return readCSV(t, string(text))
	}
	var rows []map[string]any
	for line := range strings.Lines(string(text)) {
		fields := map[string]json.RawMessage{}
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%s: %v in %.200s", path, err, line)
		}
		row := map[string]any{}
		for name, value := range fields {
			row[name] = value
		}
		rows = append(rows, row)
	}
	return rows
}

// readCSV reads RFC 4180 by its grammar; encoding/csv tells neither null from
// empty nor CR LF from LF.
func readCSV(t *testing.T, text string) []map[string]any {
	t.Helper()
	var lines [][]any
	for len(text) > 0 {
		var line []any
		for more := true; more; {
			var field any
			if rest, ok := strings.CutPrefix(text, `"`); ok {
				content := ""
				for {
					i := strings.IndexByte(rest, '"')
					if i < 0 {
						t.Fatal("a quotation mark is not closed")
					}
					content += rest[:i]
					if rest = rest[i+1:]; !strings.HasPrefix(rest, `"`) {
						break
					}
					content, rest = content+`"`, rest[1:]
				}
				field, text = content, rest
			} else if i := strings.IndexAny(text, ",\r\n\""); i < 0 {
				t.Fatalf("a line does not end: %q", text)
			} else {
				if i > 0 {
					field = text[:i]
				}
				text = text[i:]
			}
			line = append(line, field)
			if after, ok := strings.CutPrefix(text, "\r\n"); ok {
				text, more = after, false
			} else if after, ok := strings.CutPrefix(text, ","); ok {
				text = after
			} else {
				t.Fatalf("after a field comes %.20q", text)
			}
		}
		lines = append(lines, line)
	}
	var rows []map[string]any
	for _, line := range lines[1:] {
		row := map[string]any{}
		for i, name := range lines[0] {
			row[name.(string)] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// readParquet reads column by column, as column stores do.
func readParquet(t *testing.T, text []byte) []map[string]any {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]map[string]any, file.NumRows())
	for i := range rows {
		rows[i] = map[string]any{}
	}
	for _, column := range file.Root().Columns() {
		i := 0
		pages := column.Pages()
		for {
			page, err := pages.ReadPage()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			values := make([]parquet.Value, page.NumValues())
			if n, err := page.Values().ReadValues(values); n != len(values) {
				t.Fatal(n, err)
			}
			for _, v := range values {
				rows[i][column.Name()] = parquetValue(v, column.Type())
				i++
			}
		}
		if err := pages.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

func parquetValue(v parquet.Value, kind parquet.Type) any {
	logical := kind.LogicalType()
	switch {
	case v.IsNull():
		return nil
	case logical != nil && strings.HasPrefix(logical.String(), "TIMESTAMP(isAdjustedToUTC=true,unit=MICROS"):
		return time.UnixMicro(v.Int64()).UTC()
	case kind.Kind() == parquet.Int64 && (logical == nil || strings.HasPrefix(logical.String(), "INT(64,true)")):
		return v.Int64()
	case kind.Kind() == parquet.Double:
		return v.Double()
	case kind.Kind() == parquet.Boolean:
		return v.Boolean()
	case logical != nil && logical.String() == "STRING":
		return string(v.ByteArray())
	}
	return logical.String()
}

func rowOf(t *testing.T, stream stagedoor.Stream, fields map[string]any) (string, destinationtest.Row) {
	t.Helper()
	var row destinationtest.Row
	for _, c := range stream.Columns {
		row.Values = append(row.Values, valueOf(t, c.Type, fields[c.Name]))
	}
	text := func(name string) string {
		s, _ := valueOf(t, stagedoor.Text, fields[name]).(string)
		return s
	}
	row.Run, row.Raw = text("_run"), text("_raw")
	if odd, ok := strings.CutPrefix(row.Raw, "base64:"); ok {
		raw, err := base64.StdEncoding.DecodeString(odd)
		if err != nil {
			t.Fatal(err)
		}
		row.Raw = string(raw)
	}
	row.Pulled, _ = valueOf(t, stagedoor.Timestamp, fields["_pulled_at"]).(time.Time)
	row.Deleted, _ = valueOf(t, stagedoor.Timestamp, fields["_deleted_at"]).(time.Time)
	return text("_key"), row
}

// valueOf is a value as Record.Values has it.
func valueOf(t *testing.T, kind stagedoor.ColumnType, v any) any {
	t.Helper()
	var err error
	switch value := v.(type) {
	case string: // of CSV, and of Parquet for columns of text
		switch kind {
		case stagedoor.Integer:
			v, err = strconv.ParseInt(value, 10, 64)
		case stagedoor.Real:
			v, err = strconv.ParseFloat(value, 64)
		case stagedoor.Boolean:
			v, err = strconv.ParseBool(value)
		case stagedoor.Timestamp, stagedoor.ActivityTime, stagedoor.MinuteTime:
			v, err = time.Parse("2006-01-02T15:04:05.000Z", value)
		}
	case json.RawMessage:
		switch {
		case string(value) == "null":
			return nil
		case kind == stagedoor.JSON && value[0] != '"':
			return string(value)
		case value[0] == '"':
			var s string
			err = json.Unmarshal(value, &s)
			switch kind {
			case stagedoor.Timestamp, stagedoor.ActivityTime, stagedoor.MinuteTime:
				return valueOf(t, kind, s)
			}
			v = s
		default:
			return valueOf(t, kind, string(value))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}
