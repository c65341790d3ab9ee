package words

// Checks of credentials.
const (
	Check               = "Check"
	CheckAgain          = "Check again"
	Now                 = "now"
	Proven              = "The credential is good."
	ProvenNew           = "Zoom takes these values. Save the credential to keep them."
	CheckLost           = "This check is not there any more: Stagedoor was restarted, or it is long ago."
	CheckLostFix        = "Check once more. What you typed is still in the form."
	SaveUnverified      = "Save as unverified"
	SaveUnverifiedAbout = "It is kept as it is typed, and nothing uses it until a check proves it."
)

// Steps are the questions of a check.
func Steps() map[string]string {
	return map[string]string{"token": "Token", "scopes": "Scopes", "call": "Validation call", "account": "Account", "secret": "Secret", "plan": "Plan"}
}
