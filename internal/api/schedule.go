package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/stagedoor/stagedoor"
)

// Schedules shows and changes schedules. What each does stands at package app's.
type Schedules interface {
	Schedules(ctx context.Context) ([]stagedoor.Schedule, error)
	ScheduleRuns(ctx context.Context, credential string, s stagedoor.Schedule) (stagedoor.Schedule, error)
	PauseSchedule(ctx context.Context, name string) (stagedoor.Schedule, error)
	ResumeSchedule(ctx context.Context, name string) (stagedoor.Schedule, error)
	RemoveSchedule(ctx context.Context, name string) error
}

func scheduleRoutes() []Route {
	const tag, one = "schedules", Prefix + "/schedules/{name}"
	return []Route{
		{
			ID: "listSchedules", Method: http.MethodGet, Path: Prefix + "/schedules", Role: stagedoor.RoleViewer, Tag: tag, Summary: "List schedules",
			About: "When they ask for runs next, and how these ended last.", register: does((*site).listSchedules),
		},
		{
			ID: "addSchedule", Method: http.MethodPost, Path: Prefix + "/schedules", Role: stagedoor.RoleAdmin, Tag: tag, Status: http.StatusCreated, Summary: "Add a schedule",
			Example: map[string]any{
				"name": "nightly", "credential": "acme", "streams": []string{"meeting_activities"}, "into": "warehouse", "cron": "15 3 * * *", "zone": "Europe/Berlin", "jitter": "5m",
			}, register: does((*site).addSchedule),
		},
		{
			ID: "getSchedule", Method: http.MethodGet, Path: one, Role: stagedoor.RoleViewer, Tag: tag, Summary: "Show a schedule", register: does((*site).getSchedule),
		},
		{
			ID: "pauseSchedule", Method: http.MethodPost, Path: one + "/pause", Role: stagedoor.RoleAdmin, Tag: tag, Summary: "Have a schedule ask for nothing",
			About: "What is running goes on.", register: does((*site).pauseSchedule),
		},
		{
			ID: "resumeSchedule", Method: http.MethodPost, Path: one + "/resume", Role: stagedoor.RoleAdmin, Tag: tag, Summary: "Have a schedule ask again, from now on",
			register: does((*site).resumeSchedule),
		},
		{
			ID: "removeSchedule", Method: http.MethodDelete, Path: one, Role: stagedoor.RoleAdmin, Tag: tag, Status: http.StatusNoContent, Summary: "Remove a schedule",
			About: "Its runs stay, and what is running goes on.", register: does((*site).removeSchedule),
		},
	}
}

func shownSchedule(ctx context.Context, s stagedoor.Schedule) stagedoor.Schedule {
	if viewer(ctx) {
		s.CreatedBy, s.PausedBy, s.Spec = "", "", shownSpec(s.Spec)
	}
	return s
}

func (s *site) listSchedules(ctx context.Context, in *struct{ Paged }) (*list[stagedoor.Schedule], error) {
	all, err := s.Schedules.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i] = shownSchedule(ctx, all[i])
	}
	return pageOf(ctx, in.Paged, all, func(c stagedoor.Schedule) string { return c.Name })
}

func (s *site) getSchedule(ctx context.Context, in *ByName) (*body[stagedoor.Schedule], error) {
	all, err := s.Schedules.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(c stagedoor.Schedule) bool { return c.Name == in.Name })
	if i < 0 {
		return nil, &stagedoor.Error{
			Op: "find a schedule", Subject: "schedule " + stagedoor.Outside(in.Name, 63), Kind: stagedoor.KindNotFound,
			Cause: "there is none by that name", Fix: "List them at " + Prefix + "/schedules.",
		}
	}
	return answer(shownSchedule(ctx, all[i]), nil)
}

// NewSchedule is a schedule that is to be added.
type NewSchedule struct {
	Name       string `json:"name,omitempty" maxLength:"63" doc:"Made from the credential and the streams where it is left out" example:"nightly"`
	Credential string `json:"credential" minLength:"1" maxLength:"64" doc:"The slug of a credential" example:"acme"`
	NewSpec
	Cron    string `json:"cron" minLength:"1" maxLength:"200" doc:"Minute, hour, day of the month, month, day of the week; or @daily …" example:"15 3 * * *"`
	Zone    string `json:"zone,omitempty" maxLength:"60" doc:"An IANA name; default: UTC" example:"Europe/Berlin"`
	CatchUp string `json:"catch_up,omitempty" enum:"once,all,none" doc:"What is done about times that passed while no daemon ran; default: once"`
	Jitter  string `json:"jitter,omitempty" maxLength:"20" doc:"Runs begin up to so much later, always the same" example:"5m"`
}

func (s *site) addSchedule(ctx context.Context, in *struct{ Body NewSchedule }) (*body[stagedoor.Schedule], error) {
	n := in.Body
	spec, err := n.spec()
	if err != nil {
		return nil, err
	}
	add := stagedoor.Schedule{
		Name: n.Name, Spec: spec, Cron: n.Cron, Zone: cmp.Or(n.Zone, "UTC"), CatchUp: stagedoor.CatchUp(cmp.Or(n.CatchUp, string(stagedoor.CatchUpOnce))),
	}
	if n.Jitter != "" && n.Jitter != "0" {
		if add.Jitter, err = length("jitter", n.Jitter); err != nil {
			return nil, err
		}
	}
	return answer(s.Schedules.ScheduleRuns(ctx, n.Credential, add))
}

func (s *site) pauseSchedule(ctx context.Context, in *ByName) (*body[stagedoor.Schedule], error) {
	return answer(s.Schedules.PauseSchedule(ctx, in.Name))
}

func (s *site) resumeSchedule(ctx context.Context, in *ByName) (*body[stagedoor.Schedule], error) {
	return answer(s.Schedules.ResumeSchedule(ctx, in.Name))
}

func (s *site) removeSchedule(ctx context.Context, in *ByName) (*none, error) {
	return &none{}, s.Schedules.RemoveSchedule(ctx, in.Name)
}
