package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// credentialForm is a form of a credential, as it is shown: never with the secret.
type credentialForm struct {
	c         stagedoor.Credential // without secrets
	labels    string               // as they were typed
	hosts     string
	providers []stagedoor.Provider
	service   service // the provider that is chosen
	purposes  []stagedoor.Purpose
	style     stagedoor.ScopeStyle
	scopes    scopesShown
	edit      bool   // of one that is saved; its secret may stay
	stamp     string // what it was when the form was shown, of one that is saved
	check     checkShown
	failure   *stagedoor.Problem
	back      string
}

// formOf reads a form. The secret is in the credential alone, and goes no further
// than to what proves and seals it.
func (s *site) formOf(r *http.Request) (credentialForm, error) {
	err := r.ParseForm()
	value := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	f := credentialForm{labels: value("labels"), hosts: value("allow_hosts"), style: stagedoor.ScopeStyle(value("style")), stamp: value("stamp")}
	f.c = stagedoor.Credential{
		Provider: cmp.Or(value("provider"), stagedoor.Zoom.Name), Name: value("name"), Slug: value("slug"), Description: value("description"),
		AccountID: value("account_id"), ClientID: value("client_id"), ValidationURL: value("validation_url"),
		TokenURL: value("token_url"), APIURL: value("api_url"), AllowHosts: strings.FieldsFunc(f.hosts, func(r rune) bool { return r <= ' ' || r == ',' }),
		Purposes: r.PostForm["purposes"],
	}
	if err != nil {
		return f, &stagedoor.Error{Op: "read the form", Kind: stagedoor.KindUsage, Cause: "it can not be read", Fix: "Load the page again."}
	}
	// Blanks in it are kept: if Zoom refuses the secret, they are the reason that is told.
	if secret := strings.TrimRight(r.PostForm.Get("client_secret"), "\r\n"); secret != "" {
		f.c.ClientSecrets = []stagedoor.Secret{stagedoor.NewSecret(secret)}
	}
	if f.c.Slug == "" {
		f.c.Slug = stagedoor.Slugify(f.c.Name)
	}
	if f.c.Plan, err = stagedoor.ParsePlan(value("plan")); err != nil {
		return f, err
	}
	f.c.Labels, err = labelsOf(f.labels)
	return f, err
}

// labelsOf reads "team=finance, env=production".
func labelsOf(text string) (map[string]string, error) {
	labels := map[string]string{}
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == '\n' }) {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" {
			return nil, &stagedoor.Error{
				Op: "read the labels", Kind: stagedoor.KindUsage, Cause: "a label has a name and a value, with = between them", Fix: "Write them like team=finance, env=production.",
			}
		}
		labels[name] = value
	}
	if len(labels) == 0 {
		return nil, nil
	}
	return labels, nil
}

// labelsText writes labels as they are typed.
func labelsText(labels map[string]string) string {
	var parts []string
	for _, name := range sorted(labels) {
		parts = append(parts, name+"="+labels[name])
	}
	return strings.Join(parts, ", ")
}

// ready completes a form with what can be chosen from, and takes the secret out of it.
func (s *site) ready(f credentialForm) (credentialForm, error) {
	f.c.ClientSecrets = nil
	var err error
	if f.providers, err = s.Credentials.ProviderList(); err != nil && len(f.providers) == 0 {
		return f, err
	}
	f.service = s.service(f.c.Provider)
	if !f.service.zoom() {
		return f, nil
	}
	f.purposes = s.Credentials.Purposes()
	f.scopes, err = s.scopesFor(f.c.Purposes, f.style)
	return f, err
}

// scopesShown is the least list of scopes for what is ticked.
type scopesShown struct {
	list    stagedoor.ScopeList
	any     bool // something is ticked
	fitting string
}

func (s *site) scopesFor(purposes []string, style stagedoor.ScopeStyle) (scopesShown, error) {
	list, err := s.Credentials.Scopes(stagedoor.ScopeQuestion{Style: style, Purposes: purposes})
	return scopesShown{list: list, any: len(purposes) > 0, fitting: s.Credentials.FittingURL(purposes)}, err
}

// roles are what the role of the app's owner must permit.
func (s scopesShown) roles() string {
	var roles []string
	for _, need := range s.list.Needs {
		for _, role := range need.Roles {
			if !slices.Contains(roles, role) {
				roles = append(roles, role)
			}
		}
	}
	slices.Sort(roles)
	return strings.Join(roles, ", ")
}

func (f credentialForm) has(purpose string) bool { return slices.Contains(f.c.Purposes, purpose) }

func (f credentialForm) providerOptions() []option {
	var list []option
	// Zoom comes first: it is what most people are here for.
	providers := slices.SortedStableFunc(slices.Values(f.providers), func(a, b stagedoor.Provider) int {
		switch at, bt := a.Name == stagedoor.Zoom.Name, b.Name == stagedoor.Zoom.Name; {
		case at == bt:
			return 0
		case at:
			return -1
		}
		return 1
	})
	for _, p := range providers {
		list = append(list, option{p.Name, cmp.Or(p.Title, p.Name), p.Name == cmp.Or(f.c.Provider, stagedoor.Zoom.Name)})
	}
	return list
}

func (f credentialForm) planOptions() []option {
	var list []option
	for _, plan := range words.Plans() {
		list = append(list, option{plan[0], plan[1], plan[0] == string(cmp.Or(f.c.Plan, stagedoor.PlanPro))})
	}
	return list
}

func (f credentialForm) styleOptions() []option {
	return []option{
		{string(stagedoor.GranularScopes), words.Granular, f.style != stagedoor.ClassicScopes},
		{string(stagedoor.ClassicScopes), words.Classic, f.style == stagedoor.ClassicScopes},
	}
}

// askedFields are the fields about which is asked while they are typed.
func askedFields() []string {
	return []string{"name", "account_id", "client_id", "client_secret", "validation_url", "token_url", "api_url", "allow_hosts", "labels"}
}

// look says what is odd about a field while it is typed, and nothing of what was
// typed.
func (s *site) look(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("field")
	if !slices.Contains(askedFields(), name) {
		return &stagedoor.Error{Op: "look at a field", Kind: stagedoor.KindNotFound, Cause: "there is no such field", Fix: "Load the page again."}
	}
	f, err := s.formOf(r)
	shown := field{Name: name}
	switch typed := strings.TrimSpace(r.PostForm.Get(name)); {
	case typed == "":
	case name == "labels":
		if err != nil && stagedoor.NoticeOf(err).Cause != "" {
			notice := stagedoor.NoticeOf(err)
			shown.Error, shown.Fix = notice.Cause, notice.Fix
		}
	default:
		if remark, odd := s.Credentials.Remark(f.c, name); odd {
			shown.Error, shown.Odd = remark.Says, !remark.Sure
		}
	}
	return s.swap(w, r, http.StatusOK, fieldError(shown))
}

// scopesPart shows the scopes for what is ticked.
func (s *site) scopesPart(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	shown, err := s.scopesFor(r.PostForm["purposes"], stagedoor.ScopeStyle(r.PostForm.Get("style")))
	if err != nil {
		return s.told(w, r, err)
	}
	return s.swap(w, r, http.StatusOK, scopeList(shown))
}

// readAccountID reads the account id with a token that was pasted; the token is used
// once, and kept nowhere.
func (s *site) readAccountID(w http.ResponseWriter, r *http.Request) error {
	f, err := s.formOf(r)
	if err == nil || f.c.Provider != "" {
		var id string
		id, err = s.Credentials.ReadAccountID(r.Context(), f.c.Provider, "me", stagedoor.NewSecret(r.PostForm.Get("existing_token")), f.c.APIURL, f.c.AllowHosts)
		if err == nil {
			return s.swap(w, r, http.StatusOK, accountIDFound(id))
		}
	}
	return s.told(w, r, err)
}

// asked has a field asked about while it is typed.
func asked(f field) field {
	f.Check = "/credentials/form/look/" + f.Name
	return f
}

func (f credentialForm) secretHint() string {
	if f.edit {
		return words.FieldSecretKeep
	}
	return words.FieldSecretHint
}

// slug is the short name, where it is not the one that follows from the name.
func (f credentialForm) slug() string {
	if f.c.Slug == stagedoor.Slugify(f.c.Name) && !f.edit {
		return ""
	}
	return f.c.Slug
}

// advanced reports whether anything is set that few need.
func (f credentialForm) advanced() bool {
	return f.c.TokenURL != "" || f.c.APIURL != "" || f.service.TokenURL == "" || f.hosts != "" || f.slug() != "" && !f.edit
}

func lines(list []string) string { return strings.Join(list, "\n") }
