package app

import (
	"context"

	"github.com/stagedoor/stagedoor/internal/store"
)

// Names lists the credentials of a home for completion: it opens no vault, asks
// for nothing and makes nothing.
func Names(ctx context.Context, settings Settings) ([]store.Name, error) {
	return store.Names(ctx, settings.Database)
}

// OperatorTokenNames lists the tokens of operators in the same way.
func OperatorTokenNames(ctx context.Context, settings Settings) ([]store.Name, error) {
	return store.OperatorTokenNames(ctx, settings.Database)
}

// OperatorNames lists the people who sign in.
func OperatorNames(ctx context.Context, settings Settings) ([]store.Name, error) {
	return store.OperatorNames(ctx, settings.Database)
}

// CallerNames does the same for callers.
func CallerNames(ctx context.Context, settings Settings) ([]store.Name, error) {
	return store.CallerNames(ctx, settings.Database)
}

// RunNames does the same for the newest runs.
func RunNames(ctx context.Context, settings Settings) ([]store.Name, error) {
	return store.RunNames(ctx, settings.Database)
}

// ScheduleNames does the same for schedules.
func ScheduleNames(ctx context.Context, settings Settings) ([]store.Name, error) {
	return store.ScheduleNames(ctx, settings.Database)
}

// DestinationNames does the same for saved destinations.
func DestinationNames(ctx context.Context, settings Settings) ([]store.Name, error) {
	return store.DestinationNames(ctx, settings.Database)
}
