package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stagedoor/stagedoor"
)

const slicesTable = "_stagedoor_slices"

// makeSlices makes the schema and the table of checkpoints. since and until are
// UTC days, both included, and null for a slice without days; partition is empty
// for streams that are read as one.
func (d *Destination) makeSlices(ctx context.Context, tx pgx.Tx) error {
	var hasSchema, hasTable, mayCreate, mayWrite bool
	err := tx.QueryRow(ctx, `SELECT n.oid IS NOT NULL, c.oid IS NOT NULL, coalesce(has_schema_privilege(n.oid, 'CREATE'), true),
	coalesce(has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'), true)
	FROM (SELECT 1) AS one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1::text
	LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2::text`, d.schema, slicesTable).
		Scan(&hasSchema, &hasTable, &mayCreate, &mayWrite)
	if err != nil {
		return err
	}
	if !mayWrite {
		return d.denied("write the checkpoints", "the role "+d.server.role+" may not write the table "+slicesTable,
			"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "+quote(d.schema)+" TO "+quote(d.server.role)+";")
	}
	if hasTable {
		return nil
	}
	if !mayCreate {
		return d.denied("make tables", "the role "+d.server.role+" may not make tables in the schema "+d.schema,
			"GRANT USAGE, CREATE ON SCHEMA "+quote(d.schema)+" TO "+quote(d.server.role)+";")
	}
	var statements []string
	if !hasSchema {
		statements = append(statements, "CREATE SCHEMA "+quote(d.schema))
	}
	statements = append(statements, "CREATE TABLE "+d.in(slicesTable)+` (
	"stream" text COLLATE "C" NOT NULL,
	"params" text COLLATE "C" NOT NULL,
	"partition" text COLLATE "C" NOT NULL,
	"slice" text COLLATE "C" NOT NULL,
	"since" date,
	"until" date,
	"run" text NOT NULL,
	"read_at" timestamp with time zone NOT NULL,
	"returned" bigint NOT NULL,
	"written" bigint NOT NULL,
	PRIMARY KEY ("stream", "params", "partition", "slice")
)`)
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// saveCheckpoint returns the transaction that wrote the row, by which [stands] tells
// what came after it.
func (d *Destination) saveCheckpoint(ctx context.Context, q querier, c stagedoor.Checkpoint) (transaction string, err error) {
	var since, until any
	if !c.Days.Since.IsZero() {
		since, until = c.Days.Since.Format(time.DateOnly), c.Days.Until.Format(time.DateOnly)
	}
	err = q.QueryRow(ctx, "INSERT INTO "+d.in(slicesTable)+` ("stream", "params", "partition", "slice", "since", "until", "run", "read_at", "returned", "written")
	VALUES ($1::text, $2::text, $3::text, $4::text, $5::text::date, $6::text::date, $7::text, $8::timestamptz, $9::bigint, $10::bigint)
	ON CONFLICT ("stream", "params", "partition", "slice") DO UPDATE SET "since" = excluded."since", "until" = excluded."until",
	"run" = excluded."run", "read_at" = excluded."read_at", "returned" = excluded."returned", "written" = excluded."written"
	RETURNING xmin::text`,
		c.Stream, c.Params, c.Partition, c.ID(), since, until, c.Run, when(c.ReadAt), c.Returned, c.Written).Scan(&transaction)
	return transaction, err
}

// holds reports whether the very checkpoint is kept.
func (d *Destination) holds(ctx context.Context, q querier, c stagedoor.Checkpoint) (bool, error) {
	var held bool
	err := q.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM "+d.in(slicesTable)+` WHERE "stream" = $1::text AND "params" = $2::text
	AND "partition" = $3::text AND "slice" = $4::text AND "run" = $5::text AND "read_at" = $6::timestamptz)`,
		c.Stream, c.Params, c.Partition, c.ID(), c.Run, when(c.ReadAt)).Scan(&held)
	return held, err
}

func (d *Destination) dropCheckpoints(ctx context.Context, q querier, s stagedoor.Slice) error {
	_, err := q.Exec(ctx, "DELETE FROM "+d.in(slicesTable)+` WHERE "stream" = $1::text AND "params" = $2::text AND "partition" = $3::text`,
		s.Stream, s.Params, s.Partition)
	return err
}

// forget removes all checkpoints of a stream whose table is not there.
func (d *Destination) forget(ctx context.Context, q querier, stream string) error {
	_, err := q.Exec(ctx, "DELETE FROM "+d.in(slicesTable)+` WHERE "stream" = $1::text`, stream)
	return err
}

// Checkpoints returns the slices that were written whole, the oldest day first.
// They count only while the table stands that they speak of: of one that somebody
// dropped they would pass rows off as written that are nowhere.
func (d *Destination) Checkpoints(ctx context.Context, stream stagedoor.Stream, params, partition string) ([]stagedoor.Checkpoint, error) {
	var found []stagedoor.Checkpoint
	err := d.ask(ctx, `SELECT "since", "until", "run", "read_at", "returned", "written" FROM `+d.in(slicesTable)+`
	WHERE "stream" = $1::text AND "params" = $2::text AND "partition" = $3::text AND to_regclass($4::text) IS NOT NULL ORDER BY "since" NULLS FIRST, "until"`,
		[]any{stream.Name, params, partition, d.in(stream.Name)}, func(rows pgx.Rows) error {
			c := stagedoor.Checkpoint{Slice: stagedoor.Slice{Stream: stream.Name, Params: params, Partition: partition}}
			var since, until *time.Time
			if err := rows.Scan(&since, &until, &c.Run, &c.ReadAt, &c.Returned, &c.Written); err != nil {
				return err
			}
			if since != nil && until != nil {
				c.Days = stagedoor.Days{Since: since.UTC(), Until: until.UTC()}
			}
			c.ReadAt = c.ReadAt.UTC()
			found = append(found, c)
			return nil
		}, func() { found = nil })
	return found, d.explain("read the checkpoints of "+stream.Name, err)
}

// Parts returns the parts that have checkpoints, in order.
func (d *Destination) Parts(ctx context.Context, stream stagedoor.Stream, params string) ([]string, error) {
	var found []string
	err := d.ask(ctx, `SELECT DISTINCT "partition" FROM `+d.in(slicesTable)+`
	WHERE "stream" = $1::text AND "params" = $2::text AND "partition" <> '' AND to_regclass($3::text) IS NOT NULL ORDER BY "partition"`,
		[]any{stream.Name, params, d.in(stream.Name)}, func(rows pgx.Rows) error {
			var part string
			err := rows.Scan(&part)
			found = append(found, part)
			return err
		}, func() { found = nil })
	return found, d.explain("read the checkpoints of "+stream.Name, err)
}

// ask reads rows of the table of checkpoints; where there is none yet there are
// no rows. anew comes before each attempt.
func (d *Destination) ask(ctx context.Context, query string, args []any, row func(pgx.Rows) error, anew func()) error {
	err := d.again(ctx, func() error {
		anew()
		rows, err := d.pool.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := row(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if code := codeOf(err); code == codeNoTable || code == codeNoSchema {
		anew()
		return nil
	}
	return err
}
