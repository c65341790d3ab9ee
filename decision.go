package stagedoor

// Decision is what the gateway would do with a request of a caller, and why.
type Decision struct {
	Allowed bool `json:"allowed"`
	// Operation is the provider's operation that the request is: "GET /users/{userId}";
	// empty where the table of operations has none like it.
	Operation string `json:"operation,omitempty"`
	Label     Label  `json:"label,omitempty"`
	// Rule is the one that decides, as a person writes it: "GET /users/*"; empty where
	// none does.
	Rule string `json:"rule,omitempty"`
	Why  string `json:"why"`           // a sentence
	Fix  string `json:"fix,omitempty"` // what to do where it is not allowed
}
