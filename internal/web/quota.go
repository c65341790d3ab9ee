package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// Quota tells what was used of accounts. What each does stands at package app's.
type Quota interface {
	QuotaOf(ctx context.Context, slug string) (stagedoor.QuotaReport, error)
	QuotaCurve(ctx context.Context, slug string, day time.Time) (stagedoor.QuotaCurve, error)
}

func (s *site) quotaRoutes() []route {
	return []route{
		{"GET /quota", stagedoor.RoleViewer, s.quotas},
		{"GET /quota/{slug}", stagedoor.RoleViewer, s.quota},
	}
}

// quotaOf is the quota of a credential's account.
type quotaOf struct {
	slug, name string
	report     stagedoor.QuotaReport
}

// quotaList is what the page of all accounts shows.
type quotaList struct {
	list  []quotaOf
	leaf  leaf
	all   int
	query string
}

func (s *site) quotas(w http.ResponseWriter, r *http.Request) error {
	states, err := s.Credentials.CredentialStates(r.Context())
	if err != nil {
		return err
	}
	q := quotaList{all: len(states), query: strings.TrimSpace(r.URL.Query().Get("q"))}
	states, q.leaf = leafOf(r, slices.DeleteFunc(states, func(c stagedoor.CredentialState) bool { return !matches(c, q.query, "") }), quotasOnLeaf)
	for _, c := range states {
		report, err := s.Quota.QuotaOf(r.Context(), c.Slug)
		if err != nil {
			return err
		}
		q.list = append(q.list, quotaOf{c.Slug, c.Name, report})
	}
	return s.show(w, r, page{Title: words.QuotaTitle, Section: "/quota"}, quotasPage(q))
}

// quotaDetail is what the page of an account's quota shows.
type quotaDetail struct {
	quotaOf
	day   time.Time
	today bool
	curve stagedoor.QuotaCurve
}

// path is the page of another day.
func (q quotaDetail) path(days int) string {
	return quotaPath(q.slug) + "?day=" + q.day.AddDate(0, 0, days).Format(time.DateOnly)
}

// own is the page's own path.
func (q quotaDetail) own() string {
	if q.today {
		return quotaPath(q.slug)
	}
	return q.path(0)
}

func quotaPath(slug string) string { return "/quota/" + url.PathEscape(slug) }

func (s *site) quota(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("slug")
	c, err := s.Credentials.CredentialState(r.Context(), slug)
	if err != nil {
		return err
	}
	today := stagedoor.DayOf(s.Now().UTC())
	q := quotaDetail{quotaOf: quotaOf{slug: slug, name: c.Name}, day: today}
	if text := r.URL.Query().Get("day"); text != "" {
		if q.day, err = time.Parse(time.DateOnly, text); err != nil || q.day.After(today) {
			return &stagedoor.Error{Op: "show a day's quota", Kind: stagedoor.KindUsage, Cause: "the day is none, or has not come yet", Fix: "Write it like ?day=" + today.Format(time.DateOnly) + "."}
		}
	}
	q.today = q.day.Equal(today)
	if q.report, err = s.Quota.QuotaOf(r.Context(), slug); err != nil {
		return err
	}
	if q.curve, err = s.Quota.QuotaCurve(r.Context(), slug, q.day); err != nil {
		return err
	}
	return s.show(w, r, page{Title: words.QuotaTitle + ": " + c.Name, Section: "/quota", Scripts: []string{"uplot.min.js", "quota.js"}, Styles: []string{"uplot.min.css"}}, quotaPage(q))
}

// days are the limits that are worth a line: those that count something, or are of
// the API that everybody calls.
func (q quotaOf) days() []stagedoor.QuotaDay {
	return slices.DeleteFunc(slices.Clone(q.report.Days), func(d stagedoor.QuotaDay) bool {
		unused := d.Used+d.Ahead+d.Planned == 0 && d.Closed.IsZero()
		return unused && (d.Limit == 0 || strings.Contains(d.Group, " "))
	})
}

// dayTitle is what a daily limit counts.
func dayTitle(d stagedoor.QuotaDay) string {
	var names []string
	for _, label := range d.Labels {
		names = append(names, string(label))
	}
	title := strings.Join(names, " + ")
	if family, _, ok := strings.Cut(d.Group, " "); ok {
		title = family + ": " + title
	}
	return title
}

func rateTitle(r stagedoor.QuotaRate) string {
	if r.Family != "" {
		return string(r.Family) + ": " + string(r.Label)
	}
	return string(r.Label)
}

// rates are those that are worth a line.
func (q quotaOf) rates() []stagedoor.QuotaRate {
	return slices.DeleteFunc(slices.Clone(q.report.Rates), func(r stagedoor.QuotaRate) bool {
		return r.Family != "" && r.Processes == 0 && r.Left == 0
	})
}

// plot is a curve as the script that draws it takes it: times in seconds, then for
// each label its calls.
func plot(c stagedoor.QuotaCurve) string {
	times := make([]int64, len(c.Points))
	series := make([][]int, len(c.Labels))
	for i, point := range c.Points {
		times[i] = point.At.Unix()
		for l, calls := range point.Calls {
			series[l] = append(series[l], calls)
		}
	}
	text, err := json.Marshal(map[string]any{"times": times, "labels": c.Labels, "series": series})
	if err != nil {
		panic(err) // numbers and texts
	}
	return string(text)
}
