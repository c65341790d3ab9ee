package server

import (
	"encoding/json"
	"net/http"

	"github.com/stagedoor/stagedoor"
)

// problem answers with a problem document (RFC 9457). It says no more of the
// error than its own words.
func problem(w http.ResponseWriter, err *stagedoor.Error) {
	row := err.Kind.Row()
	status := err.Status
	if status == 0 {
		status = row.HTTP
	}
	text, _ := json.Marshal(struct {
		Type   string         `json:"type"`
		Title  string         `json:"title"`
		Status int            `json:"status"`
		Detail string         `json:"detail,omitempty"`
		Kind   stagedoor.Kind `json:"kind"`
		Fix    string         `json:"fix,omitempty"`
	}{"about:blank", http.StatusText(status), status, err.Cause, err.Kind, err.Fix}) // texts alone: it can not fail
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // who has gone needs no answer
}

func notHere(w http.ResponseWriter) {
	problem(w, &stagedoor.Error{
		Kind: stagedoor.KindNotFound, Cause: "There is nothing at this address.",
		Fix: "Callers get a token from POST /oauth/token and then call /to/CREDENTIAL/v2/…",
	})
}
