//go:build ignore

// This program writes operations.tsv.gz, the part of Zoom's published operations
// that the simulator needs, from a table whose first row names its columns:
//
//	ZOOM_OPERATIONS=/absolute/path/of/table.tsv go generate ./zoomsim
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
	column := map[string]int{}
	for _, name := range []string{"method", "path", "label", "granular_scopes", "classic_scopes"} {
		column[name] = slices.Index(rows[0], name)
		if column[name] < 0 {
			return fmt.Errorf("the table has no column %q", name)
		}
	}

	var lines []string
	for _, row := range rows[1:] {
		scopes := strings.TrimSpace(row[column["granular_scopes"]] + " " + row[column["classic_scopes"]])
		lines = append(lines, strings.Join([]string{row[column["method"]], row[column["path"]], row[column["label"]], scopes}, "\t"))
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
