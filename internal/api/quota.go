package api

import (
	"context"
	"net/http"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Quota tells what an account's quota permits. What each does stands at package app's.
type Quota interface {
	SavedCredential(ctx context.Context, slug string) (stagedoor.Credential, error)
	Quota(ctx context.Context, c stagedoor.Credential) (stagedoor.QuotaReport, error)
	QuotaCurve(ctx context.Context, slug string, day time.Time) (stagedoor.QuotaCurve, error)
}

func quotaRoutes() []Route {
	const tag, one = "quota", Prefix + "/credentials/{slug}/quota"
	return []Route{
		{
			ID: "getQuota", Method: http.MethodGet, Path: one, Role: stagedoor.RoleViewer, Tag: tag,
			Summary: "Show what a credential's account may still call today, and who called", About: "All credentials of one account share it. Days are UTC.",
			register: does((*site).quota),
		},
		{
			ID: "getQuotaCurve", Method: http.MethodGet, Path: one + "/curve", Role: stagedoor.RoleViewer, Tag: tag,
			Summary: "Show how the calls of an account grew over a day", About: "Days are UTC.", register: does((*site).curve),
		},
	}
}

type curveRequest struct {
	BySlug
	Day string `query:"day" format:"date" doc:"The UTC day; left out: today" example:"2026-11-24"`
}

func (s *site) curve(ctx context.Context, in *curveRequest) (*body[stagedoor.QuotaCurve], error) {
	day := stagedoor.DayOf(time.Now())
	if in.Day != "" {
		var err error
		if day, err = time.Parse(time.DateOnly, in.Day); err != nil {
			return nil, &stagedoor.Error{Op: "show the quota", Subject: "day", Kind: stagedoor.KindUsage, Cause: "it is no day", Fix: "Write it like 2026-11-24."}
		}
	}
	return answer(s.Quota.QuotaCurve(ctx, in.Slug, day))
}

func (s *site) quota(ctx context.Context, in *BySlug) (*body[stagedoor.QuotaReport], error) {
	c, err := s.Quota.SavedCredential(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	return answer(s.Quota.Quota(ctx, c))
}
