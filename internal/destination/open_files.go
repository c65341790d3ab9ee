package destination

import (
	"context"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/destination/csv"
	"github.com/stagedoor/stagedoor/internal/destination/folder"
	"github.com/stagedoor/stagedoor/internal/destination/jsonl"
	"github.com/stagedoor/stagedoor/internal/destination/parquet"
)

// openFiles opens jsonl:PATH, csv:PATH and parquet:PATH: a folder, or one file
// where PATH ends as files of the format do, which holds one stream of the run.
func openFiles(ctx context.Context, scheme, rest string, streams int) (stagedoor.Destination, error) {
	path, query, options := strings.Cut(rest, "?")
	path, err := filePath(scheme, path)
	if err != nil {
		return nil, err
	}
	format := formatOf(scheme)
	name := strings.ToLower(filepath.Base(path))
	for _, other := range []string{"jsonl", "csv", "parquet"} {
		ending, compress := endingOf(name, other)
		switch {
		case !ending:
			continue
		case other != scheme:
			return nil, refuse("the path ends as "+other+" files do, and begins with "+scheme+":", "Write "+other+":PATH, or give the folder another name.")
		case compress != "" && scheme == "parquet":
			return nil, refuse("Parquet compresses by itself, page by page", "Write a path that ends in .parquet.")
		case options:
			return nil, refuse("of one file the name tells how it is compressed, and it takes no options", "End the name in ."+scheme+", ."+scheme+".gz or ."+scheme+".zst, and leave out what stands after the ?.")
		}
		if streams > 1 {
			return nil, refuse("one file holds one stream, and this run reads "+strconv.Itoa(streams),
				"Name a folder, for example --into "+scheme+":out, which gets a folder for each stream; or read one stream.")
		}
		format.Compress = compress
		f, err := folder.OpenFile(ctx, path, format)
		if err != nil {
			return nil, err // not f: a nil *File would not be a nil interface
		}
		return f, nil
	}
	if options {
		compress, ok := strings.CutPrefix(query, "compress=")
		if !ok || scheme == "parquet" || compress != "gzip" && compress != "zstd" {
			return nil, refuse("after the ? of "+scheme+": stands an option that it does not have",
				"jsonl:PATH and csv:PATH take ?compress=gzip or ?compress=zstd; parquet:PATH takes none.")
		}
		format.Compress = compress
	}
	d, err := folder.Open(ctx, path, format)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// endingOf reports whether a file's name ends as files of a format do, and by
// what it is compressed then.
func endingOf(name, format string) (ok bool, compress string) {
	switch {
	case strings.HasSuffix(name, "."+format):
		return true, ""
	case strings.HasSuffix(name, "."+format+".gz"):
		return true, "gzip"
	case strings.HasSuffix(name, "."+format+".zst"):
		return true, "zstd"
	}
	return false, ""
}

func formatOf(scheme string) folder.Format {
	f := folder.Format{Name: scheme}
	switch scheme {
	case "csv":
		f.Create = func(to io.Writer, columns []stagedoor.Column) (folder.Writer, error) {
			return csv.NewWriter(to, columns)
		}
		f.Open = func(from io.Reader, _ int64, columns []stagedoor.Column) (folder.Reader, error) {
			return csv.NewReader(from, columns)
		}
	case "parquet":
		f.Create = func(to io.Writer, columns []stagedoor.Column) (folder.Writer, error) {
			return parquet.NewWriter(to, columns)
		}
		f.Open = func(from io.Reader, size int64, columns []stagedoor.Column) (folder.Reader, error) {
			return parquet.NewReader(from.(io.ReaderAt), size, columns) // nothing compresses around it
		}
	default:
		f.Create = func(to io.Writer, columns []stagedoor.Column) (folder.Writer, error) {
			return jsonl.NewWriter(to, columns)
		}
		f.Open = func(from io.Reader, _ int64, columns []stagedoor.Column) (folder.Reader, error) {
			return jsonl.NewReader(from, columns)
		}
	}
	return f
}
