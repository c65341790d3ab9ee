package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/stagedoor/stagedoor"
)

// makeSlices makes the table of checkpoints. since and until are UTC days, both
// included, and null for a slice without days; partition is empty for streams
// that are read as one. Files of the version that knew no parts get the column.
func makeSlices(ctx context.Context, do doer) error {
	if _, err := do.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS main."_stagedoor_slices" (
	"stream" TEXT NOT NULL,
	"params" TEXT NOT NULL,
	"slice" TEXT NOT NULL,
	"since" TEXT,
	"until" TEXT,
	"run" TEXT NOT NULL,
	"read_at" TEXT NOT NULL,
	"returned" INTEGER NOT NULL,
	"written" INTEGER NOT NULL,
	"partition" TEXT NOT NULL DEFAULT '',
	PRIMARY KEY ("stream", "params", "slice")
) WITHOUT ROWID`); err != nil {
		return err
	}
	var has int
	if err := do.QueryRowContext(ctx, `SELECT count(*) FROM pragma_table_xinfo('_stagedoor_slices', 'main') WHERE name = 'partition'`).Scan(&has); err != nil {
		return err
	}
	if has == 0 {
		if _, err := do.ExecContext(ctx, `ALTER TABLE main."_stagedoor_slices" ADD COLUMN "partition" TEXT NOT NULL DEFAULT ''`); err != nil {
			return err
		}
	}
	// A plan asks for each of ten thousand parts by itself.
	_, err := do.ExecContext(ctx, `CREATE INDEX IF NOT EXISTS main."_stagedoor_slices_of_partition"
	ON "_stagedoor_slices" ("stream", "params", "partition", "since", "until")`)
	return err
}

func saveCheckpoint(ctx context.Context, do doer, c stagedoor.Checkpoint) error {
	var since, until any
	if !c.Days.Since.IsZero() {
		since, until = c.Days.Since.Format(time.DateOnly), c.Days.Until.Format(time.DateOnly)
	}
	_, err := do.ExecContext(ctx, `INSERT OR REPLACE INTO main."_stagedoor_slices"
	("stream", "params", "partition", "slice", "since", "until", "run", "read_at", "returned", "written")
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.Stream, c.Params, c.Partition, c.ID(), since, until, c.Run, timeText(c.ReadAt), c.Returned, c.Written)
	return err
}

// stands holds a stream's checkpoints to the table that they speak of: of one that
// somebody dropped they would pass rows off as written that are nowhere.
const stands = ` AND EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name = "stream" COLLATE NOCASE)`

// Checkpoints returns the slices that were written whole, the oldest day first.
func (d *Destination) Checkpoints(ctx context.Context, stream stagedoor.Stream, params, partition string) ([]stagedoor.Checkpoint, error) {
	checkpoints, err := d.checkpoints(ctx, stream.Name, params, partition)
	return checkpoints, d.explain("read the checkpoints of "+stream.Name, err)
}

func (d *Destination) checkpoints(ctx context.Context, stream, params, partition string) ([]stagedoor.Checkpoint, error) {
	rows, err := d.look.QueryContext(ctx, `SELECT "since", "until", "run", "read_at", "returned", "written"
	FROM main."_stagedoor_slices" WHERE "stream" = ? AND "params" = ? AND "partition" = ?`+stands+` ORDER BY "since", "until"`, stream, params, partition)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []stagedoor.Checkpoint
	for rows.Next() {
		c := stagedoor.Checkpoint{Slice: stagedoor.Slice{Stream: stream, Params: params, Partition: partition}}
		var since, until sql.NullString
		var readAt string
		if err := rows.Scan(&since, &until, &c.Run, &readAt, &c.Returned, &c.Written); err != nil {
			return nil, err
		}
		if since.Valid {
			c.Days.Since, err = time.Parse(time.DateOnly, since.String)
			if err == nil {
				c.Days.Until, err = time.Parse(time.DateOnly, until.String)
			}
		}
		if err == nil {
			c.ReadAt, err = time.Parse(timeFormat, readAt)
		}
		if err != nil {
			return nil, fmt.Errorf("a row of _stagedoor_slices is not of Stagedoor's making: %w", err)
		}
		found = append(found, c)
	}
	return found, rows.Err()
}

// Parts returns the parts that have checkpoints, in order.
func (d *Destination) Parts(ctx context.Context, stream stagedoor.Stream, params string) ([]string, error) {
	parts, err := d.parts(ctx, stream.Name, params)
	return parts, d.explain("read the checkpoints of "+stream.Name, err)
}

func (d *Destination) parts(ctx context.Context, stream, params string) ([]string, error) {
	rows, err := d.look.QueryContext(ctx, `SELECT DISTINCT "partition" FROM main."_stagedoor_slices"
	WHERE "stream" = ? AND "params" = ? AND "partition" <> ''`+stands+` ORDER BY "partition"`, stream, params)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var part string
		if err := rows.Scan(&part); err != nil {
			return nil, err
		}
		found = append(found, part)
	}
	return found, rows.Err()
}

func dropCheckpoints(ctx context.Context, do doer, s stagedoor.Slice) error {
	_, err := do.ExecContext(ctx, `DELETE FROM main."_stagedoor_slices" WHERE "stream" = ? AND "params" = ? AND "partition" = ?`,
		s.Stream, s.Params, s.Partition)
	return err
}

// forget removes all checkpoints of a stream whose table is not there.
func forget(ctx context.Context, do doer, stream string) error {
	_, err := do.ExecContext(ctx, `DELETE FROM main."_stagedoor_slices" WHERE "stream" = ?`, stream)
	return err
}
