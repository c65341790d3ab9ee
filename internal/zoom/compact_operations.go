//go:build ignore

// This program writes operations.tsv.gz, the operations of Zoom's API, from a
// table whose first row names its columns:
//
//	ZOOM_OPERATIONS=table.tsv go generate ./internal/zoom
package main

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
)

// columns are what package zoom reads, in the order in which it reads them.
var columns = []string{
	"product", "method", "path", "label", "state", "classic_scopes", "granular_scopes",
	"role_permissions", "query(!=required)", "paging", "list_key",
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: go run compact_operations.go TABLE.tsv")
	}
	if err := compact(os.Args[1], "operations.tsv.gz"); err != nil {
		log.Fatal(err)
	}
}

func compact(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	table := csv.NewReader(in)
	table.Comma = '\t'
	table.LazyQuotes = true
	rows, err := table.ReadAll()
	if err != nil {
		return err
	}
	if len(rows) < 2 {
		return errors.New("the table holds no operation")
	}
	var lines []string
	for _, row := range rows[1:] {
		var cells []string
		for _, name := range columns {
			at := slices.Index(rows[0], name)
			if at < 0 {
				return fmt.Errorf("the table has no column %q", name)
			}
			cells = append(cells, strings.TrimSpace(row[at]))
		}
		lines = append(lines, strings.Join(cells, "\t"))
	}
	slices.Sort(lines)

	out, err := os.Create(to)
	if err != nil {
		return err
	}
	zip, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	_, err = zip.Write([]byte(strings.Join(lines, "\n") + "\n"))
	return errors.Join(err, zip.Close(), out.Close())
}
