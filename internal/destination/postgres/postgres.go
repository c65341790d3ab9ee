package postgres

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/stagedoor/stagedoor"
)

const (
	// leastVersion is PostgreSQL 13.
	leastVersion = 130_000
	// nameLimit is how many bytes of a name PostgreSQL keeps.
	nameLimit = 63
	// patience is how long something that may pass is tried again.
	patience = 30 * time.Second
	// lockPatience is how long a statement waits for a lock of another program.
	lockPatience = 5 * time.Minute
)

// Destination is one schema of a database. Several slices of one run may be open
// at once, and other processes may write at the same time. Every error of it and
// of its slices is a [stagedoor.Error] that names the place, without a password.
type Destination struct {
	name   string
	schema string
	pool   *pgxpool.Pool
	server server
	memory *memory // of rows that wait to be sent
	ledger ledger

	patience, lockPatience time.Duration // as the constants; tests shorten them

	preparing sync.Mutex
	prepared  bool            // the schema and the table of checkpoints are there
	checked   map[string]bool // tables that a slice of this run may be written into, by how they are made
}

// server is what the server says of itself and of the role.
type server struct {
	database, role string
	version        int
	encoding       string
	readOnly       bool
	mayCreate      bool // schemas in the database
	mayStage       bool // temporary tables
	hasSchema      bool
	mayUse         bool // the schema
}

var (
	_ stagedoor.Destination = (*Destination)(nil)
	_ stagedoor.Finisher    = (*Destination)(nil)
)

// Open connects to the database that a postgres:// URL names, and looks whether
// the schema can be used; see the package comment for what it takes of the URL.
// Nothing is made before the first slice is begun, so that looking at a plan
// changes nothing. A URL of no use is an error of [stagedoor.KindUsage].
func Open(ctx context.Context, url string) (*Destination, error) {
	config, schema, err := parse(url)
	if err != nil {
		return nil, err
	}
	d := &Destination{name: nameOf(config.ConnConfig, schema), schema: schema, patience: patience, lockPatience: lockPatience, memory: newMemory()}
	d.server.role = config.ConnConfig.User
	d.server.database = config.ConnConfig.Database
	if d.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, d.explain("open the destination", err)
	}
	if err := d.look(ctx); err != nil {
		d.pool.Close()
		return nil, d.explain("open the destination", err)
	}
	return d, nil
}

// Name returns the server, the database and the schema as a URL.
func (d *Destination) Name() string { return d.name }

// Close ends all connections. Slices that are open are forgotten. Without Finish
// before it, it waits a moment for the server's disk, and fails where something
// that was committed is lost or could not be looked at.
func (d *Destination) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closePatience)
	defer cancel()
	err := d.Finish(ctx)
	d.ledger.forget() // what there was to say of it is said
	d.pool.Close()
	return err
}

// look asks the server what must hold of it.
func (d *Destination) look(ctx context.Context) error {
	var s server
	err := d.pool.QueryRow(ctx, `SELECT current_database()::text, current_user::text, current_setting('server_version_num')::int,
	current_setting('server_encoding'), current_setting('transaction_read_only')::bool,
	has_database_privilege(current_database(), 'CREATE'), has_database_privilege(current_database(), 'TEMPORARY'),
	n.oid IS NOT NULL, coalesce(has_schema_privilege(n.oid, 'USAGE'), true)
	FROM (SELECT 1) AS one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1::text`, d.schema).
		Scan(&s.database, &s.role, &s.version, &s.encoding, &s.readOnly, &s.mayCreate, &s.mayStage, &s.hasSchema, &s.mayUse)
	if err != nil {
		return err
	}
	d.server = s
	switch {
	case s.version < leastVersion:
		return &stagedoor.Error{
			Op: "open the destination", Kind: stagedoor.KindDestination,
			Cause: "the server is older than PostgreSQL 13", Fix: "Use a newer server.",
		}
	case s.encoding != "UTF8":
		return &stagedoor.Error{
			Op: "open the destination", Kind: stagedoor.KindDestination,
			Cause: "the database's encoding is " + s.encoding + ", which can not hold every name",
			Fix:   "Make a database for the rows: CREATE DATABASE zoom ENCODING 'UTF8' TEMPLATE template0;",
		}
	case s.readOnly:
		return d.readOnly("open the destination")
	case !s.hasSchema && !s.mayCreate:
		return d.denied("open the destination", "there is no schema "+d.schema+", and the role "+s.role+" may not make one",
			"CREATE SCHEMA "+quote(d.schema)+" AUTHORIZATION "+quote(s.role)+";")
	case !s.mayUse:
		return d.denied("open the destination", "the role "+s.role+" may not use the schema "+d.schema,
			"GRANT USAGE, CREATE ON SCHEMA "+quote(d.schema)+" TO "+quote(s.role)+";")
	case !s.mayStage:
		return d.denied("open the destination", "the role "+s.role+" may not make temporary tables, in which rows are merged",
			"GRANT TEMPORARY ON DATABASE "+quote(s.database)+" TO "+quote(s.role)+";")
	}
	return nil
}

// prepare makes the schema and the table of checkpoints where they are missing.
func (d *Destination) prepare(ctx context.Context) error {
	d.preparing.Lock()
	defer d.preparing.Unlock()
	if d.prepared {
		return nil
	}
	err := d.again(ctx, func() error { return d.change(ctx, slicesTable, true, d.makeSlices) })
	d.prepared = err == nil
	return err
}

// change runs f in a transaction that holds the lock of a table, and commits it;
// durably as the server's settings have it, or without waiting for its disk.
// Every error means that nothing was written, except a [doubt].
func (d *Destination) change(ctx context.Context, table string, durably bool, f func(context.Context, pgx.Tx) error) error {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // closes it, if the transaction is not over
	// In one message, since a server may be far away.
	begin := fmt.Sprintf("begin; set local lock_timeout = %d; ", d.lockPatience.Milliseconds())
	if !durably {
		begin += "set local synchronous_commit = off; "
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{BeginQuery: begin + fmt.Sprintf("select pg_advisory_xact_lock(%d)", d.lock(table))})
	if err != nil {
		return err
	}
	err = f(ctx, tx)
	if err == nil {
		err = ctx.Err()
	}
	// What ends the transaction is not cut short by the caller.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.lockPatience)
	defer cancel()
	if err != nil {
		_ = tx.Rollback(end) // err is what happened
		return err
	}
	if err := tx.Commit(end); err != nil {
		if isServers(err) {
			return err
		}
		return &doubt{err}
	}
	return nil
}

// lock names the lock of a table, among all that use advisory locks in the database.
func (d *Destination) lock(table string) int64 {
	sum := fnv.New64a()
	sum.Write([]byte("stagedoor\x00" + d.schema + "\x00" + table))
	return int64(sum.Sum64())
}

// doubt is the error of a COMMIT that was sent and not answered, or of what came
// after it.
type doubt struct{ err error }

func (e *doubt) Error() string { return "the connection was lost during COMMIT: " + e.err.Error() }
func (e *doubt) Unwrap() error { return e.err }

// again runs f, and again after errors that pass, for as long as patience lasts.
func (d *Destination) again(ctx context.Context, f func() error) error {
	give := time.Now().Add(d.patience)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := f()
		if err == nil || !passes(err) || ctx.Err() != nil || time.Now().Add(pause).After(give) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
