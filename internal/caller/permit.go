package caller

import (
	"github.com/stagedoor/stagedoor"
)

// request is one reading of a request.
type request struct {
	method           string
	segments, folded []string
	operation        int
	known            bool
	operationFolded  int
	knownFolded      bool
}

// Permit says whether a caller may make a request, and which operation it is; one
// that the table does not have counts as Heavy. path is everything after
// /to/{credential}, escaped, exactly as it came; base, "/v2", is the path that all
// of the API lies below. What is permitted may be sent on byte for byte, and means
// to the provider what it meant here.
//
// The errors: [stagedoor.KindUsage] where the path could be read in two ways or
// the method is none; [stagedoor.KindNotFound] where it lies outside the base;
// [stagedoor.KindForbidden] where a rule denies it or none allows it, and the
// error says which.
func (c *Callers) Permit(who stagedoor.Caller, base, method, path string) (stagedoor.Operation, error) {
	var r rules
	if now := c.snapshot.Load(); now != nil && now.callers[who.ID] != nil {
		r = now.callers[who.ID].rules
	} else {
		r = c.ready(who)
	}
	return r.permit(base, method, path)
}
