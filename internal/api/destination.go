package api

import (
	"context"
	"net/http"

	"github.com/stagedoor/stagedoor"
)

// Destinations shows and changes saved destinations. What each does stands at
// package app's.
type Destinations interface {
	Destinations(ctx context.Context) ([]stagedoor.SavedDestination, error)
	AddDestination(ctx context.Context, d stagedoor.SavedDestination, url stagedoor.Secret) (stagedoor.SavedDestination, error)
	CheckDestination(ctx context.Context, name string) (stagedoor.SavedDestination, error)
	RemoveDestination(ctx context.Context, name string, force bool) error
}

func destinationRoutes() []Route {
	const tag, one = "destinations", Prefix + "/destinations/{name}"
	return []Route{
		{
			ID: "listDestinations", Method: http.MethodGet, Path: Prefix + "/destinations", Role: stagedoor.RoleViewer, Tag: tag, Summary: "List saved destinations",
			register: does((*site).listDestinations),
		},
		{
			ID: "addDestination", Method: http.MethodPost, Path: Prefix + "/destinations", Role: stagedoor.RoleAdmin, Tag: tag, Status: http.StatusCreated, Summary: "Save a destination",
			About:   "It is proven that it can be written to. The URL, which may hold a password, is sealed, and never shown again.",
			Example: map[string]any{"name": "warehouse", "url": "postgres://user:password@host/database?schema=zoom"}, register: does((*site).addDestination),
		},
		{
			ID: "checkDestination", Method: http.MethodPost, Path: one + "/check", Role: stagedoor.RoleOperator, Tag: tag, Summary: "Prove that a destination can be written to",
			About: "Where it can not, the answer tells so all the same: it has an error.", register: does((*site).checkDestination),
		},
		{
			ID: "removeDestination", Method: http.MethodDelete, Path: one, Role: stagedoor.RoleAdmin, Tag: tag, Status: http.StatusNoContent, Summary: "Remove a saved destination",
			About: "What was written there stays. Where schedules write into it, it is refused unless force is set.", register: does((*site).removeDestination),
		},
	}
}

func (s *site) listDestinations(ctx context.Context, in *struct{ Paged }) (*list[stagedoor.SavedDestination], error) {
	all, err := s.Destinations.Destinations(ctx)
	if err != nil {
		return nil, err
	}
	if viewer(ctx) {
		for i := range all {
			all[i].Place, all[i].CreatedBy, all[i].Error = "", "", shownNotice(all[i].Error)
		}
	}
	return pageOf(ctx, in.Paged, all, func(d stagedoor.SavedDestination) string { return d.Name })
}

// NewDestination is a destination that is to be saved.
type NewDestination struct {
	Name        string `json:"name" minLength:"1" maxLength:"63" example:"warehouse"`
	Description string `json:"description,omitempty" maxLength:"2000"`
	URL         secret `json:"url"`
}

func (s *site) addDestination(ctx context.Context, in *struct{ Body NewDestination }) (*body[stagedoor.SavedDestination], error) {
	d := stagedoor.SavedDestination{Name: in.Body.Name, Description: in.Body.Description}
	return answer(s.Destinations.AddDestination(ctx, d, in.Body.URL.value))
}

func (s *site) checkDestination(ctx context.Context, in *ByName) (*body[stagedoor.SavedDestination], error) {
	d, err := s.Destinations.CheckDestination(ctx, in.Name)
	if d.Error != nil {
		err = nil // it says why
	}
	return answer(d, err)
}

type removeDestinationRequest struct {
	ByName
	Force bool `query:"force" doc:"Remove it although schedules write into it; their runs then fail"`
}

func (s *site) removeDestination(ctx context.Context, in *removeDestinationRequest) (*none, error) {
	return &none{}, s.Destinations.RemoveDestination(ctx, in.Name, in.Force)
}
