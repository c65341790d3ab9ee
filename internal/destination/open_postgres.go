package destination

import (
	"context"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/destination/postgres"
)

// openPostgres opens the schema that a postgres:// URL names.
func openPostgres(ctx context.Context, url string) (stagedoor.Destination, error) {
	d, err := postgres.Open(ctx, url)
	if err != nil {
		return nil, err // not d: a nil *Destination would not be a nil interface
	}
	return d, nil
}
