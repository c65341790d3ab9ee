package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// Callers shows and changes callers. What each does stands at package app's.
type Callers interface {
	CallerList(ctx context.Context) ([]stagedoor.Caller, error)
	FindCaller(ctx context.Context, name string) (stagedoor.Caller, error)
	CallerUse(ctx context.Context, name string) (stagedoor.CallerUse, error)
	CallerReach(ctx context.Context, who stagedoor.Caller) ([]stagedoor.Reached, error)
	CallerDoubts(ctx context.Context, credential string, texts stagedoor.RuleTexts) ([]stagedoor.Reached, []string, error)
	CallerMay(ctx context.Context, credential string, texts stagedoor.RuleTexts, method, path string) (stagedoor.Decision, error)
	Decide(ctx context.Context, name, method, path string) (stagedoor.Decision, error)
	OperationSearch(ctx context.Context, provider, text string, limit int) ([]stagedoor.Operation, error)
	PurposeRules(purposes []string) (stagedoor.RuleTexts, error)
	ParseCallerKeys(document []byte) (string, error)

	AddCaller(ctx context.Context, add stagedoor.NewCaller) (stagedoor.Caller, stagedoor.Secret, []string, error)
	SetCallerRules(ctx context.Context, name string, texts stagedoor.RuleTexts) (before, after stagedoor.Caller, doubts []string, err error)
	RotateCallerSecret(ctx context.Context, name string, keep time.Duration) (stagedoor.Caller, stagedoor.Secret, error)
	RevokeCaller(ctx context.Context, name string) (stagedoor.Caller, error)

	SnippetForms() []string
	SnippetText(ctx context.Context, name, form string) (string, error)
}

func (s *site) callerRoutes() []route {
	return []route{
		{"GET /callers", stagedoor.RoleViewer, s.callers},
		{"GET /callers/new", stagedoor.RoleAdmin, s.newCaller},
		{"POST /callers", stagedoor.RoleAdmin, s.addCaller},
		{"POST /callers/form/preview", stagedoor.RoleAdmin, s.previewRules},
		{"POST /callers/form/operations", stagedoor.RoleAdmin, s.searchOperations},
		{"POST /callers/form/may", stagedoor.RoleAdmin, s.mayThought},
		{"GET /callers/{name}", stagedoor.RoleViewer, s.caller},
		{"POST /callers/{name}/may", stagedoor.RoleViewer, s.may},
		{"GET /callers/{name}/code/{form}", stagedoor.RoleOperator, s.code},
		{"GET /callers/{name}/rules", stagedoor.RoleAdmin, s.rulesForm},
		{"POST /callers/{name}/rules", stagedoor.RoleAdmin, s.setRules},
		{"GET /callers/{name}/secret", stagedoor.RoleAdmin, s.rotateForm},
		{"POST /callers/{name}/secret", stagedoor.RoleAdmin, s.rotate},
		{"GET /callers/{name}/revoke", stagedoor.RoleAdmin, s.revokeForm},
		{"POST /callers/{name}/revoke", stagedoor.RoleAdmin, s.revoke},
	}
}

// callerPath is the page of a caller.
func callerPath(name string) string { return "/callers/" + url.PathEscape(name) }

// callerRow is a caller in the list.
type callerRow struct {
	stagedoor.Caller
	use stagedoor.CallerUse
}

// callerList is what the page of callers shows.
type callerList struct {
	rows        []callerRow
	leaf        leaf
	all         int
	query       string
	role        stagedoor.Role
	credentials int
}

func (s *site) callers(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	l := callerList{query: strings.TrimSpace(r.URL.Query().Get("q")), role: visitorOf(ctx).Operator.Role}
	list, err := s.Callers.CallerList(ctx)
	if err != nil {
		return err
	}
	l.all = len(list)
	if l.all == 0 {
		states, err := s.Credentials.CredentialStates(ctx)
		if err != nil {
			return err
		}
		l.credentials = len(states)
	}
	list = slices.DeleteFunc(list, func(c stagedoor.Caller) bool { return !callerMatches(c, l.query) })
	slices.SortStableFunc(list, func(a, b stagedoor.Caller) int { // those that were revoked last
		switch at, bt := a.RevokedAt.IsZero(), b.RevokedAt.IsZero(); {
		case at == bt:
			return 0
		case at:
			return -1
		}
		return 1
	})
	list, l.leaf = leafOf(r, list, callersOnLeaf)
	for _, c := range list {
		use, err := s.Callers.CallerUse(ctx, c.Name)
		if err != nil {
			return err
		}
		l.rows = append(l.rows, callerRow{c, use})
	}
	return s.show(w, r, page{Title: words.CallersTitle, Section: "/callers"}, callersPage(l, s.Now()))
}

// callerMatches reports whether all words of a query stand in a caller's name, its
// credential, its description or its rules.
func callerMatches(c stagedoor.Caller, query string) bool {
	text := strings.ToLower(c.Name + " " + c.Credential + " " + c.Description)
	for _, rule := range c.Rules {
		text += " " + strings.ToLower(rule.String())
	}
	return !slices.ContainsFunc(strings.Fields(strings.ToLower(query)), func(word string) bool { return !strings.Contains(text, word) })
}

// callerDetail is what the page of a caller shows.
type callerDetail struct {
	c     stagedoor.Caller
	role  stagedoor.Role
	use   stagedoor.CallerUse
	reach []stagedoor.Reached
	forms []string // of ready-made code; none for who may not see it
	base  string
	now   time.Time
	asked mayShown
}

// formTitle is what code of a form is for.
func formTitle(form string) string {
	return cmp.Or(words.SnippetForms()[form], form)
}

// code shows the code for a caller in one form: in the page, or where there is no
// script as a file. It holds no secret.
func (s *site) code(w http.ResponseWriter, r *http.Request) error {
	name, form := r.PathValue("name"), r.PathValue("form")
	text, err := s.Callers.SnippetText(r.Context(), name, form)
	if err != nil {
		return s.told(w, r, err)
	}
	if fragment(r) {
		return s.swap(w, r, http.StatusOK, code("code-"+form, words.SnippetOf+" "+formTitle(form), text))
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(text)) // who has gone needs no answer
	return nil
}

func (s *site) caller(w http.ResponseWriter, r *http.Request) error {
	return s.showCaller(w, r, mayShown{})
}

func (s *site) showCaller(w http.ResponseWriter, r *http.Request, asked mayShown) error {
	ctx, name := r.Context(), r.PathValue("name")
	c, err := s.Callers.FindCaller(ctx, name)
	if err != nil {
		return err
	}
	d := callerDetail{c: c, role: visitorOf(ctx).Operator.Role, now: s.Now(), asked: asked}
	if d.use, err = s.Callers.CallerUse(ctx, c.Name); err != nil {
		return err
	}
	if d.reach, err = s.Callers.CallerReach(ctx, c); err != nil {
		return err
	}
	if d.role.Includes(stagedoor.RoleOperator) {
		d.base = s.Base(r)
		d.forms = s.Callers.SnippetForms()
	} else {
		d.c.ID, d.c.CreatedBy, d.c.ChangedBy = "", "", ""
		for i := range d.use.Recent {
			d.use.Recent[i].From, d.use.Recent[i].Subject = "", ""
		}
	}
	return s.show(w, r, page{Title: c.Name, Section: "/callers"}, callerPage(d))
}

// mayShown is a question about a request, and its answer.
type mayShown struct {
	method, path string
	d            *stagedoor.Decision
	failure      *stagedoor.Problem
}

func (s *site) may(w http.ResponseWriter, r *http.Request) error {
	m := mayShown{method: r.PostFormValue("method"), path: strings.TrimSpace(r.PostFormValue("path"))}
	d, err := s.Callers.Decide(r.Context(), r.PathValue("name"), m.method, m.path)
	if stagedoor.KindOf(err) == stagedoor.KindNotFound && err != nil {
		return err
	}
	m = m.answered(d, err)
	if fragment(r) {
		return s.swap(w, r, http.StatusOK, decision(m))
	}
	return s.showCaller(w, r, m)
}

func (m mayShown) answered(d stagedoor.Decision, err error) mayShown {
	m.d = &d
	if err != nil {
		problem := problemOf(err)
		m.d, m.failure = nil, &problem
	}
	return m
}

// callerStateOf is a caller's state as a badge's and in words.
func callerStateOf(c stagedoor.Caller, now time.Time) (badge, word string) {
	state := c.State(now)
	badge = "off"
	if state == stagedoor.CallerActive {
		badge = "ok"
	}
	return badge, words.CallerStates()[state]
}

// shareText is a share as people write it.
func shareText(share float64) string {
	if share == 0 {
		return words.NoShare
	}
	return strconv.FormatFloat(share*100, 'f', -1, 64) + "%"
}

// ruleLine is a rule as it is written in the form: "deny POST /users/**".
func ruleLine(rule stagedoor.Rule) string {
	line := rule.String()
	if rule.Scope != "" {
		line = "scope " + line
	}
	if rule.Deny {
		line = "deny " + line
	}
	return line
}

// ruleLines are all rules of a caller, as they are written in the form.
func ruleLines(rules []stagedoor.Rule) string {
	var list []string
	for _, rule := range rules {
		list = append(list, ruleLine(rule))
	}
	return lines(list)
}

// rulesOf reads rules, one a line.
func rulesOf(text string) stagedoor.RuleTexts {
	var t stagedoor.RuleTexts
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		line = strings.TrimSpace(strings.TrimPrefix(line, "allow "))
		line, deny := strings.CutPrefix(line, "deny ")
		line, scope := strings.CutPrefix(strings.TrimSpace(line), "scope ")
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case deny && scope:
			t.DenyScope = append(t.DenyScope, line)
		case deny:
			t.Deny = append(t.Deny, line)
		case scope:
			t.AllowScope = append(t.AllowScope, line)
		default:
			t.Allow = append(t.Allow, line)
		}
	}
	return t
}
