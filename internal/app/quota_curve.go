package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

const (
	// sampleEvery is how often a daemon looks what was called, and sampleSpan how far
	// apart the points of a curve are that it keeps, for samplesKept.
	sampleEvery = time.Minute
	sampleSpan  = 5 * time.Minute
	samplesKept = 8 * 24 * time.Hour
)

// accountName names an account where its id must not stand in the clear.
func accountName(provider, accountID string) string {
	sum := sha256.Sum256([]byte(provider + "\x00" + accountID))
	return hex.EncodeToString(sum[:16])
}

// keepCurves notes once a minute what was called of each account, by whatever process,
// until ctx ends.
func (a *App) keepCurves(ctx context.Context) {
	for {
		a.sample(ctx)
		if pause(ctx, sampleEvery) != nil {
			return
		}
	}
}

func (a *App) sample(ctx context.Context) {
	list, err := a.vault.List(ctx)
	if err != nil {
		return // what follows changes tells of it
	}
	seen := map[string]bool{}
	for _, c := range list {
		account := accountName(c.Provider, c.AccountID)
		if seen[account] {
			continue
		}
		seen[account] = true
		report, err := a.Quota(ctx, c)
		if err != nil || len(report.Lines) == 0 {
			continue
		}
		at := now()
		if report.Date != at.Format(time.DateOnly) {
			continue // the day has just ended
		}
		sample := stagedoor.QuotaSample{At: at.Truncate(sampleSpan).Add(sampleSpan - time.Microsecond), Lines: report.Lines}
		if err := a.store.AddQuotaSample(ctx, account, sample, at.Add(-samplesKept)); err != nil && ctx.Err() == nil {
			a.env.Log.Warn("the curve of a quota could not be kept", "credential", c.Slug, "error", err)
		}
	}
}

// QuotaCurve returns how the calls of the account of a credential grew over a UTC day:
// as a daemon noted it, and for today up to now.
func (a *App) QuotaCurve(ctx context.Context, slug string, day time.Time) (stagedoor.QuotaCurve, error) {
	_, c, err := a.saved(ctx, slug)
	if err != nil {
		return stagedoor.QuotaCurve{}, err
	}
	day = stagedoor.DayOf(day)
	samples, err := a.store.QuotaSamples(ctx, accountName(c.Provider, c.AccountID), day, day.AddDate(0, 0, 1))
	if err != nil {
		return stagedoor.QuotaCurve{}, err
	}
	if at := now(); stagedoor.DayOf(at).Equal(day) {
		report, err := a.Quota(ctx, c)
		if err != nil {
			return stagedoor.QuotaCurve{}, err
		}
		samples = slices.DeleteFunc(samples, func(s stagedoor.QuotaSample) bool { return s.At.After(at) })
		samples = append(samples, stagedoor.QuotaSample{At: at, Lines: report.Lines})
	}
	return curveOf(day, samples), nil
}

func curveOf(day time.Time, samples []stagedoor.QuotaSample) stagedoor.QuotaCurve {
	curve := stagedoor.QuotaCurve{Date: day.Format(time.DateOnly), Labels: []string{}, Points: []stagedoor.QuotaPoint{}, Callers: []stagedoor.CallerCalls{}}
	name := func(line stagedoor.QuotaLine) string {
		return strings.TrimSpace(string(line.Family) + " " + string(line.Label))
	}
	for _, s := range samples {
		for _, line := range s.Lines {
			if !slices.Contains(curve.Labels, name(line)) {
				curve.Labels = append(curve.Labels, name(line))
			}
		}
	}
	slices.Sort(curve.Labels)
	if len(samples) == 0 || len(curve.Labels) == 0 {
		return curve
	}
	curve.Points = append(curve.Points, stagedoor.QuotaPoint{At: day, Calls: make([]int, len(curve.Labels))})
	for _, s := range samples {
		point := stagedoor.QuotaPoint{At: s.At, Calls: make([]int, len(curve.Labels))}
		for _, line := range s.Lines {
			point.Calls[slices.Index(curve.Labels, name(line))] += line.Calls
		}
		curve.Points = append(curve.Points, point)
	}
	for _, line := range samples[len(samples)-1].Lines {
		at := slices.IndexFunc(curve.Callers, func(c stagedoor.CallerCalls) bool {
			return c.Caller == line.Caller && c.Credential == line.Credential && c.Run == line.Run
		})
		if at < 0 {
			at = len(curve.Callers)
			curve.Callers = append(curve.Callers, stagedoor.CallerCalls{Caller: line.Caller, Credential: line.Credential, Run: line.Run})
		}
		curve.Callers[at].Calls += line.Calls
	}
	slices.SortStableFunc(curve.Callers, func(a, b stagedoor.CallerCalls) int { return cmp.Compare(b.Calls, a.Calls) })
	return curve
}
