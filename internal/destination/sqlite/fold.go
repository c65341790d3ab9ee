package sqlite

import (
	"context"
	"database/sql"
)

// What is committed lies in the write-ahead log first, and is folded into the
// file later: SQLite does so itself at the end of the commit that fills the log,
// and whoever wants to write next waits for it. Here it is done after the turn
// was given on, while the next slice is written.
const (
	foldBytes  = 4 << 20  // committed since the log was folded last
	commitCost = 32 << 10 // that a commit adds to it besides its rows: pages of the table that are written anew
	// logBytes is the size of the log from which on nobody writes until it is
	// folded: as long as somebody does it only grows.
	logBytes = 64 << 20
)

// folding is a connection that folds, and what there is to be folded.
type folding struct {
	free   chan *sql.Conn // nil before the first use; gone while somebody folds
	bytes  int            // guarded by the turn
	behind bool           // the log is too long; guarded by the turn
}

// committed counts what a commit put into the log; the caller has the turn. It
// reports whether it is time to fold.
func (f *folding) committed(bytes int) bool {
	f.bytes += bytes + commitCost
	if f.bytes < foldBytes {
		return false
	}
	f.bytes = 0
	return true
}

// fold moves the log into the file as far as nobody reads or writes there. What
// fails is tried again the next time: everything is in the log as well.
func (d *Destination) fold(ctx context.Context, conn *sql.Conn) (behind bool) {
	var err error
	if conn == nil {
		if conn, err = d.db.Conn(ctx); err != nil {
			d.folding.free <- nil
			return false
		}
	}
	var busy, frames, folded, page int
	if err = conn.QueryRowContext(ctx, "PRAGMA main.wal_checkpoint(PASSIVE)").Scan(&busy, &frames, &folded); err == nil {
		err = conn.QueryRowContext(ctx, "PRAGMA main.page_size").Scan(&page)
	}
	d.folding.free <- conn
	return err == nil && frames*page > logBytes
}
