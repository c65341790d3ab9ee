package app

import (
	"log/slog"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/token"
)

// trouble tells a daemon's log of a credential that gets no token: when it
// begins, when the reason changes, once in a while as long as it lasts, and when
// it is over. Callers ask all the time, and each try may fail. Events of one
// source come one after another, so that nothing guards it.
type trouble struct {
	log   *slog.Logger
	slug  string
	cause string // "" : there is none
	said  time.Time
}

// troubleEvery is how often a trouble that lasts is told.
const troubleEvery = 10 * time.Minute

func (t *trouble) hear(e token.Event) {
	switch {
	case (e.Kind == token.EventFailed || e.Kind == token.EventRetrying) && e.Err != nil:
		if e.Err.Kind == stagedoor.KindInterrupted || e.Err.Cause == t.cause && now().Sub(t.said) < troubleEvery {
			return
		}
		t.cause, t.said = e.Err.Cause, now()
		t.log.Warn("a credential gets no token", "credential", t.slug, "kind", e.Err.Kind, "cause", e.Err.Cause,
			"fix", strings.ReplaceAll(e.Err.Fix, "NAME", t.slug))
	case (e.Kind == token.EventMinted || e.Kind == token.EventAdopted) && t.cause != "":
		t.cause = ""
		t.log.Warn("a credential gets tokens again", "credential", t.slug)
	}
}
