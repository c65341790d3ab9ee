package server

import (
	"net/http"

	"github.com/stagedoor/stagedoor"
)

// problem answers with an error of the door's own, whose Status is the answer's
// where it has one.
func problem(w http.ResponseWriter, err *stagedoor.Error) {
	stagedoor.ProblemOf(err, err.Status).Write(w)
}

func notHere(w http.ResponseWriter) {
	problem(w, &stagedoor.Error{
		Kind: stagedoor.KindNotFound, Cause: "There is nothing at this address.",
		Fix: "Callers get a token from POST /oauth/token and then call /to/CREDENTIAL/v2/…",
	})
}
