package web

import (
	"bytes"
	"errors"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// page is what the layout around a page's content needs to know.
type page struct {
	Title   string   // of the document, before the product's name
	Section string   // the path in the navigation that is marked as the current one: "/credentials"
	Status  int      // 0: 200
	Scripts []string // further assets of this page: "uplot.min.js"
	Styles  []string
}

// show answers with a whole page.
func (s *site) show(w http.ResponseWriter, r *http.Request, p page, content templ.Component) error {
	f := frame{page: p, site: s, visitor: visitorOf(r.Context()), theme: themeOf(r), path: r.URL.RequestURI()}
	if r.Method != http.MethodGet {
		f.path = p.Section
	}
	return s.write(w, r, p.Status, layout(f, content))
}

// swap answers with a part of a page.
func (s *site) swap(w http.ResponseWriter, r *http.Request, status int, content templ.Component) error {
	return s.write(w, r, status, content)
}

// write renders first, so that what fails half way is no half page.
func (s *site) write(w http.ResponseWriter, r *http.Request, status int, content templ.Component) error {
	var text bytes.Buffer
	if err := content.Render(r.Context(), &text); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Add("Vary", "HX-Request")
	if status != 0 {
		w.WriteHeader(status)
	}
	_, _ = w.Write(text.Bytes()) // who has gone needs no answer
	return nil
}

// browser reports whether a person is shown the answer. A program that mistook an
// address reads no page.
func browser(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// failed shows what went wrong: why, and what to do.
func (s *site) failed(w http.ResponseWriter, r *http.Request, err error) {
	problem := problemOf(err)
	if problem.Status >= http.StatusInternalServerError {
		s.Log.Warn("a page could not be shown", "path", r.URL.Path, "error", err)
	}
	if !fragment(r) && !browser(r) {
		problem.Write(w)
		return
	}
	var failure error
	if fragment(r) {
		// htmx swaps no answer of an error; a notice goes where all of them do.
		w.Header().Set("HX-Retarget", "#notices")
		w.Header().Set("HX-Reswap", "innerHTML")
		failure = s.swap(w, r, problem.Status, noticeBox("fail", problem.Detail, problem.Fix))
	} else {
		failure = s.show(w, r, page{Title: words.WentWrong, Status: problem.Status}, errorPage(problem))
	}
	if failure != nil {
		s.Log.Error("a page could not be made", "path", r.URL.Path, "error", failure)
		http.Error(w, words.WentWrong, http.StatusInternalServerError)
	}
}

// problemOf tells of an error to who looks after this Stagedoor; [stagedoor.ProblemOf]
// tells it to callers, who can not act on it.
func problemOf(err error) stagedoor.Problem {
	p := stagedoor.ProblemOf(err, 0)
	if e, ok := errors.AsType[*stagedoor.Error](err); ok {
		p.Fix = e.Fix
	}
	return p
}
