package stagedoor

import "time"

// Trouble is an error of a credential that a person must mend, as it is kept: the
// token endpoint refused it, a scope is missing, the plan is too small. Equal ones
// are one Trouble that counts. It holds no secret.
type Trouble struct {
	At     time.Time `json:"first_at"`
	LastAt time.Time `json:"last_at"`
	Count  int64     `json:"count"`
	Op     string    `json:"op"` // what was being done: "mint a token", "GET /report/users"
	Kind   Kind      `json:"kind"`
	Cause  string    `json:"cause"`
	Fix    string    `json:"fix,omitempty"`
	// By is for whom it was done the last time: "caller reports", "person anna",
	// "run 0j8…"; empty where nobody asked, as in a renewal.
	By string `json:"by,omitempty"`
	// Tracking is the x-zm-trackingid of the last one, for Zoom's support.
	Tracking string `json:"tracking,omitempty"`
}

// TroublesKept is how many troubles are kept of a credential, the newest.
const TroublesKept = 50
