package words

// The page of credentials.
const (
	Credentials      = "Credentials"
	CredentialsAbout = "Each is an app at Zoom that programs are let in by. Tokens are renewed automatically; there is nothing to do."
	AddCredential    = "Add Credential"
	AddNotYours      = "Adding one is for admins. Ask one of yours; the Operators page of an admin shows who they are."
	SearchTiles      = "Search by name, description or label"
	AllLabels        = "all"
	Labels           = "Labels"
	NoCredentials    = "No credentials yet"
	NoCredentialsDo  = "A credential holds what Zoom gave your app: account id, client id and client secret. With one saved, programs get tokens, and Zoom's data can be read."
	NoneMatch        = "None match"
	NoneMatchDo      = "No credential has that in its name, description or labels."
	ShowAll          = "Show all"
	Description      = "Description"
	Provider         = "Provider"
	Account          = "Account"
	Token            = "Token"
	TokenNone        = "none at the moment; it is minted when somebody asks"
	TokenMinted      = "minted"
	TokenRenewed     = "renewed"
	TokenEnds        = "ends"
	TokenRenewal     = "next renewal"
	Scopes           = "Scopes"
	NoScopes         = "known when there is a token"
	Quota            = "Calls today"
	QuotaClosed      = "Zoom refuses more calls until"
	QuotaUnlimited   = "no daily limit"
	LastUse          = "Last use"
	NotUsed          = "not used yet"
	SecretAge        = "Secret set"
	SecretDue        = "older than 90 days: time for a new one"
	SecretUnproven   = "the newest is not proven yet"
	AskOperator      = "An operator or admin sees why."
	Details          = "Details"
	Held             = "held"
)

// Statuses are the states of a credential, as people read them.
func Statuses() map[string]string {
	return map[string]string{"verified": "good", "unverified": "not checked yet", "failing": "does not work", "disabled": "switched off"}
}
