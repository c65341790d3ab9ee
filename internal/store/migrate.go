package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/stagedoor/stagedoor"
)

//go:embed migrations/*.sql
var migrations embed.FS

// currentSchema is the number of the newest file in migrations. (A test holds
// the two together; counting files at every start would be work for nothing.)
const currentSchema = 9

const opMigrate = "bring the database's schema up to date"

// schemaVersion reads the version that the database has; 0 is an empty file.
// A version that this program does not know, or a database that belongs to
// something else, is an error. It is the only work that Open does on a
// database that is up to date.
func (s *Store) schemaVersion(ctx context.Context, db *sql.DB) (int64, error) {
	const op = "open the database"
	var tables, ours int64
	err := db.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE name = 'goose_db_version') FROM sqlite_master WHERE type = 'table'`).Scan(&tables, &ours)
	if err != nil {
		return 0, s.explain(op, err)
	}
	if tables == 0 {
		return 0, nil
	}
	if ours == 0 {
		return 0, s.foreign()
	}
	var version int64
	if err := db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version`).Scan(&version); err != nil {
		return 0, s.explain(op, err)
	}
	if version > currentSchema {
		return 0, &stagedoor.Error{
			Op: op, Subject: s.path, Kind: stagedoor.KindSchemaNewer,
			Cause: fmt.Sprintf("the database has schema version %d, and this stagedoor knows versions up to %d; nothing was changed", version, currentSchema),
			Fix:   "Use the newer stagedoor that wrote it, or restore a backup from before the upgrade.",
		}
	}
	return version, nil
}

// foreign is the refusal of another program's database.
func (s *Store) foreign() error {
	return &stagedoor.Error{
		Op: "open the database", Subject: s.path, Kind: stagedoor.KindStore,
		Cause: "the file is a SQLite database of another program; nothing was changed",
		Fix:   "Point --database at Stagedoor's own file, or at one that does not exist yet.",
	}
}

// migrate brings the schema up to date and reports whether it started from an
// empty file. Processes that come at once take turns; one that comes too late
// finds that there is nothing left to do.
func (s *Store) migrate(ctx context.Context) (created bool, err error) {
	for giveUp := time.Now().Add(busyTimeout); ; {
		created, err = s.migrateAlone(ctx)
		if !busy(err) || time.Now().After(giveUp) {
			return created, s.explain(opMigrate, err)
		}
		// Two that wait for each other would wait for ever, so each lets go
		// and comes back after a time of its own.
		select {
		case <-ctx.Done():
			return false, s.explain(opMigrate, ctx.Err())
		case <-time.After(10*time.Millisecond + rand.N(50*time.Millisecond)):
		}
		read, err := s.handle(1)
		if err != nil {
			return false, err
		}
		version, err := s.schemaVersion(ctx, read)
		if err := errors.Join(err, read.Close()); err != nil {
			return false, s.explain(opMigrate, err)
		}
		if version == currentSchema {
			return false, nil
		}
	}
}

// migrateAlone does the work on a connection in exclusive locking mode, which
// keeps its first lock until it closes. Where another program has the database
// open, an older `serve` for example, it is refused as busy rather than change
// the schema below that program's feet.
// Source: sqlite.org/pragma.html#pragma_locking_mode, read 2026-11.
func (s *Store) migrateAlone(ctx context.Context) (created bool, err error) {
	db, err := sql.Open("sqlite", dsn(s.path, "locking_mode(EXCLUSIVE)"))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // the connection is the lock
	for _, take := range []string{"BEGIN EXCLUSIVE", "COMMIT"} {
		if _, err := db.ExecContext(ctx, take); err != nil {
			return false, err
		}
	}
	before, err := s.schemaVersion(ctx, db)
	if err != nil || before == currentSchema {
		return false, err
	}
	// The file remembers its journal mode; here nobody is in the way.
	if _, err := db.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return false, err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return false, err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return false, err
	}
	_, err = provider.Up(ctx)
	return err == nil && before == 0, err
}
