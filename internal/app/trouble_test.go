package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/token"
)

func TestATroubleIsToldOnce(t *testing.T) {
	var log bytes.Buffer
	heard := trouble{log: slog.New(slog.NewTextHandler(&log, nil)), slug: "acme"}
	failed := func(kind token.EventKind, cause string) token.Event {
		return token.Event{Kind: kind, Err: &stagedoor.Error{Kind: stagedoor.KindNetwork, Cause: cause, Fix: "Run stagedoor credential check NAME."}}
	}
	lines := func(want int, last string) {
		t.Helper()
		all := strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
		if len(all) != want || !strings.Contains(all[len(all)-1], last) {
			t.Errorf("want %d lines, the last with %q:\n%s", want, last, log.String())
		}
	}
	heard.hear(token.Event{Kind: token.EventMinted})
	for range 150 {
		heard.hear(failed(token.EventRetrying, "it was not reached"))
		heard.hear(failed(token.EventFailed, "it was not reached"))
	}
	lines(1, `level=WARN msg="a credential gets no token" credential=acme kind=network cause="it was not reached" fix="Run stagedoor credential check acme."`)
	heard.hear(failed(token.EventFailed, "it answered 503"))
	lines(2, "it answered 503")
	heard.hear(token.Event{Kind: token.EventMinted})
	heard.hear(token.Event{Kind: token.EventMinted})
	lines(3, "a credential gets tokens again")
	heard.hear(failed(token.EventFailed, "it answered 503"))
	lines(4, "it answered 503")
}
