package web

import (
	"net/http"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

func (s *site) meRoutes() []route {
	return []route{
		{"GET /me", stagedoor.RoleViewer, s.me},
		{"POST /me/password", stagedoor.RoleViewer, s.changePassword},
		{"POST /me/sessions/{id}/end", stagedoor.RoleViewer, s.endSession},
		{"POST /me/sessions/end", stagedoor.RoleViewer, s.endOtherSessions},
	}
}

// own is what a visitor sees of their own access.
type own struct {
	visitor  Visitor
	sessions []stagedoor.Session
	failure  *stagedoor.Problem
	done     string
}

func (s *site) me(w http.ResponseWriter, r *http.Request) error {
	return s.showMe(w, r, own{})
}

func (s *site) showMe(w http.ResponseWriter, r *http.Request, o own) error {
	o.visitor = visitorOf(r.Context())
	var err error
	if o.sessions, err = s.Entry.Sessions(r.Context(), o.visitor.Operator.ID); err != nil {
		return err
	}
	p := page{Title: words.MeTitle, Section: "/me"}
	if o.failure != nil {
		p.Status = o.failure.Status
	}
	return s.show(w, r, p, mePage(o))
}

func (s *site) changePassword(w http.ResponseWriter, r *http.Request) error {
	v := visitorOf(r.Context())
	former, password := stagedoor.NewSecret(r.PostFormValue("former")), stagedoor.NewSecret(r.PostFormValue("password"))
	err := error(nil)
	if !password.Equal(stagedoor.NewSecret(r.PostFormValue("again"))) {
		err = differ()
	} else {
		err = s.Entry.ChangePassword(r.Context(), v.Operator, v.Session.ID, former, password)
	}
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= http.StatusInternalServerError {
			return err
		}
		return s.showMe(w, r, own{failure: &problem})
	}
	return s.showMe(w, r, own{done: words.PasswordSet})
}

func (s *site) endSession(w http.ResponseWriter, r *http.Request) error {
	v := visitorOf(r.Context())
	if err := s.Entry.EndSession(r.Context(), v.Operator, r.PathValue("id")); err != nil {
		return err
	}
	return s.goOn(w, r, "/me")
}

func (s *site) endOtherSessions(w http.ResponseWriter, r *http.Request) error {
	v := visitorOf(r.Context())
	list, err := s.Entry.Sessions(r.Context(), v.Operator.ID)
	if err != nil {
		return err
	}
	for _, one := range list {
		if one.ID == v.Session.ID {
			continue
		}
		if err := s.Entry.EndSession(r.Context(), v.Operator, one.ID); err != nil && stagedoor.KindOf(err) != stagedoor.KindNotFound {
			return err
		}
	}
	return s.goOn(w, r, "/me")
}
