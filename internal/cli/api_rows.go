package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/destination"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// pages prints the rows of all pages of a list: json and ndjson as Zoom sent
// them, table and csv in columns, or what -q makes of each.
func (s *session) pages(ctx context.Context, client *zoom.Client, request stagedoor.Request, f apiFlags) error {
	format := f.format
	if f.filter != nil {
		format = "jq"
	} else if format == "" {
		format = "ndjson"
		if s.outTTY {
			format = "table"
		}
	}
	if err := isList(client, request); err != nil {
		return err
	}
	var reading stagedoor.Reading
	var err error
	switch format {
	case "jq":
		reading, err = s.filteredRows(ctx, client, request, f.filter)
	case "ndjson":
		reading, err = s.rawRows(ctx, client, request, "", "\n", "\n")
	case "json":
		reading, err = s.rawRows(ctx, client, request, "[\n", ",\n", "\n]\n")
	case "table", "csv":
		reading, err = s.columnRows(ctx, client, request, format)
	default:
		return &stagedoor.Error{
			Op: "print the rows", Subject: "--format " + format, Kind: stagedoor.KindUsage,
			Cause: "there is no such format", Fix: "Use table, json, ndjson or csv.",
		}
	}
	if e, ok := errors.AsType[*stagedoor.Error](err); ok && e.Kind == stagedoor.KindPageToken {
		again := *e
		again.Fix = "Run the same command again; what it printed is only a part. `stagedoor sync` begins again by itself."
		return &again
	}
	if err != nil {
		return err
	}
	s.say("%s", faint.Render(count(reading.Rows, "row")+", "+count(reading.Pages, "page")+", "+count(reading.Requests, "call")))
	return nil
}

func (s *session) rawRows(ctx context.Context, client *zoom.Client, request stagedoor.Request, open, between, end string) (stagedoor.Reading, error) {
	rows, out := 0, s.shown()
	reading, err := client.Pages(ctx, request, nil, func(page stagedoor.Page) error {
		for _, row := range page.Rows {
			head := between
			if rows == 0 {
				head = open
			}
			rows++
			if _, err := fmt.Fprintf(out, "%s%s", head, row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		if rows > 0 {
			fmt.Fprintln(s.out) // no end of the document: it is not whole
		}
		return reading, err
	}
	if rows == 0 {
		fmt.Fprint(s.out, open)
	}
	if rows > 0 || open != "" {
		fmt.Fprint(s.out, end)
	}
	return reading, nil
}

// filteredRows prints what an expression makes of each row, page by page, so
// that memory does not grow with the list.
func (s *session) filteredRows(ctx context.Context, client *zoom.Client, request stagedoor.Request, f *filter) (stagedoor.Reading, error) {
	w := bufio.NewWriter(s.out)
	reading, err := client.Pages(ctx, request, nil, func(page stagedoor.Page) error {
		for _, row := range page.Rows {
			if err := f.print(ctx, w, row, resultStyle{clean: s.outTTY}); err != nil {
				return err
			}
		}
		return w.Flush()
	})
	if errors.Is(err, errHalt) {
		err = nil
	}
	return reading, errors.Join(err, w.Flush())
}

// isList refuses operations that are known to answer with no list.
func isList(client *zoom.Client, request stagedoor.Request) error {
	u, err := client.URL(request.Path)
	if err != nil {
		return err
	}
	op, known := zoom.Operations().Find(request.Method, u.EscapedPath())
	if !known || op.Paging != stagedoor.PagingNone || len(op.ListKeys) == 1 {
		return nil
	}
	return &stagedoor.Error{
		Op: "read the pages", Subject: op.Name(), Kind: stagedoor.KindUsage,
		Cause: "its answer is no list of rows", Fix: "Leave --paginate out.",
	}
}

// columnRows prints rows in the columns of the stream that reads the same list,
// or else in the members that the rows of the first page have.
func (s *session) columnRows(ctx context.Context, client *zoom.Client, request stagedoor.Request, format string) (stagedoor.Reading, error) {
	screen, err := destination.Open(ctx, "-", destination.Options{Out: s.shown(), Format: format, Width: s.outWidth, Streams: 1})
	if err != nil {
		return stagedoor.Reading{}, err
	}
	defer screen.Close()
	var decoder *stream.Decoder
	var writer stagedoor.SliceWriter
	reading, err := client.Pages(ctx, request, nil, func(page stagedoor.Page) error {
		if decoder == nil {
			columns := streamOf(client, request, page.Rows)
			decoder = stream.NewDecoder(columns, stagedoor.Slice{Stream: columns.Name}, stagedoor.Part{})
			if writer, err = screen.Begin(ctx, columns, stagedoor.Slice{Stream: columns.Name}, ""); err != nil {
				return err
			}
		}
		for _, raw := range page.Rows {
			row, err := decoder.Decode(raw)
			if err != nil {
				return err
			}
			if err := writer.Write(ctx, row.Record); err != nil {
				return err
			}
		}
		return nil
	})
	if writer == nil {
		return reading, err
	}
	defer writer.Abort()
	if err != nil {
		return reading, err
	}
	if _, err := writer.Commit(ctx, stagedoor.Checkpoint{Cut: true}, false); err != nil {
		return reading, err
	}
	return reading, screen.Close()
}

// streamOf is the stream of the list that a request reads.
func streamOf(client *zoom.Client, request stagedoor.Request, rows [][]byte) stagedoor.Stream {
	if u, err := client.URL(request.Path); err == nil {
		for _, known := range stream.All() {
			if op, ok := zoom.Operations().Find(request.Method, u.EscapedPath()); ok && op.Path == known.Path && !known.Derived {
				return known
			}
		}
	}
	found := stagedoor.Stream{Name: "rows"}
	for _, raw := range rows {
		dec := jsontext.NewDecoder(bytes.NewReader(raw), json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)))
		if open, err := dec.ReadToken(); err != nil || open.Kind() != '{' {
			continue
		}
		for dec.PeekKind() == '"' {
			token, err := dec.ReadToken()
			if err != nil {
				break
			}
			name := token.String()
			at := slices.IndexFunc(found.Columns, func(c stagedoor.Column) bool { return c.Name == name })
			if at < 0 {
				at = len(found.Columns)
				found.Columns = append(found.Columns, stagedoor.Column{Name: name, Type: stagedoor.Text})
			}
			if kind := dec.PeekKind(); kind == '[' || kind == '{' {
				found.Columns[at].Type = stagedoor.JSON
			}
			if dec.SkipValue() != nil {
				break
			}
		}
	}
	return found
}
