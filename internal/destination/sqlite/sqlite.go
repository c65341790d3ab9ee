package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite", without cgo

	"github.com/stagedoor/stagedoor"
)

// pageBytes is the size of the pages of files that Stagedoor makes; that of others
// stays. Rows are long: of SQLite's own 4,096 bytes a page holds six of them, and
// writing a million rows takes a fifth longer.
const pageBytes = 16 << 10

// patience is how long a statement waits for another process that writes.
const patience = 10 * time.Second

// Destination is one open SQLite file. Several slices of one run may be open
// at once, and other processes may use the file at the same time. Every error
// of it and of its slices is a [stagedoor.Error] that names the file.
type Destination struct {
	path string
	db   *sql.DB
	// look is the one connection that lives as long as the Destination. It
	// reads checkpoints and tables, and keeps the write-ahead log from being
	// folded in after each slice, whose connections come and go.
	look *sql.Conn

	// turn holds a token that whoever writes has: SQLite takes one writer at a
	// time, and those of one process need not find out by trying.
	turn    chan struct{}
	writer  *sql.Conn // of whoever has the turn; nil before the first and after an error
	folding folding

	memory *memory // of staged rows
}

var _ stagedoor.Destination = (*Destination)(nil)

// Open opens the file at path, makes it with mode 0600 where there is none,
// and proves that it can be written, so that a long reading does not end at a
// closed door. The folder must exist. The mode of a file that is there is left
// as it is, since its owner may share it on purpose.
func Open(ctx context.Context, path string) (*Destination, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, explainFile(path, err)
	}
	d := &Destination{path: path, turn: make(chan struct{}, 1), folding: folding{free: make(chan *sql.Conn, 1)}, memory: newMemory()}
	d.folding.free <- nil
	if err := makeFile(path); err != nil {
		return nil, explainFile(path, err)
	}
	if err := d.connect(ctx); err != nil {
		_ = d.Close() // err is what happened
		return nil, d.explain("open the destination", err)
	}
	if err := d.refuseStore(ctx); err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

// refuseStore refuses a database in which some Stagedoor keeps credentials.
func (d *Destination) refuseStore(ctx context.Context) error {
	var tables int
	err := d.db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('goose_db_version', 'credentials', 'tokens', 'meta')`).Scan(&tables)
	if err != nil {
		return d.explain("open the destination", err)
	}
	if tables < 4 {
		return nil
	}
	return &stagedoor.Error{
		Op: "open the destination", Subject: d.Name(), Kind: stagedoor.KindUsage,
		Cause: "it is a database in which Stagedoor keeps credentials", Fix: "Choose another file for rows.",
	}
}

// Name returns "sqlite:" and the file's absolute path.
func (d *Destination) Name() string { return "sqlite:" + d.path }

// Close ends all connections. Slices that are open are forgotten.
func (d *Destination) Close() error {
	var errs []error
	d.turn <- struct{}{} // what is being committed is
	defer func() { <-d.turn }()
	for _, conn := range []*sql.Conn{d.writer, <-d.folding.free} {
		if conn != nil {
			errs = append(errs, ignoreDone(conn.Close()))
		}
	}
	d.folding.free <- nil
	if d.look != nil {
		errs = append(errs, ignoreDone(d.look.Close()))
	}
	if d.db != nil {
		errs = append(errs, d.db.Close())
	}
	return d.explain("close the destination", errors.Join(errs...))
}

func (d *Destination) connect(ctx context.Context) error {
	db, err := sql.Open("sqlite", dsn(d.path))
	if err != nil {
		return err
	}
	db.SetMaxIdleConns(0) // a slice's connection ends with it, and its temporary file with that
	d.db = db
	if d.look, err = db.Conn(ctx); err != nil {
		return err
	}
	if err := d.useWAL(ctx); err != nil {
		return err
	}
	return d.change(ctx, d.look, func() error { return makeSlices(ctx, d.look) })
}

// useWAL lets others read the file while a slice is committed. The change is
// lasting, and SQLite gives it up at once, whatever the busy timeout, where
// another writes: two processes that open a new file together. Where the file
// system cannot do it the file stays as it is, and works.
func (d *Destination) useWAL(ctx context.Context) error {
	give := time.Now().Add(patience)
	for {
		_, err := d.look.ExecContext(ctx, "PRAGMA journal_mode = WAL")
		if err == nil || !isBusy(err) || time.Now().After(give) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// doer is what a connection does inside a transaction.
type doer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// write runs f inside a transaction of the one connection that writes, about so
// many bytes.
func (d *Destination) write(ctx context.Context, bytes int, f func(*sql.Conn) error) error {
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if d.folding.behind {
		d.folding.behind = d.fold(ctx, <-d.folding.free)
	}
	err := d.inTurn(ctx, f)
	full := err == nil && d.folding.committed(bytes)
	<-d.turn
	if !full {
		return err
	}
	select {
	case conn := <-d.folding.free:
		if d.fold(context.WithoutCancel(ctx), conn) {
			d.turn <- struct{}{}
			d.folding.behind = true
			<-d.turn
		}
	default: // somebody does
	}
	return nil
}

func (d *Destination) inTurn(ctx context.Context, f func(*sql.Conn) error) error {
	if d.writer == nil {
		conn, err := d.db.Conn(ctx)
		if err != nil {
			return err
		}
		// It changes some ten MiB at once; the others look here and there.
		if _, err := conn.ExecContext(ctx, "PRAGMA cache_size = -8000"); err != nil {
			_ = conn.Close()
			return err
		}
		d.writer = conn
	}
	err := d.change(ctx, d.writer, func() error { return f(d.writer) })
	if err != nil {
		// A connection whose statement was interrupted or whose disk was full is
		// not worth trusting. ErrBadConn tells database/sql to close it; what
		// that says itself is of no use.
		_ = d.writer.Raw(func(any) error { return driver.ErrBadConn })
		_ = d.writer.Close()
		d.writer = nil
	}
	return err
}

// change runs f between BEGIN IMMEDIATE and COMMIT: no other writer comes
// between, and an error undoes everything.
func (d *Destination) change(ctx context.Context, conn *sql.Conn, f func() error) error {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	// What ends the transaction is not cut short, so that an error of it always
	// means that nothing was written.
	end := context.WithoutCancel(ctx)
	err := f()
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		_, err = conn.ExecContext(end, "COMMIT")
	}
	if err != nil {
		_, _ = conn.ExecContext(end, "ROLLBACK") // err is what happened; a full disk has rolled back already
	}
	return err
}

// makeFile makes an empty file that only its owner may read, whatever the
// umask says; SQLite gives -wal and -shm the mode of the database file.
func makeFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		info, err := os.Stat(path)
		if err == nil && !info.Mode().IsRegular() {
			return errNotFile
		}
		return err
	}
	if err != nil {
		return err
	}
	return errors.Join(file.Chmod(0o600), file.Close())
}

// dsn names the file to the driver, which reads a SQLite URI.
//
// synchronous(NORMAL): after a power cut the last slices may be missing, but
// each with its checkpoint, so that the next run reads them again.
// temp_store(FILE): the keys of a slice that is written again lie in a file
// without a name, mode 0600, that goes with its connection. cache_size is in KiB when negative.
// Source: sqlite.org/uri.html and sqlite.org/pragma.html, read 2026-11.
func dsn(path string) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a drive letter, on Windows
	}
	query := url.Values{
		"mode": {"rw"},
		"_pragma": {
			"busy_timeout(10000)", // patience, in milliseconds
			fmt.Sprintf("page_size(%d)", pageBytes), "wal_autocheckpoint(0)",
			"synchronous(NORMAL)", "temp_store(FILE)", "cache_size(-2000)",
		},
	}
	return "file:" + (&url.URL{Path: slashed}).EscapedPath() + "?" + query.Encode()
}
