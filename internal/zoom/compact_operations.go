//go:build ignore

// This program writes columns of a table of Zoom's operations, whose first row
// names them, as a compressed table for embedding. "a+b" is a column that joins
// two with a blank:
//
//	go run compact_operations.go TABLE.tsv OUT.tsv.gz COLUMN…
//
// go generate calls it for this package and for zoomsim, which embeds a copy of
// its own; both want the table in ZOOM_OPERATIONS, as an absolute path.
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

func main() {
	log.SetFlags(0)
	if len(os.Args) < 4 {
		log.Fatal("usage: go run compact_operations.go TABLE.tsv OUT.tsv.gz COLUMN…")
	}
	if err := compact(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		log.Fatal(err)
	}
}

func compact(from, to string, columns []string) error {
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
		for _, column := range columns {
			cell := ""
			for _, name := range strings.Split(column, "+") {
				at := slices.Index(rows[0], name)
				if at < 0 {
					return fmt.Errorf("the table has no column %q", name)
				}
				cell += " " + row[at]
			}
			cells = append(cells, strings.TrimSpace(cell))
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
