package stagedoor

import (
	"encoding/json"
	"time"
)

// CheckResult is how a [Check] came out.
type CheckResult string

// The results of checks. A warning is something that works, and should be looked at.
const (
	CheckOK   CheckResult = "ok"
	CheckWarn CheckResult = "warn"
	CheckFail CheckResult = "fail"
	CheckSkip CheckResult = "skip" // an earlier check makes it meaningless; Says tells which
)

// Check is one question of the doctor and its answer.
type Check struct {
	Name       string        // what is asked: "tls"
	Credential string        // the slug it was asked of; empty: this machine
	Result     CheckResult   //
	Says       string        // what was found
	Fix        string        // which page, which click, which command; NAME stands for the credential
	Kind       Kind          // of a warning or a failure; empty where no kind is about it
	Took       time.Duration // since the check before it
}

// MarshalJSON writes the form that `doctor --json` has.
func (c Check) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Name       string      `json:"name"`
		Credential string      `json:"credential,omitempty"`
		Result     CheckResult `json:"result"`
		Says       string      `json:"says"`
		Fix        string      `json:"fix,omitempty"`
		Kind       Kind        `json:"kind,omitempty"`
		TookMS     int64       `json:"took_ms"`
	}{c.Name, c.Credential, c.Result, c.Says, c.Fix, c.Kind, c.Took.Milliseconds()})
}
