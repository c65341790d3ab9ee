package api

import (
	"context"
	"net/http"

	"github.com/stagedoor/stagedoor"
)

// Quota tells what an account's quota permits. What it does stands at package app's.
type Quota interface {
	SavedCredential(ctx context.Context, slug string) (stagedoor.Credential, error)
	Quota(ctx context.Context, c stagedoor.Credential) (stagedoor.QuotaReport, error)
}

func quotaRoutes() []Route {
	return []Route{{
		ID: "getQuota", Method: http.MethodGet, Path: Prefix + "/credentials/{slug}/quota", Role: stagedoor.RoleViewer, Tag: "quota",
		Summary: "Show what a credential's account may still call today, and who called", About: "All credentials of one account share it. Days are UTC.",
		register: does((*site).quota),
	}}
}

func (s *site) quota(ctx context.Context, in *BySlug) (*body[stagedoor.QuotaReport], error) {
	c, err := s.Quota.SavedCredential(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	return answer(s.Quota.Quota(ctx, c))
}
