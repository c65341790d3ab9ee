package app

import (
	"context"
	"slices"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/salesforce"
	"github.com/stagedoor/stagedoor/internal/stream"
)

// SalesforceOptions say which Salesforce project is made.
type SalesforceOptions struct {
	Caller     string // its name; empty: one that may read the reports of Credential
	Credential string // a slug; empty: the caller's, or the default one
	BaseURL    string // where Salesforce reaches the gateway; empty: as the settings tell
	Name       string // API name of what the project holds; empty: Stagedoor
	APIVersion string // of Salesforce's Metadata API; empty: 66.0
}

// SalesforceProject is a project, and for whom it is.
type SalesforceProject struct {
	*salesforce.Project
	Credential string
	Caller     string // empty where none was named
}

// salesforceRule is what a project can call whose caller is still to be added.
func salesforceRule() stagedoor.Rule {
	return stagedoor.Rule{Methods: []string{"GET"}, Path: "/report/**"}
}

// SalesforceRule is the rule with which a caller for such a project is added.
func SalesforceRule() string { return salesforceRule().String() }

// Salesforce makes the source project with which Salesforce reads through the
// gateway what a caller may call.
func (a *App) Salesforce(ctx context.Context, o SalesforceOptions) (SalesforceProject, error) {
	var none SalesforceProject
	who := stagedoor.Caller{Name: "salesforce", Rules: []stagedoor.Rule{salesforceRule()}}
	if o.Caller != "" {
		callers, err := a.Callers(ctx)
		if err != nil {
			return none, err
		}
		if who, err = callers.Find(ctx, o.Caller); err != nil {
			return none, err
		}
		if o.Credential != "" && o.Credential != who.Credential {
			return none, &stagedoor.Error{
				Op: "write a Salesforce project", Subject: "caller " + who.Name, Kind: stagedoor.KindUsage,
				Cause: "it is let through to the credential " + who.Credential + ", not to " + o.Credential,
				Fix:   "Leave --credential out, or name a caller of " + o.Credential + ".",
			}
		}
		o.Credential = who.Credential
	}
	if o.Credential == stagedoor.EnvSlug {
		return none, &stagedoor.Error{
			Op: "write a Salesforce project", Subject: "credential env", Kind: stagedoor.KindUsage,
			Cause: "the credential of the environment is stored nowhere, so the gateway does not serve it",
			Fix:   "Save it with `stagedoor credential add NAME`.",
		}
	}
	c, err := a.Credential(ctx, o.Credential)
	if err != nil {
		return none, err
	}
	who.Credential, who.CredentialID, who.Provider = c.Slug, c.ID, c.Provider
	if o.BaseURL == "" {
		o.BaseURL = a.BaseURL()
	}
	// The address is judged before it goes into a document.
	base, err := salesforce.Base(o.BaseURL)
	if err != nil {
		return none, err
	}
	doc, err := a.Document(ctx, who, base+"/to/"+c.Slug)
	if err != nil {
		return none, err
	}
	p, err := salesforce.New(salesforce.Options{
		Name: o.Name, BaseURL: base, Credential: c.Slug, Scope: "to:" + c.Slug, APIVersion: o.APIVersion,
		Document: doc, Reports: slices.DeleteFunc(stream.All(), func(s stagedoor.Stream) bool { return !salesforce.HasClass(s.Name) }),
	})
	return SalesforceProject{Project: p, Credential: c.Slug, Caller: o.Caller}, err
}
