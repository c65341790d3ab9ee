package web

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// Credentials shows and changes credentials. What each does stands at package app's.
type Credentials interface {
	CredentialStates(ctx context.Context) ([]stagedoor.CredentialState, error)
	CredentialState(ctx context.Context, slug string) (stagedoor.CredentialState, error)

	ProviderList() ([]stagedoor.Provider, error)
	Purposes() []stagedoor.Purpose
	Scopes(q stagedoor.ScopeQuestion) (stagedoor.ScopeList, error)
	Compare(q stagedoor.ScopeQuestion, held []string) (stagedoor.ScopeComparison, error)
	FittingURL(purposes []string) string
	PlanHints(provider string, plan stagedoor.Plan, purposes []string) []stagedoor.Step
	Remark(c stagedoor.Credential, field string) (stagedoor.Remark, bool)
	ReadAccountID(ctx context.Context, provider, user string, token stagedoor.Secret, apiURL string, allow []string) (string, error)

	CheckForm(c stagedoor.Credential) error
	Free(ctx context.Context, c stagedoor.Credential) error
	ProveNew(ctx context.Context, c stagedoor.Credential, w stagedoor.Watcher) (stagedoor.Proven, error)
	AddProven(ctx context.Context, c stagedoor.Credential, p stagedoor.Proven) (stagedoor.Credential, error)
	Add(ctx context.Context, c stagedoor.Credential, check bool, w stagedoor.Watcher) (stagedoor.Credential, stagedoor.Proof, error)

	CheckCredential(ctx context.Context, slug string, w stagedoor.Watcher) (stagedoor.Proof, error)
	EditCredential(ctx context.Context, slug string, change func(*stagedoor.Credential) error, check bool, w stagedoor.Watcher) (before, after stagedoor.Credential, proof stagedoor.Proof, err error)
	RenewSecret(ctx context.Context, slug string, secret stagedoor.Secret, check bool, w stagedoor.Watcher) (stagedoor.Credential, stagedoor.Proof, error)
	DisableCredential(ctx context.Context, slug, reason string) (stagedoor.Credential, error)
	EnableCredential(ctx context.Context, slug string) (stagedoor.Credential, error)
	CredentialDependents(ctx context.Context, slug string) (stagedoor.Dependents, error)
	RemoveCredential(ctx context.Context, slug string) (stagedoor.Credential, error)
	Troubles(ctx context.Context, slug string) ([]stagedoor.Trouble, error)
	Runs(ctx context.Context, q stagedoor.RunQuery) ([]stagedoor.Run, error)
}

func (s *site) credentialRoutes() []route {
	return []route{{"GET /credentials", stagedoor.RoleViewer, s.credentials}}
}

// tiles is what the page of credentials shows.
type tiles struct {
	list   []stagedoor.CredentialState
	leaf   leaf
	all    int // how many there are, shown or not
	query  string
	label  string // "team=finance": those that have it are shown
	labels []string
	role   stagedoor.Role
}

// with is the page with another label chosen.
func (t tiles) with(label string) string {
	q := url.Values{}
	if t.query != "" {
		q.Set("q", t.query)
	}
	if label != "" {
		q.Set("label", label)
	}
	if len(q) == 0 {
		return "/credentials"
	}
	return "/credentials?" + q.Encode()
}

func (s *site) credentials(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tiles(r)
	if err != nil {
		return err
	}
	return s.show(w, r, page{Title: words.Credentials, Section: "/credentials"}, credentialsPage(t))
}

// tiles reads all credentials, and picks those that are asked for.
func (s *site) tiles(r *http.Request) (tiles, error) {
	q := r.URL.Query()
	t := tiles{query: strings.TrimSpace(q.Get("q")), label: q.Get("label"), role: visitorOf(r.Context()).Operator.Role}
	states, err := s.Credentials.CredentialStates(r.Context())
	if err != nil {
		return t, err
	}
	t.all, t.labels = len(states), commonLabels(states, t.label)
	shown, leaf := leafOf(r, slices.DeleteFunc(states, func(c stagedoor.CredentialState) bool { return !matches(c, t.query, t.label) }), tilesOnLeaf)
	for _, c := range shown {
		t.list = append(t.list, s.seen(c, t.role))
	}
	t.leaf = leaf
	return t, nil
}

// mostLabels is how many labels stand there to choose from; the search finds all.
const mostLabels = 24

// commonLabels are the labels that most credentials have, and the one that is chosen.
func commonLabels(states []stagedoor.CredentialState, chosen string) []string {
	count := map[string]int{}
	for _, c := range states {
		for name, value := range c.Labels {
			count[name+"="+value]++
		}
	}
	labels := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	labels = labels[:min(len(labels), mostLabels)]
	if count[chosen] > 0 && !slices.Contains(labels, chosen) {
		labels = append(labels, chosen)
	}
	slices.Sort(labels)
	return labels
}

// matches reports whether all words of a query stand in what people call a credential,
// and it has the label.
func matches(c stagedoor.CredentialState, query, label string) bool {
	text := strings.ToLower(strings.Join([]string{c.Slug, c.Name, c.Description, c.Provider}, " "))
	has := label == ""
	for name, value := range c.Labels {
		text += " " + strings.ToLower(name+"="+value)
		has = has || name+"="+value == label
	}
	for _, word := range strings.Fields(strings.ToLower(query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return has
}

// seen is a credential as a role may see it: a viewer no account or client id, no
// host, and no reason, in which either may stand.
func (s *site) seen(c stagedoor.CredentialState, role stagedoor.Role) stagedoor.CredentialState {
	if c.Trouble != nil {
		told := *c.Trouble
		told.Fix = strings.ReplaceAll(told.Fix, "NAME", c.Slug)
		c.Trouble = &told
	}
	if role.Includes(stagedoor.RoleOperator) {
		return c
	}
	c.AccountID, c.ClientID, c.TokenURL, c.APIURL, c.ValidationURL, c.AllowHosts = "", "", "", "", "", nil
	if c.StatusReason != "" {
		c.StatusReason = words.AskOperator
	}
	c.Token.Failure, c.CreatedBy, c.ChangedBy, c.CheckedBy = nil, "", "", ""
	if c.Trouble != nil {
		c.Trouble = &stagedoor.Trouble{
			At: c.Trouble.At, LastAt: c.Trouble.LastAt, Count: c.Trouble.Count, Kind: c.Trouble.Kind, Cause: c.Trouble.Kind.Row().Means, Fix: words.AskOperator,
		}
	}
	return c
}

// stateOf is a credential's state as a badge's and in words, and what is wrong.
func stateOf(c stagedoor.CredentialState) (badge, word, reason string) {
	badge = map[stagedoor.Status]string{
		stagedoor.StatusVerified: "ok", stagedoor.StatusUnverified: "warn", stagedoor.StatusFailing: "fail", stagedoor.StatusDisabled: "off",
	}[c.Status]
	word = cmp.Or(words.Statuses()[string(c.Status)], string(c.Status))
	reason = c.StatusReason
	if reason == "" && c.Trouble != nil {
		reason = c.Trouble.Cause
		if badge == "ok" {
			badge = "warn"
		}
	}
	return badge, word, reason
}

// credentialPath is the page of a credential.
func credentialPath(slug string) string { return "/credentials/" + url.PathEscape(slug) }
