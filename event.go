package stagedoor

import "time"

// Event is a line of the audit: who did what, to what, and how it ended. It holds
// no header, no body, and of a query nothing that could be a secret.
type Event struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`  // "caller reports", "person anna", "operator token grafana"
	Action string    `json:"action"` // an operation, "GET /users/{userId}", or an admin act, "caller.add"
	// Subject is what it was done to, where the action does not say: "caller
	// reports", or of a call its path, without the query.
	Subject    string `json:"subject,omitempty"`
	Credential string `json:"credential,omitempty"` // slug
	From       string `json:"from,omitempty"`       // the caller's address

	Result   string        `json:"result"`             // "ok", or the [Kind] of the error
	Detail   string        `json:"detail,omitempty"`   // what was changed, or which rule decided
	Status   int           `json:"status,omitempty"`   // of the answer
	Sent     int64         `json:"sent,omitempty"`     // bytes of the request's body
	Received int64         `json:"received,omitempty"` // bytes of the answer's body
	Duration time.Duration `json:"duration_ns,omitempty"`
	Tracking string        `json:"tracking,omitempty"` // x-zm-trackingid
}

// ResultOf is what an event says of how something ended.
func ResultOf(err error) string {
	if err == nil {
		return "ok"
	}
	return string(KindOf(err))
}
