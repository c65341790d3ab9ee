package web

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// callerAct is a page that does one thing with a caller.
type callerAct struct {
	c       stagedoor.Caller
	rules   string
	keep    string
	failure *stagedoor.Problem
}

func (s *site) showCallerAct(w http.ResponseWriter, r *http.Request, title string, a callerAct, content func(callerAct) templ.Component) error {
	var err error
	if a.c, err = s.Callers.FindCaller(r.Context(), r.PathValue("name")); err != nil {
		return err
	}
	p := page{Title: title, Section: "/callers", Scripts: []string{"caller.js"}}
	if a.failure != nil {
		p.Status = a.failure.Status
	} else if a.rules == "" {
		a.rules = ruleLines(a.c.Rules)
	}
	return s.show(w, r, p, content(a))
}

// failedCaller shows an act on a caller that failed, in its form.
func (s *site) failedCaller(w http.ResponseWriter, r *http.Request, err error, title string, a callerAct, content func(callerAct) templ.Component) error {
	problem := problemOf(err)
	if problem.Status >= http.StatusInternalServerError || problem.Status == http.StatusNotFound {
		return err
	}
	a.failure = &problem
	return s.showCallerAct(w, r, title, a, content)
}

func (s *site) rulesForm(w http.ResponseWriter, r *http.Request) error {
	return s.showCallerAct(w, r, words.ChangeRules, callerAct{}, rulesForm)
}

func (s *site) setRules(w http.ResponseWriter, r *http.Request) error {
	f, err := s.callerFormOf(r)
	if err == nil {
		_, _, _, err = s.Callers.SetCallerRules(r.Context(), r.PathValue("name"), f.add.RuleTexts)
	}
	if err != nil {
		return s.failedCaller(w, r, err, words.ChangeRules, callerAct{rules: f.rules}, rulesForm)
	}
	return s.goOn(w, r, callerPath(r.PathValue("name")))
}

func (s *site) rotateForm(w http.ResponseWriter, r *http.Request) error {
	return s.showCallerAct(w, r, words.RotateSecret, callerAct{keep: "24h"}, rotateForm)
}

func (s *site) rotate(w http.ResponseWriter, r *http.Request) error {
	text := strings.TrimSpace(r.PostFormValue("keep"))
	keep, err := stagedoor.ParseLength(cmp.Or(text, "0"))
	if err != nil || keep < 0 || keep > 365*24*time.Hour {
		err = &stagedoor.Error{
			Op: "make a new secret", Subject: "caller " + r.PathValue("name"), Kind: stagedoor.KindUsage,
			Cause: "how long the former secret works is no length of time up to a year", Fix: "Write hours (24h), days (7d), or 0 to end it at once.",
		}
	}
	var c stagedoor.Caller
	var secret stagedoor.Secret
	if err == nil {
		c, secret, err = s.Callers.RotateCallerSecret(r.Context(), r.PathValue("name"), keep)
	}
	if err != nil {
		return s.failedCaller(w, r, err, words.RotateSecret, callerAct{keep: text}, rotateForm)
	}
	return s.showSecret(w, r, c, secret, nil)
}

func (s *site) revokeForm(w http.ResponseWriter, r *http.Request) error {
	return s.showCallerAct(w, r, words.Revoke, callerAct{}, revokeForm)
}

func (s *site) revoke(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	err := repeated(r, name, "revoke a caller", "caller "+name)
	if err == nil {
		_, err = s.Callers.RevokeCaller(r.Context(), name)
	}
	if err != nil {
		return s.failedCaller(w, r, err, words.Revoke, callerAct{}, revokeForm)
	}
	return s.goOn(w, r, "/callers")
}
