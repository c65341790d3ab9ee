package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/stagedoor/stagedoor/internal/postgrestest"
)

// outcome is what a contender's process tells of its run.
type outcome struct {
	Seconds float64 `json:"seconds"` // from before the place is opened until it is closed
	Rows    int     `json:"rows"`
}

// result is a run as it is seen from outside.
type result struct {
	outcome
	processor time.Duration // of the process
	peak      int64         // bytes of memory
	size      int64         // of what was written; 0 where nobody can tell
}

// loader writes the pages into a place of its own, in a process of its own.
type loader struct {
	name    string
	command func(round string) (*exec.Cmd, string, error) // and where it writes
	best    result
}

// millionRounds is how often each takes its turn; the best run of each counts.
const millionRounds = 3

// million writes the pages of participants of a large account from the disk into
// each kind of destination, and has DuckDB write the same table from the same
// pages.
func million() error {
	rows, err := asked("-rows", 1_000_000)
	if err != nil {
		return err
	}
	rounds, err := asked("-rounds", millionRounds)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "stagedoor-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	pages, err := makePages(filepath.Join(dir, "pages"), rows)
	if err != nil {
		return err
	}
	loaders, err := millionLoaders(dir)
	if err != nil {
		return err
	}
	for round := range rounds {
		for i := range loaders {
			if err := loaders[i].run(fmt.Sprintf("%d-%d", i, round), rows); err != nil {
				return err
			}
		}
	}
	fmt.Printf("\n## A million rows\n\n%d rows of report_meeting_participants of %d meetings on %d days: %d pages, %d MB. The best of %d rounds in which all take turns.\n\n",
		rows, pages.meetings, pagesDays, pages.files, pages.bytes/1e6, rounds)
	fmt.Print("| | time | rows a second | times DuckDB | processor time | peak memory | written |\n|---|---|---|---|---|---|---|\n")
	for _, l := range loaders {
		written := ""
		if l.best.size > 0 {
			written = fmt.Sprintf("%d MB", l.best.size/1e6)
		}
		fmt.Printf("| %s | %.2f s | %.0f | %.2f× | %.1f s | %d MiB | %s |\n", l.name, l.best.Seconds, float64(rows)/l.best.Seconds,
			l.best.Seconds/loaders[0].best.Seconds, l.best.processor.Seconds(), l.best.peak>>20, written)
	}
	return nil
}

// asked is a number given after a flag, which may be left out.
func asked(flag string, otherwise int) (int, error) {
	i := slices.Index(os.Args, flag)
	if i < 0 || i+1 == len(os.Args) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(os.Args[i+1])
	if err == nil && n < 1 {
		err = errors.New("it must be at least 1")
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", flag, err)
	}
	return n, nil
}

func millionLoaders(dir string) ([]loader, error) {
	pages := filepath.Join(dir, "pages")
	duck, err := duckProject(dir)
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	duckdb := func(form string) func(string) (*exec.Cmd, string, error) {
		return func(round string) (*exec.Cmd, string, error) {
			into := filepath.Join(dir, form+round)
			cmd := exec.Command("node", "load.mjs", pages, into, form)
			cmd.Dir = duck
			return cmd, into, nil
		}
	}
	ours := func(scheme string) func(string) (*exec.Cmd, string, error) {
		return func(round string) (*exec.Cmd, string, error) {
			into := filepath.Join(dir, scheme+round)
			return exec.Command(program, "sync", pages, scheme+":"+into), into, nil
		}
	}
	loaders := []loader{
		{name: "DuckDB, a table", command: duckdb("table")},
		{name: "DuckDB, a Parquet file", command: duckdb("parquet")},
		{name: "stagedoor, no destination", command: func(string) (*exec.Cmd, string, error) {
			return exec.Command(program, "sync", pages, "nowhere"), "", nil
		}},
		{name: "stagedoor `sqlite:`", command: ours("sqlite")},
		{name: "stagedoor `parquet:`", command: ours("parquet")},
	}
	server, err := postgrestest.Boot("fsync=on", "full_page_writes=on", "synchronous_commit=on", "max_wal_size=1GB")
	if errors.Is(err, postgrestest.ErrMissing) {
		fmt.Fprintln(os.Stderr, err)
		return loaders, nil
	}
	if err != nil {
		return nil, err
	}
	return append(loaders, loader{name: "stagedoor `postgres:`", command: func(round string) (*exec.Cmd, string, error) {
		database := "bench_" + string(bytes.ReplaceAll([]byte(round), []byte("-"), []byte("_")))
		return exec.Command(program, "sync", pages, server.URL(postgrestest.Admin, database)), "", server.Exec("postgres", "CREATE DATABASE "+database)
	}}), nil
}

// run takes a turn, and keeps it where it is the best so far.
func (l *loader) run(round string, rows int) error {
	cmd, into, err := l.command(round)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", l.name, err)
	}
	var r result
	if err := json.Unmarshal(out.Bytes(), &r.outcome); err != nil {
		return fmt.Errorf("%s said %q: %w", l.name, out.String(), err)
	}
	if r.Rows != rows {
		return fmt.Errorf("%s wrote %d rows of %d", l.name, r.Rows, rows)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	r.peak = usage.Maxrss << 10 // in KiB, on Linux
	r.processor = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if into != "" {
		if r.size, err = sizeOf(into); err != nil {
			return err
		}
		if err := os.RemoveAll(into); err != nil {
			return err
		}
	}
	if l.best.Seconds == 0 || r.Seconds < l.best.Seconds {
		r.peak = max(r.peak, l.best.peak)
		l.best = r
	}
	l.best.peak = max(r.peak, l.best.peak)
	return nil
}

func sizeOf(path string) (size int64, err error) {
	err = filepath.Walk(path, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return err
	})
	return size, err
}

// duckProject has npm fetch DuckDB's client for Node.js into a folder.
func duckProject(dir string) (string, error) {
	project := filepath.Join(dir, "duckdb")
	if err := os.CopyFS(project, os.DirFS("duckdb")); err != nil {
		return "", err
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = project
	if said, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm fetches DuckDB (Debian: apt-get install nodejs npm): %w\n%s", err, said)
	}
	return project, nil
}
