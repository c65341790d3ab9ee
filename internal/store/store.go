package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite", without cgo
)

// busyTimeout is how long a statement waits for another process.
const busyTimeout = 10 * time.Second

// Options say which database to open.
type Options struct {
	// Database is "sqlite:PATH". PATH's folder must exist. Required.
	Database string
	// Wall tells the time by which leases end. All processes of one machine
	// share one clock, so that each may judge the others' leases. If nil,
	// time.Now.
	Wall func() time.Time
}

// Store is an open database. Its methods may be called at the same time, by
// any number of processes. Every error is a [stagedoor.Error].
type Store struct {
	path    string
	wall    func() time.Time
	created bool

	// SQLite has one writer at a time. A second handle for reading keeps reads
	// from queueing behind a write that waits for another process.
	write, read *sql.DB
}

// Open opens the database, after making it or bringing it to this program's
// schema where that is needed. A database with a newer schema is left as it is
// ([stagedoor.KindSchemaNewer]).
func Open(ctx context.Context, o Options) (*Store, error) {
	path, err := sqlitePath(o.Database)
	if err != nil {
		return nil, err
	}
	if err := makeFile(path); err != nil {
		return nil, explainFile(path, err)
	}
	s := &Store{path: path, wall: o.Wall}
	if s.wall == nil {
		s.wall = time.Now
	}
	if err := s.connect(ctx); err != nil {
		_ = s.Close() // err is what happened
		return nil, err
	}
	return s, nil
}

// Created reports whether this Open made the database.
func (s *Store) Created() bool { return s.created }

// Path is where the database lies.
func (s *Store) Path() string { return s.path }

// Close ends all connections. The last process to close folds the write-ahead
// log into the database file.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return s.explain("close the database", errors.Join(errs...))
}

// makeFile makes an empty file that only its owner may read, whatever the
// umask says; SQLite gives -wal and -shm the mode of the database file. A file
// that is there and wider, a restored copy for example, is narrowed.
func makeFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return errors.Join(file.Chmod(0o600), file.Close())
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			// Where the file is another user's this fails, and the open that
			// follows says what matters.
			_ = os.Chmod(name, info.Mode().Perm()&^0o077)
		}
	}
	return nil
}

// connect leaves s with a current schema and both handles.
func (s *Store) connect(ctx context.Context) error {
	var err error
	if s.read, err = s.handle(4, "query_only(1)"); err != nil {
		return err
	}
	version, err := s.schemaVersion(ctx, s.read)
	if err != nil {
		return err
	}
	if version < currentSchema {
		// A connection that has read keeps a lock which migrate could not pass.
		if err := s.read.Close(); err != nil {
			return s.explain("open the database", err)
		}
		if s.created, err = s.migrate(ctx); err != nil {
			return err
		}
		if s.read, err = s.handle(4, "query_only(1)"); err != nil {
			return err
		}
	}
	// synchronous(FULL): a client secret that was reported as saved survives a
	// power cut. Writes are a few an hour, so that nobody waits for the disk.
	// secure_delete: what is removed is overwritten, not only unlinked.
	s.write, err = s.handle(1, "synchronous(FULL)", "secure_delete(1)")
	return err
}

// handle prepares connections to the file; none is made before it is used.
func (s *Store) handle(connections int, pragmas ...string) (*sql.DB, error) {
	wait := fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())
	db, err := sql.Open("sqlite", dsn(s.path, append(pragmas, wait, "foreign_keys(1)")...))
	if err != nil {
		return nil, s.explain("open the database", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// change runs f in a transaction that no other writer, of this or another
// process, can come between (BEGIN IMMEDIATE). f must not call the store.
func (s *Store) change(ctx context.Context, op string, f func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return s.explain(op, err)
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // err is what happened
		return s.explain(op, err)
	}
	return s.explain(op, tx.Commit())
}
