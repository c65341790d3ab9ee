package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// Credentials shows and changes credentials. What each does stands at package app's.
type Credentials interface {
	CredentialStates(ctx context.Context) ([]stagedoor.CredentialState, error)
	CredentialState(ctx context.Context, slug string) (stagedoor.CredentialState, error)
	Add(ctx context.Context, c stagedoor.Credential, check bool, w stagedoor.Watcher) (stagedoor.Credential, stagedoor.Proof, error)
	CheckCredential(ctx context.Context, slug string, w stagedoor.Watcher) (stagedoor.Proof, error)
	EditCredential(ctx context.Context, slug string, change func(*stagedoor.Credential) error, check bool, w stagedoor.Watcher) (before, after stagedoor.Credential, proof stagedoor.Proof, err error)
	RenewSecret(ctx context.Context, slug string, secret stagedoor.Secret, check bool, w stagedoor.Watcher) (stagedoor.Credential, stagedoor.Proof, error)
	DisableCredential(ctx context.Context, slug, reason string) (stagedoor.Credential, error)
	EnableCredential(ctx context.Context, slug string) (stagedoor.Credential, error)
	CredentialDependents(ctx context.Context, slug string) (stagedoor.Dependents, error)
	RemoveCredential(ctx context.Context, slug string) (stagedoor.Credential, error)
	Troubles(ctx context.Context, slug string) ([]stagedoor.Trouble, error)
	Compare(q stagedoor.ScopeQuestion, held []string) (stagedoor.ScopeComparison, error)
}

func credentialRoutes() []Route {
	const tag, one = "credentials", Prefix + "/credentials/{slug}"
	const proves = "With check, which is the default, Zoom is asked first, and what it refuses is not saved."
	return []Route{
		{
			ID: "listCredentials", Method: http.MethodGet, Path: Prefix + "/credentials", Role: stagedoor.RoleViewer, Tag: tag,
			Summary: "List credentials and how they stand", About: "In the order of their slugs.", register: does((*site).listCredentials),
		},
		{
			ID: "addCredential", Method: http.MethodPost, Path: Prefix + "/credentials", Role: stagedoor.RoleAdmin, Tag: tag, Status: http.StatusCreated,
			Summary: "Add a credential", About: proves + " The client secret is sealed, and never shown again.",
			Example: map[string]any{
				"name": "Acme reports", "account_id": "AbCdEfGhIjKlMnOpQrStUv", "client_id": "a1b2c3d4e5f6g7h8i9j0k1", "client_secret": "the app's client secret",
				"plan": "business", "purposes": []string{"reports"}, "labels": map[string]string{"team": "finance"},
			}, register: does((*site).addCredential),
		},
		{
			ID: "getCredential", Method: http.MethodGet, Path: one, Role: stagedoor.RoleViewer, Tag: tag, Summary: "Show a credential and how it stands",
			About: "The ETag names what is saved of it, for the If-Match of a change.", register: does((*site).getCredential),
		},
		{
			ID: "editCredential", Method: http.MethodPatch, Path: one, Role: stagedoor.RoleAdmin, Tag: tag, Summary: "Change a credential",
			About:   "What is left out stays. " + proves + " With If-Match it is only changed if it still is what the ETag says.",
			Example: map[string]any{"description": "Nightly reports; owner: finance", "labels": map[string]string{"team": "finance"}}, register: does((*site).editCredential),
		},
		{
			ID: "removeCredential", Method: http.MethodDelete, Path: one, Role: stagedoor.RoleAdmin, Tag: tag, Status: http.StatusNoContent,
			Summary: "Remove a credential", About: "Its key is destroyed. Where callers, schedules or runs hang on it, which go with it, it is refused unless force is set; `/dependents` lists them.",
			register: does((*site).removeCredential),
		},
		{
			ID: "checkCredential", Method: http.MethodPost, Path: one + "/check", Role: stagedoor.RoleOperator, Tag: tag, Summary: "Prove a credential",
			About: "A token is minted and the validation call is made. Where Zoom refuses, the answer is the proof all the same: verified is false, and the steps say why.", register: does((*site).checkCredential),
		},
		{
			ID: "setCredentialSecret", Method: http.MethodPut, Path: one + "/secret", Role: stagedoor.RoleAdmin, Tag: tag, Summary: "Put a new client secret in place",
			About: "The former one stays until the new one has worked once. " + proves, Example: map[string]any{"client_secret": "the app's new client secret"}, register: does((*site).setSecret),
		},
		{
			ID: "disableCredential", Method: http.MethodPost, Path: one + "/disable", Role: stagedoor.RoleAdmin, Tag: tag, Summary: "Switch a credential off",
			About: "Its token is forgotten, and nobody gets another.", Example: map[string]any{"reason": "the app is being rebuilt"}, register: does((*site).disableCredential),
		},
		{
			ID: "enableCredential", Method: http.MethodPost, Path: one + "/enable", Role: stagedoor.RoleAdmin, Tag: tag, Summary: "Switch a credential on again",
			About: "It is unverified until it is checked.", register: does((*site).enableCredential),
		},
		{
			ID: "listCredentialDependents", Method: http.MethodGet, Path: one + "/dependents", Role: stagedoor.RoleViewer, Tag: tag, Summary: "Show what goes when a credential is removed",
			register: does((*site).dependents),
		},
		{
			ID: "listCredentialTroubles", Method: http.MethodGet, Path: one + "/troubles", Role: stagedoor.RoleOperator, Tag: tag, Summary: "List what went wrong with a credential",
			About: "The newest first, equal ones counted as one.", register: does((*site).troubles),
		},
		{
			ID: "compareCredentialScopes", Method: http.MethodGet, Path: one + "/scopes", Role: stagedoor.RoleViewer, Tag: tag, Summary: "Compare a credential's scopes with what uses need",
			About: "Those of the token that it has now; nothing is asked of Zoom.", register: does((*site).compareScopes),
		},
	}
}

// shown is a credential as whoever asks may see it: a viewer no account or client
// id, no host, no person, and no reason, in which any of these may stand.
func shown(ctx context.Context, c stagedoor.CredentialState) stagedoor.CredentialState {
	c.ClientSecrets = nil
	if !viewer(ctx) {
		return c
	}
	c.AccountID, c.ClientID, c.TokenURL, c.APIURL, c.ValidationURL, c.AllowHosts = "", "", "", "", "", nil
	c.Token.Failure, c.CreatedBy, c.ChangedBy, c.CheckedBy, c.StatusReason, c.LastUsedBy = nil, "", "", "", "", ""
	if t := c.Trouble; t != nil {
		c.Trouble = &stagedoor.Trouble{At: t.At, LastAt: t.LastAt, Count: t.Count, Kind: t.Kind, Cause: t.Kind.Row().Means}
	}
	return c
}

// tagOf names what is saved of a credential.
func tagOf(c stagedoor.Credential) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", c.ID, c.ChangedAt.UnixMicro()))
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

func (s *site) listCredentials(ctx context.Context, in *struct{ Paged }) (*list[stagedoor.CredentialState], error) {
	all, err := s.Credentials.CredentialStates(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i] = shown(ctx, all[i])
	}
	return pageOf(ctx, in.Paged, all, func(c stagedoor.CredentialState) string { return c.Slug })
}

type credentialAnswer struct {
	ETag string `header:"ETag" doc:"What is saved of it, for If-Match"`
	Body stagedoor.CredentialState
}

func (s *site) state(ctx context.Context, slug string) (*credentialAnswer, error) {
	c, err := s.Credentials.CredentialState(ctx, slug)
	if err != nil {
		return nil, err
	}
	return &credentialAnswer{tagOf(c.Credential), shown(ctx, c)}, nil
}

func (s *site) getCredential(ctx context.Context, in *BySlug) (*credentialAnswer, error) {
	return s.state(ctx, in.Slug)
}

// NewCredential is a credential that is to be added.
type NewCredential struct {
	Slug          string            `json:"slug,omitempty" maxLength:"64" doc:"What commands and URLs call it; made from the name where it is left out" example:"acme"`
	Name          string            `json:"name" minLength:"1" maxLength:"200" doc:"Free text" example:"Acme reports"`
	Description   string            `json:"description,omitempty" maxLength:"2000" doc:"Purpose, data freshness, owner"`
	Provider      string            `json:"provider,omitempty" maxLength:"64" doc:"Default: zoom" example:"zoom"`
	AccountID     string            `json:"account_id,omitempty" maxLength:"500" doc:"On the app's App Credentials page"`
	ClientID      string            `json:"client_id,omitempty" maxLength:"500" doc:"On the app's App Credentials page"`
	ClientSecret  secret            `json:"client_secret"`
	Plan          string            `json:"plan,omitempty" maxLength:"40" doc:"Of the Zoom account: free, pro (default) or business" example:"business"`
	Purposes      []string          `json:"purposes,omitempty" maxItems:"100" nullable:"false" doc:"What for; listPurposes lists them"`
	Labels        map[string]string `json:"labels,omitempty"`
	TokenURL      string            `json:"token_url,omitempty" maxLength:"2000" doc:"Where it is not the provider's own"`
	APIURL        string            `json:"api_url,omitempty" maxLength:"2000" doc:"Where it is not the provider's own"`
	ValidationURL string            `json:"validation_url,omitempty" maxLength:"2000" doc:"The call that proves a token; default: the API URL and /users/me"`
	AllowHosts    []string          `json:"allow_hosts,omitempty" maxItems:"100" nullable:"false" doc:"Further hosts, HOST or HOST:PORT, that requests with it may go to"`
	Check         *bool             `json:"check,omitempty" nullable:"false" doc:"Prove it first, and save nothing that was refused. Default: true"`
}

// SavedCredential is a credential after a change, with the proof where it was checked.
type SavedCredential struct {
	Credential stagedoor.CredentialState `json:"credential"`
	Proof      *stagedoor.Proof          `json:"proof,omitempty"`
}

type savedAnswer struct {
	ETag string `header:"ETag" doc:"What is saved of it, for If-Match"`
	Body SavedCredential
}

func (s *site) saved(ctx context.Context, slug string, proof stagedoor.Proof) (*savedAnswer, error) {
	c, err := s.state(ctx, slug)
	if err != nil {
		return nil, err
	}
	saved := &savedAnswer{ETag: c.ETag, Body: SavedCredential{Credential: c.Body}}
	if len(proof.Steps) > 0 {
		saved.Body.Proof = &proof
	}
	return saved, nil
}

func (s *site) addCredential(ctx context.Context, in *struct{ Body NewCredential }) (*savedAnswer, error) {
	n := in.Body
	plan, err := stagedoor.ParsePlan(n.Plan)
	if err != nil {
		return nil, err
	}
	c := stagedoor.Credential{
		Slug: n.Slug, Name: n.Name, Description: n.Description, Provider: n.Provider, AccountID: n.AccountID, ClientID: n.ClientID, Plan: plan,
		Purposes: n.Purposes, Labels: n.Labels, TokenURL: n.TokenURL, APIURL: n.APIURL, ValidationURL: n.ValidationURL, AllowHosts: n.AllowHosts,
		ClientSecrets: []stagedoor.Secret{n.ClientSecret.value},
	}
	if c.Slug == "" {
		c.Slug = stagedoor.Slugify(c.Name)
	}
	if c.Provider == "" {
		c.Provider = stagedoor.Zoom.Name
	}
	if err := s.knows(c.Provider); err != nil {
		return nil, err
	}
	added, proof, err := s.Credentials.Add(ctx, c, n.Check == nil || *n.Check, nil)
	if err != nil {
		return nil, err
	}
	return s.saved(ctx, added.Slug, proof)
}

// CredentialChange is what is to be changed of a credential; what is not there stays.
type CredentialChange struct {
	Slug          *string            `json:"slug,omitempty" maxLength:"64" doc:"Until it was used first"`
	Name          *string            `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Description   *string            `json:"description,omitempty" maxLength:"2000"`
	AccountID     *string            `json:"account_id,omitempty" maxLength:"500"`
	ClientID      *string            `json:"client_id,omitempty" maxLength:"500"`
	Plan          *string            `json:"plan,omitempty" maxLength:"40"`
	Purposes      *[]string          `json:"purposes,omitempty" maxItems:"100" nullable:"false"`
	Labels        *map[string]string `json:"labels,omitempty" doc:"All of them: what is not there is taken off"`
	TokenURL      *string            `json:"token_url,omitempty" maxLength:"2000"`
	APIURL        *string            `json:"api_url,omitempty" maxLength:"2000"`
	ValidationURL *string            `json:"validation_url,omitempty" maxLength:"2000"`
	AllowHosts    *[]string          `json:"allow_hosts,omitempty" maxItems:"100" nullable:"false"`
	Check         *bool              `json:"check,omitempty" doc:"Prove it with the new values first. Default: true"`
}

func (e CredentialChange) of(c *stagedoor.Credential) error {
	for _, text := range []struct{ from, to *string }{
		{e.Slug, &c.Slug},
		{e.Name, &c.Name},
		{e.Description, &c.Description},
		{e.AccountID, &c.AccountID},
		{e.ClientID, &c.ClientID},
		{e.TokenURL, &c.TokenURL},
		{e.APIURL, &c.APIURL},
		{e.ValidationURL, &c.ValidationURL},
	} {
		if text.from != nil {
			*text.to = *text.from
		}
	}
	if e.Purposes != nil {
		c.Purposes = *e.Purposes
	}
	if e.Labels != nil {
		c.Labels = *e.Labels
	}
	if e.AllowHosts != nil {
		c.AllowHosts = *e.AllowHosts
	}
	if e.Plan == nil {
		return nil
	}
	var err error
	c.Plan, err = stagedoor.ParsePlan(*e.Plan)
	return err
}

type editRequest struct {
	BySlug
	IfMatch string `header:"If-Match" maxLength:"1000" doc:"The ETag that it must still have"`
	Body    CredentialChange
}

func (s *site) editCredential(ctx context.Context, in *editRequest) (*savedAnswer, error) {
	change := func(c *stagedoor.Credential) error {
		if in.IfMatch != "" && in.IfMatch != "*" && !strings.Contains(in.IfMatch, tagOf(*c)) {
			return &stagedoor.Error{
				Op: "change a credential", Subject: "credential " + c.Slug, Kind: stagedoor.KindUsage, Status: http.StatusPreconditionFailed,
				Cause: "somebody else changed it since; nothing was saved", Fix: "Look at what it is now, and change it again.",
			}
		}
		return in.Body.of(c)
	}
	_, after, proof, err := s.Credentials.EditCredential(ctx, in.Slug, change, in.Body.Check == nil || *in.Body.Check, nil)
	if err != nil {
		return nil, err
	}
	return s.saved(ctx, after.Slug, proof)
}

type removeRequest struct {
	BySlug
	Force bool `query:"force" doc:"Remove it with all that hangs on it"`
}

func (s *site) removeCredential(ctx context.Context, in *removeRequest) (*none, error) {
	if !in.Force {
		d, err := s.Credentials.CredentialDependents(ctx, in.Slug)
		if err != nil {
			return nil, err
		}
		if n := len(d.Callers) + len(d.Schedules) + len(d.Runs); n > 0 {
			return nil, &stagedoor.Error{
				Op: "remove a credential", Subject: "credential " + in.Slug, Kind: stagedoor.KindConflict,
				Cause: fmt.Sprintf("%d callers, %d schedules and %d runs hang on it, and would go with it", len(d.Callers), len(d.Schedules), len(d.Runs)),
				Fix:   "Look at them at " + Prefix + "/credentials/" + in.Slug + "/dependents, and remove it with ?force=true.",
			}
		}
	}
	_, err := s.Credentials.RemoveCredential(ctx, in.Slug)
	return &none{}, err
}

func (s *site) checkCredential(ctx context.Context, in *BySlug) (*body[stagedoor.Proof], error) {
	proof, err := s.Credentials.CheckCredential(ctx, in.Slug, nil)
	if len(proof.Steps) > 0 {
		err = nil // the steps say why
	}
	return answer(proof, err)
}

// NewSecret is a client secret that takes another's place.
type NewSecret struct {
	ClientSecret secret `json:"client_secret"`
	Check        *bool  `json:"check,omitempty" doc:"Prove it first. Default: true"`
}

type secretRequest struct {
	BySlug
	Body NewSecret
}

func (s *site) setSecret(ctx context.Context, in *secretRequest) (*savedAnswer, error) {
	c, proof, err := s.Credentials.RenewSecret(ctx, in.Slug, in.Body.ClientSecret.value, in.Body.Check == nil || *in.Body.Check, nil)
	if err != nil {
		return nil, err
	}
	return s.saved(ctx, c.Slug, proof)
}

// Reason is why a credential is switched off.
type Reason struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"Whoever meets it is told"`
}

type disableRequest struct {
	BySlug
	Body *Reason `required:"false"`
}

func (s *site) disableCredential(ctx context.Context, in *disableRequest) (*credentialAnswer, error) {
	var reason string
	if in.Body != nil {
		reason = in.Body.Reason
	}
	c, err := s.Credentials.DisableCredential(ctx, in.Slug, reason)
	if err != nil {
		return nil, err
	}
	return s.state(ctx, c.Slug)
}

func (s *site) enableCredential(ctx context.Context, in *BySlug) (*credentialAnswer, error) {
	c, err := s.Credentials.EnableCredential(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	return s.state(ctx, c.Slug)
}

func (s *site) dependents(ctx context.Context, in *BySlug) (*body[stagedoor.Dependents], error) {
	return answer(s.Credentials.CredentialDependents(ctx, in.Slug))
}

type troublesRequest struct {
	BySlug
	Paged
}

func (s *site) troubles(ctx context.Context, in *troublesRequest) (*list[stagedoor.Trouble], error) {
	all, err := s.Credentials.Troubles(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	newest := func(t stagedoor.Trouble) string {
		return fmt.Sprintf("%020d %s %s %s", 1<<62-t.LastAt.UnixMicro(), t.Kind, t.Op, t.At)
	}
	return pageOf(ctx, in.Paged, all, newest)
}

type compareRequest struct {
	BySlug
	Purpose []string `query:"purpose,explode" maxItems:"100" doc:"Purposes that are to be possible; with no purpose and no stream, the credential's own"`
	Stream  []string `query:"stream,explode" maxItems:"100" doc:"Streams and families that are to be read"`
}

func (s *site) compareScopes(ctx context.Context, in *compareRequest) (*body[stagedoor.ScopeComparison], error) {
	c, err := s.Credentials.CredentialState(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	q := stagedoor.ScopeQuestion{Purposes: in.Purpose, Streams: in.Stream, Validation: c.ValidationURL}
	if len(q.Purposes)+len(q.Streams) == 0 {
		q.Purposes = c.Purposes
	}
	return answer(s.Credentials.Compare(q, c.Held))
}
