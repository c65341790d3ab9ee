package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// Operators changes who may sign in.
type Operators interface {
	OperatorList(ctx context.Context) ([]stagedoor.Operator, error)
	InviteOperator(ctx context.Context, name string, role stagedoor.Role) (stagedoor.Operator, stagedoor.Secret, error)
	ResetOperator(ctx context.Context, name string) (stagedoor.Operator, stagedoor.Secret, error)
	RemoveOperator(ctx context.Context, name string) error
	SetOperatorRole(ctx context.Context, name string, role stagedoor.Role) (stagedoor.Operator, error)
}

func (s *site) operatorRoutes() []route {
	return []route{
		{"GET /operators", stagedoor.RoleAdmin, s.operators},
		{"POST /operators", stagedoor.RoleAdmin, s.invite},
		{"GET /operators/{name}", stagedoor.RoleAdmin, s.operator},
		{"POST /operators/{name}/role", stagedoor.RoleAdmin, s.setRole},
		{"POST /operators/{name}/reset", stagedoor.RoleAdmin, s.reset},
		{"POST /operators/{name}/remove", stagedoor.RoleAdmin, s.removeOperator},
	}
}

// inviteForm is a form to invite somebody, as it was sent.
type inviteForm struct {
	Name    string
	Role    stagedoor.Role
	Failure *stagedoor.Problem
}

func (s *site) operators(w http.ResponseWriter, r *http.Request) error {
	return s.showOperators(w, r, inviteForm{Role: stagedoor.RoleViewer})
}

func (s *site) showOperators(w http.ResponseWriter, r *http.Request, f inviteForm) error {
	list, err := s.Operators.OperatorList(r.Context())
	if err != nil {
		return err
	}
	p := page{Title: words.OperatorsTitle, Section: "/operators"}
	if f.Failure != nil {
		p.Status = f.Failure.Status
	}
	return s.show(w, r, p, operatorsPage(list, visitorOf(r.Context()), f))
}

func (s *site) invite(w http.ResponseWriter, r *http.Request) error {
	f := inviteForm{Name: strings.TrimSpace(r.PostFormValue("name")), Role: stagedoor.Role(r.PostFormValue("role"))}
	o, link, err := s.Operators.InviteOperator(r.Context(), f.Name, f.Role)
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= http.StatusInternalServerError {
			return err
		}
		f.Failure = &problem
		return s.showOperators(w, r, f)
	}
	return s.showLink(w, r, o, link)
}

// showLink shows a one-time link, this once: it is the answer to a form, which no
// browser keeps.
func (s *site) showLink(w http.ResponseWriter, r *http.Request, o stagedoor.Operator, link stagedoor.Secret) error {
	return s.show(w, r, page{Title: words.LinkTitle, Section: "/operators"}, linkPage(o, s.Base(r)+"/invitation#"+link.Reveal()))
}

// operatorPath is the page of an operator.
func operatorPath(name string) string { return "/operators/" + url.PathEscape(name) }

// operatorAct is what was tried with an operator, and how it failed.
type operatorAct struct {
	act     string
	failure *stagedoor.Problem
}

func (s *site) operator(w http.ResponseWriter, r *http.Request) error {
	return s.showOperator(w, r, operatorAct{})
}

func (s *site) showOperator(w http.ResponseWriter, r *http.Request, a operatorAct) error {
	list, err := s.Operators.OperatorList(r.Context())
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.Name != r.PathValue("name") {
			continue
		}
		p := page{Title: o.Name, Section: "/operators"}
		if a.failure != nil {
			p.Status = a.failure.Status
		}
		return s.show(w, r, p, operatorPage(o, self(r), a))
	}
	return &stagedoor.Error{Op: "show an operator", Kind: stagedoor.KindNotFound, Cause: words.OperatorMissing, Fix: words.ToOperators + ": /operators."}
}

// failedAt shows an act on an operator that failed, where it was tried.
func (s *site) failedAt(w http.ResponseWriter, r *http.Request, act string, err error) error {
	problem := problemOf(err)
	if problem.Status >= http.StatusInternalServerError || problem.Status == http.StatusNotFound {
		return err
	}
	return s.showOperator(w, r, operatorAct{act, &problem})
}

// self reports whether the operator of the path is who looks.
func self(r *http.Request) bool { return visitorOf(r.Context()).Operator.Name == r.PathValue("name") }

func (s *site) setRole(w http.ResponseWriter, r *http.Request) error {
	o, err := s.Operators.SetOperatorRole(r.Context(), r.PathValue("name"), stagedoor.Role(r.PostFormValue("role")))
	if err != nil {
		return s.failedAt(w, r, "role", err)
	}
	if self(r) && !o.Role.Includes(stagedoor.RoleAdmin) {
		return s.goOn(w, r, "/") // the list is for admins
	}
	return s.goOn(w, r, "/operators")
}

func (s *site) reset(w http.ResponseWriter, r *http.Request) error {
	// It would end the session that the link is shown in.
	if self(r) {
		return s.failedAt(w, r, "reset", &stagedoor.Error{
			Op: "reset an operator", Subject: "operator " + r.PathValue("name"), Kind: stagedoor.KindConflict, Cause: words.ResetSelf, Fix: words.ResetSelfDo,
		})
	}
	o, link, err := s.Operators.ResetOperator(r.Context(), r.PathValue("name"))
	if err != nil {
		return s.failedAt(w, r, "reset", err)
	}
	return s.showLink(w, r, o, link)
}

func (s *site) removeOperator(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if err := repeated(r, name, "remove an operator", "operator "+name); err != nil {
		return s.failedAt(w, r, "remove", err)
	}
	if err := s.Operators.RemoveOperator(r.Context(), name); err != nil {
		return s.failedAt(w, r, "remove", err)
	}
	if self(r) {
		return s.goOn(w, r, "/sign-in")
	}
	return s.goOn(w, r, "/operators")
}

// repeated refuses to do away with something whose name was not typed.
func repeated(r *http.Request, name, op, subject string) error {
	if strings.TrimSpace(r.PostFormValue("repeat")) == name {
		return nil
	}
	return &stagedoor.Error{Op: op, Subject: subject, Kind: stagedoor.KindUsage, Cause: words.TypedOtherwise, Fix: words.TypedFix}
}

// roleChoice is a role to choose, and what it may do.
type roleChoice struct {
	role  stagedoor.Role
	about string
}

func roleChoices() []roleChoice {
	return []roleChoice{
		{stagedoor.RoleViewer, words.RoleViewer}, {stagedoor.RoleOperator, words.RoleOperator}, {stagedoor.RoleAdmin, words.RoleAdmin},
	}
}
