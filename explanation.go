package stagedoor

// Explanation is what an error text means and how to mend it.
type Explanation struct {
	Rule string `json:"rule"` // of the provider's table of errors: "scope-missing"
	Notice
	Hints []string `json:"hints"` // on what is odd about the text itself
}
