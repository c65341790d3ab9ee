package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Audit tells who did what. What each does stands at package app's.
type Audit interface {
	Audit(ctx context.Context, q stagedoor.AuditQuery) ([]stagedoor.AuditRow, error)
	VerifyAudit(ctx context.Context, head *stagedoor.AuditHead) (stagedoor.AuditReport, error)
	AuditHead(ctx context.Context) (stagedoor.AuditHead, error)
}

func auditRoutes() []Route {
	const tag = "audit"
	return []Route{
		{
			ID: "listAudit", Method: http.MethodGet, Path: Prefix + "/audit", Role: stagedoor.RoleOperator, Tag: tag, Summary: "List who did what",
			About: "The newest first. Lines hold addresses and paths, so that a viewer does not see them.", register: does((*site).listAudit),
		},
		{
			ID: "getAuditHead", Method: http.MethodGet, Path: Prefix + "/audit/head", Role: stagedoor.RoleOperator, Tag: tag, Summary: "Say how far the audit reaches",
			About:    "Kept elsewhere, it lets verifyAudit find that the newest lines were removed too.",
			register: does((*site).auditHead),
		},
		{
			ID: "verifyAudit", Method: http.MethodPost, Path: Prefix + "/audit/verify", Role: stagedoor.RoleOperator, Tag: tag, Summary: "Look for what was done to the audit",
			About: "Where something is wrong the answer is a report all the same: problems_found is not 0.", Example: map[string]any{"head": "stagedoor-audit-head-1 2026-11-25T12:00:00Z 1:… …"},
			register: does((*site).verifyAudit),
		},
	}
}

// AuditLine is a line of the audit.
type AuditLine struct {
	Arrival  int64           `json:"arrival" doc:"Grows with every line that is written"`
	Chain    int64           `json:"chain"`
	Sequence int64           `json:"sequence"`
	Event    stagedoor.Event `json:"event"`
	// Unreadable: it was changed since it was written.
	Unreadable bool `json:"unreadable,omitempty" doc:"It was changed since it was written: see verifyAudit"`
}

type auditRequest struct {
	Paged
	Since      time.Time `query:"since" doc:"From this time on (RFC 3339)" example:"2026-11-01T00:00:00Z"`
	Until      time.Time `query:"until" doc:"Before this time (RFC 3339)"`
	Actor      string    `query:"actor" maxLength:"200" doc:"Who: caller reports, person anna, operator token grafana" example:"caller reports"`
	Credential string    `query:"credential" maxLength:"64" doc:"The slug of a credential" example:"acme"`
	Action     string    `query:"action" maxLength:"200" doc:"What was done: caller.add, GET /users/{userId}" example:"caller.add"`
}

func (s *site) listAudit(ctx context.Context, in *auditRequest) (*list[AuditLine], error) {
	keys, err := in.read(2)
	if err != nil {
		return nil, err
	}
	q := stagedoor.AuditQuery{Since: in.Since, Until: in.Until, Actor: in.Actor, Credential: in.Credential, Action: in.Action, Limit: in.Limit + 1}
	if in.After != "" {
		micros, wrong := strconv.ParseInt(keys[0], 10, 64)
		if q.BeforeArrival, err = strconv.ParseInt(keys[1], 10, 64); err != nil || wrong != nil {
			_, err = Paged{After: "!"}.read(1) // it says what is wrong
			return nil, err
		}
		q.Before = time.UnixMicro(micros).UTC()
	}
	rows, err := s.Audit.Audit(ctx, q)
	if err != nil {
		return nil, err
	}
	page := pageMore(ctx, in.Paged, rows, func(r stagedoor.AuditRow) string {
		return cursor(strconv.FormatInt(r.At.UnixMicro(), 10), strconv.FormatInt(r.Arrival, 10))
	})
	lines := &list[AuditLine]{Link: page.Link, Body: Page[AuditLine]{Items: []AuditLine{}, Next: page.Body.Next}}
	for _, row := range page.Body.Items {
		line := AuditLine{Arrival: row.Arrival, Chain: row.Chain, Sequence: row.Sequence}
		if json.Unmarshal([]byte(row.Line), &line.Event) != nil {
			line.Event, line.Unreadable = stagedoor.Event{At: row.At}, true
		}
		lines.Body.Items = append(lines.Body.Items, line)
	}
	return lines, nil
}

// Head is how far the audit reaches.
type Head struct {
	Head string `json:"head" doc:"One line, to be kept where nobody who can write the database can" example:"stagedoor-audit-head-1 …"`
}

func (s *site) auditHead(ctx context.Context, _ *struct{}) (*body[Head], error) {
	h, err := s.Audit.AuditHead(ctx)
	return answer(Head{h.String()}, err)
}

// HeadToCompare is a head that was kept.
type HeadToCompare struct {
	Head string `json:"head,omitempty" maxLength:"200000" doc:"What getAuditHead or stagedoor audit head said once"`
}

func (s *site) verifyAudit(ctx context.Context, in *struct {
	Body *HeadToCompare `required:"false"`
},
) (*body[stagedoor.AuditReport], error) {
	var head *stagedoor.AuditHead
	if in.Body != nil && in.Body.Head != "" {
		h, err := stagedoor.ParseAuditHead(in.Body.Head)
		if err != nil {
			return nil, err
		}
		head = &h
	}
	return answer(s.Audit.VerifyAudit(ctx, head))
}
