package cli_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/parquet-go/parquet-go"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/stagedoor/stagedoor/internal/postgrestest"
)

// rowsQuery reads the rows of a stream in SQL. A BLOB is text with bytes that
// text can not hold; none comes here.
func rowsQuery(stream string) string {
	what := "_raw"
	if stream == "report_meeting_participants" {
		what = "meeting_uuid || ' ' || _raw"
	}
	return "SELECT " + what + " FROM " + stream + " WHERE _deleted_at IS NULL"
}

func sqliteShelf(t *testing.T, w *world) *shelf {
	path := w.path("zoom.db")
	query := func(query string) ([]string, error) { return readColumn(path, query) }
	return &shelf{
		name: "sqlite", into: "sqlite:" + path,
		rows: func(stream string) ([]string, error) { return query(rowsQuery(stream)) },
		marked: func(stream string) (int, error) {
			rows, err := query("SELECT _key FROM " + stream + " WHERE _deleted_at IS NOT NULL")
			return len(rows), err
		},
		slices: func() (map[string]bool, error) {
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				return nil, nil
			}
			rows, err := query("SELECT stream || ' ' || slice FROM _stagedoor_slices")
			if err != nil && strings.Contains(err.Error(), "no such table") {
				return nil, nil
			}
			return setOf(rows), err
		},
		// Whoever writes has SQLite's write lock.
		writing: func() (bool, error) {
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				return false, nil
			}
			db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(0)&_txlock=immediate")
			if err != nil {
				return false, err
			}
			defer db.Close()
			tx, err := db.Begin()
			if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == sqlite3.SQLITE_BUSY {
				return true, nil
			}
			if err != nil {
				return false, err
			}
			return false, tx.Rollback()
		},
	}
}

func setOf(list []string) map[string]bool {
	set := map[string]bool{}
	for _, item := range list {
		set[item] = true
	}
	return set
}

func postgresShelf(t *testing.T, _ *world) *shelf {
	return postgresShelfOn(t, postgrestest.Start(t))
}

func postgresShelfOn(t *testing.T, cluster *postgrestest.Cluster) *shelf {
	name := "twelve_" + strings.ToLower(rand.Text())
	if err := cluster.Exec("postgres", "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	url := cluster.URL(postgrestest.Admin, name)
	query := func(query string) ([]string, error) {
		conn, err := pgx.Connect(context.Background(), url)
		if err != nil {
			return nil, err
		}
		defer conn.Close(context.Background())
		rows, err := conn.Query(context.Background(), query)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, pgx.RowTo[string])
	}
	return &shelf{
		name: "postgres", into: "env:DEST", env: []string{"DEST=" + url},
		rows: func(stream string) ([]string, error) { return query(rowsQuery(stream)) },
		marked: func(stream string) (int, error) {
			rows, err := query("SELECT _key FROM " + stream + " WHERE _deleted_at IS NOT NULL")
			return len(rows), err
		},
		slices: func() (map[string]bool, error) {
			if there, err := query("SELECT 'yes' WHERE to_regclass('_stagedoor_slices') IS NOT NULL"); err != nil || len(there) == 0 {
				return nil, err
			}
			rows, err := query("SELECT stream || ' ' || slice FROM _stagedoor_slices")
			return setOf(rows), err
		},
		// A transaction that has changed something has a number.
		writing: func() (bool, error) {
			rows, err := query("SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL")
			return len(rows) > 0, err
		},
	}
}

func parquetShelf(t *testing.T, w *world) *shelf {
	folder := w.path("lake")
	manifest := func() (listed manifestFile, err error) {
		text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
		if errors.Is(err, fs.ErrNotExist) {
			return listed, nil
		}
		if err == nil {
			err = json.Unmarshal(text, &listed)
		}
		return listed, err
	}
	read := func(stream string, marked bool) (rows []string, err error) {
		listed, err := manifest()
		if err != nil {
			return nil, err
		}
		for _, file := range listed.files(stream) {
			more, err := parquetRows(filepath.Join(folder, file), stream, marked)
			if err != nil {
				return nil, err
			}
			rows = append(rows, more...)
		}
		return rows, nil
	}
	return &shelf{
		name: "parquet", into: "parquet:" + folder,
		rows: func(stream string) ([]string, error) { return read(stream, false) },
		marked: func(stream string) (int, error) {
			rows, err := read(stream, true)
			return len(rows), err
		},
		slices: func() (map[string]bool, error) {
			listed, err := manifest()
			return listed.slices(), err
		},
		writing: func() (bool, error) { return committing(folder) },
	}
}

// parquetRows reads a file's rows as a reader does that knows nothing but the
// names of its columns.
func parquetRows(path, stream string, marked bool) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	opened, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		return nil, err
	}
	at := func(name string) int {
		leaf, _ := opened.Schema().Lookup(name)
		return leaf.ColumnIndex
	}
	raw, deleted, meeting := at("_raw"), at("_deleted_at"), at("meeting_uuid")
	var found []string
	for _, group := range opened.RowGroups() {
		rows := group.Rows()
		buffer := make([]parquet.Row, 100)
		for {
			n, err := rows.ReadRows(buffer)
			for _, row := range buffer[:n] {
				if row[deleted].IsNull() == marked {
					continue
				}
				text := row[raw].String()
				if stream == "report_meeting_participants" {
					text = row[meeting].String() + " " + text
				}
				found = append(found, text)
			}
			if err != nil {
				break // io.EOF: a broken file shows by the rows that lack
			}
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// A manifestFile is manifest.json, as docs/destinations.md has it.
type manifestFile struct {
	Files []struct {
		Stream string `json:"stream"`
		Path   string `json:"path"`
	} `json:"files"`
	Slices []struct {
		Stream    string `json:"stream"`
		Partition string `json:"partition"`
		Since     string `json:"since"`
		Until     string `json:"until"`
	} `json:"slices"`
}

func (m manifestFile) files(stream string) (paths []string) {
	for _, file := range m.Files {
		if file.Stream == stream {
			paths = append(paths, file.Path)
		}
	}
	return paths
}

func (m manifestFile) slices() map[string]bool {
	set := map[string]bool{}
	for _, slice := range m.Slices {
		id := "all"
		if slice.Since != "" {
			id = slice.Since + ".." + slice.Until
		}
		if slice.Partition != "" {
			id += "@" + slice.Partition
		}
		set[slice.Stream+" "+id] = true
	}
	return set
}

// committing tells whether files of a commit are there that the manifest does not
// list yet, or still there though it lists them no more.
func committing(folder string) (bool, error) {
	announced, err := os.ReadFile(filepath.Join(folder, ".stagedoor", "pending"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	var listed manifestFile
	if len(text) > 0 {
		if err := json.Unmarshal(text, &listed); err != nil {
			return false, err
		}
	}
	known := map[string]bool{}
	for _, file := range listed.Files {
		known[file.Path] = true
	}
	for path := range strings.Lines(string(announced)) {
		path = strings.TrimSpace(path)
		if path == "" || known[path] {
			continue
		}
		if _, err := os.Stat(filepath.Join(folder, path)); err == nil {
			return true, nil
		}
	}
	return false, nil
}
