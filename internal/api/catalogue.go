package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// Catalogue tells what there is to use. What each does stands at package app's.
type Catalogue interface {
	ProviderList() ([]stagedoor.Provider, error)
	Provider(name string) (stagedoor.Provider, error)
	Purposes() []stagedoor.Purpose
	Scopes(q stagedoor.ScopeQuestion) (stagedoor.ScopeList, error)
	Streams(words ...string) ([]stagedoor.StreamInfo, error)
	Judge(info stagedoor.StreamInfo, c stagedoor.Credential, held []string) stagedoor.StreamInfo
	OperationSearch(ctx context.Context, provider, text string, limit int) ([]stagedoor.Operation, error)
}

func catalogueRoutes() []Route {
	const tag = "catalogue"
	return []Route{
		{
			ID: "listProviders", Method: http.MethodGet, Path: Prefix + "/providers", Role: stagedoor.RoleViewer, Tag: tag, Summary: "List providers",
			About: "Those that come with Stagedoor, and those of files of one's own.", register: does((*site).listProviders),
		},
		{
			ID: "getProvider", Method: http.MethodGet, Path: Prefix + "/providers/{name}", Role: stagedoor.RoleViewer, Tag: tag, Summary: "Show a provider",
			register: does((*site).getProvider),
		},
		{
			ID: "listStreams", Method: http.MethodGet, Path: Prefix + "/streams", Role: stagedoor.RoleViewer, Tag: tag, Summary: "List the data sets that can be read",
			About:    "With a credential each says whether the credential may read it, by the scopes of the token that it has now; nothing is asked of Zoom.",
			register: does((*site).listStreams),
		},
		{
			ID: "getStream", Method: http.MethodGet, Path: Prefix + "/streams/{name}", Role: stagedoor.RoleViewer, Tag: tag, Summary: "Show a data set",
			register: does((*site).getStream),
		},
		{
			ID: "listPurposes", Method: http.MethodGet, Path: Prefix + "/purposes", Role: stagedoor.RoleViewer, Tag: tag, Summary: "List what credentials may be for",
			register: does((*site).listPurposes),
		},
		{
			ID: "listScopes", Method: http.MethodGet, Path: Prefix + "/scopes", Role: stagedoor.RoleViewer, Tag: tag, Summary: "Show the least scopes for some uses",
			About: "The scope of the call that proves a credential always belongs to them.", register: does((*site).listScopes),
		},
		{
			ID: "searchOperations", Method: http.MethodGet, Path: Prefix + "/operations", Role: stagedoor.RoleViewer, Tag: tag, Summary: "Search Zoom's operations",
			About: "Those in which all words are found, best first.", register: does((*site).searchOperations),
		},
	}
}

// ProviderInfo is a provider without what only the token flow needs.
type ProviderInfo struct {
	Name       string          `json:"name" example:"zoom"`
	Title      string          `json:"title"`
	BuiltOn    string          `json:"built_on" doc:"Whose operations, streams and errors hold for it"`
	TokenURL   string          `json:"token_url,omitempty" doc:"Empty: the credential names it"`
	APIURL     string          `json:"api_url,omitempty" doc:"Empty: the credential names it, or there is none"`
	Validation string          `json:"validation,omitempty" doc:"The path of the call that proves a token"`
	Hosts      []string        `json:"hosts,omitempty" doc:"Where requests with a credential may go"`
	Fields     []ProviderField `json:"fields" nullable:"false"`
}

// ProviderField is a value that credentials of a provider hold.
type ProviderField struct {
	Name     string `json:"name" example:"account_id"`
	Title    string `json:"title"`
	Where    string `json:"where,omitempty" doc:"Where a person finds it"`
	Optional bool   `json:"optional,omitempty"`
}

func providerInfo(ctx context.Context, p stagedoor.Provider) ProviderInfo {
	info := ProviderInfo{Name: p.Name, Title: p.Title, BuiltOn: p.BuiltOn(), Validation: p.Validation, Fields: []ProviderField{}}
	if !viewer(ctx) {
		info.TokenURL, info.APIURL, info.Hosts = p.TokenURL, p.APIURL, p.Hosts
	}
	for _, f := range p.Fields {
		info.Fields = append(info.Fields, ProviderField{f.Name, f.Title, f.Where, f.Optional})
	}
	return info
}

func (s *site) listProviders(ctx context.Context, in *struct{ Paged }) (*list[ProviderInfo], error) {
	all, err := s.Catalogue.ProviderList()
	if err != nil {
		return nil, err
	}
	infos := make([]ProviderInfo, len(all))
	for i, p := range all {
		infos[i] = providerInfo(ctx, p)
	}
	return pageOf(ctx, in.Paged, infos, func(p ProviderInfo) string { return p.Name })
}

func (s *site) getProvider(ctx context.Context, in *ByName) (*body[ProviderInfo], error) {
	if err := s.knows(in.Name); err != nil {
		return nil, missing(err)
	}
	p, err := s.Catalogue.Provider(in.Name)
	return answer(providerInfo(ctx, p), err)
}

// knows refuses the name of a provider that there is not. A command would say in
// which folder of the machine it could be; whoever asks from elsewhere is not told.
func (s *site) knows(provider string) error {
	all, err := s.Catalogue.ProviderList()
	if err != nil {
		return err
	}
	var names []string
	for _, p := range all {
		if p.Name == provider {
			return nil
		}
		names = append(names, p.Name)
	}
	return &stagedoor.Error{
		Op: "find a provider", Subject: "provider", Kind: stagedoor.KindUsage, Cause: "there is no provider by that name",
		Fix: "Use one of: " + strings.Join(names, ", ") + ".",
	}
}

// missing is an error of a name in the path: where a command says that its words are
// wrong, an address says that there is nothing.
func missing(err error) error {
	if stagedoor.KindOf(err) != stagedoor.KindUsage {
		return err
	}
	p := problemOf(err)
	return &stagedoor.Error{Kind: stagedoor.KindNotFound, Cause: p.Detail, Fix: p.Fix, Err: err}
}

type streamsRequest struct {
	Paged
	Name       []string `query:"name,explode" maxItems:"100" doc:"Only these streams and families"`
	Credential string   `query:"credential" maxLength:"64" doc:"The slug of a credential: can it read them?" example:"acme"`
}

func (s *site) listStreams(ctx context.Context, in *streamsRequest) (*list[stagedoor.StreamInfo], error) {
	words := in.Name
	if len(words) == 0 {
		words = []string{"all"}
	}
	all, err := s.streams(ctx, in.Credential, words...)
	if err != nil {
		return nil, err
	}
	return pageOf(ctx, in.Paged, all, func(i stagedoor.StreamInfo) string { return i.Name })
}

func (s *site) streams(ctx context.Context, credential string, words ...string) ([]stagedoor.StreamInfo, error) {
	all, err := s.Catalogue.Streams(words...)
	if err != nil || credential == "" {
		return all, err
	}
	c, err := s.Credentials.CredentialState(ctx, credential)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i] = s.Catalogue.Judge(all[i], c.Credential, c.Held)
	}
	return all, nil
}

type streamRequest struct {
	ByName
	Credential string `query:"credential" maxLength:"64" doc:"The slug of a credential: can it read it?" example:"acme"`
}

func (s *site) getStream(ctx context.Context, in *streamRequest) (*body[stagedoor.StreamInfo], error) {
	all, err := s.streams(ctx, in.Credential, in.Name)
	if err != nil {
		return nil, missing(err)
	}
	i := slices.IndexFunc(all, func(i stagedoor.StreamInfo) bool { return i.Name == in.Name })
	if i < 0 { // the name of a family
		return nil, &stagedoor.Error{Kind: stagedoor.KindNotFound, Cause: "there is no stream by that name", Fix: "List them at " + Prefix + "/streams."}
	}
	return answer(all[i], nil)
}

func (s *site) listPurposes(ctx context.Context, in *struct{ Paged }) (*list[stagedoor.Purpose], error) {
	return pageOf(ctx, in.Paged, s.Catalogue.Purposes(), func(p stagedoor.Purpose) string { return p.Name })
}

type scopesRequest struct {
	Style     string   `query:"style" enum:"granular,classic" default:"granular" doc:"Zoom's vocabulary: granular in apps made since 2024, classic in older ones"`
	Purpose   []string `query:"purpose,explode" maxItems:"100" doc:"Purposes that are to be possible" example:"[\"reports\"]"`
	Stream    []string `query:"stream,explode" maxItems:"100" doc:"Streams and families that are to be read"`
	Operation []string `query:"operation,explode" maxItems:"100" doc:"Operations that are to be called: GET /users/{userId}"`
}

func (s *site) listScopes(_ context.Context, in *scopesRequest) (*body[stagedoor.ScopeList], error) {
	return answer(s.Catalogue.Scopes(stagedoor.ScopeQuestion{
		Style: stagedoor.ScopeStyle(in.Style), Purposes: in.Purpose, Streams: in.Stream, Operations: in.Operation,
	}))
}

// OperationInfo is an operation of a provider's API.
type OperationInfo struct {
	Operation string   `json:"operation" example:"GET /users/{userId}"`
	Product   string   `json:"product"`
	Label     string   `json:"label" doc:"The class in which Zoom counts it against its limits" example:"Light"`
	Classic   []string `json:"classic_scopes" doc:"Any one suffices"`
	Granular  []string `json:"granular_scopes" doc:"Any one suffices"`
	Roles     []string `json:"roles,omitempty" doc:"What the role of the app's owner must permit"`
}

type operationsRequest struct {
	Q        string `query:"q" required:"true" minLength:"1" maxLength:"200" doc:"Words" example:"report meetings"`
	Provider string `query:"provider" maxLength:"64" default:"zoom" doc:"Whose operations"`
	Limit    int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"The most that the answer lists"`
}

func (s *site) searchOperations(ctx context.Context, in *operationsRequest) (*body[Page[OperationInfo]], error) {
	if err := s.knows(in.Provider); err != nil {
		return nil, err
	}
	found, err := s.Catalogue.OperationSearch(ctx, in.Provider, in.Q, in.Limit)
	page := Page[OperationInfo]{Items: []OperationInfo{}}
	for _, op := range found {
		page.Items = append(page.Items, OperationInfo{op.Name(), op.Product, string(op.Label), op.ClassicScopes, op.GranularScopes, op.Roles})
	}
	return answer(page, err)
}
