package words

// The form of a credential.
const (
	NewTitle = "Add New Credential"
	NewAbout = "Nothing is saved before it was proven, unless you say so."

	PartFor        = "What is it for?"
	PartForAbout   = "Tick what programs will do with it. That gives the fewest scopes that the app at Zoom needs."
	PartScopes     = "Scopes to add at Zoom"
	ScopesWhere    = "marketplace.zoom.us → Develop → your Server-to-Server OAuth app → Scopes"
	ScopesWhat     = "the list of scopes"
	ScopesNone     = "Tick a purpose, and the scopes stand here, ready to be copied. Without one, only the check's own scope is needed."
	ScopesRoles    = "The app acts for its owner, so the owner's role at Zoom must permit:"
	ScopesClosed   = "stays closed:"
	ScopeNames     = "Names as your app shows them"
	Granular       = "granular (apps made since March 2024)"
	Classic        = "classic (older apps)"
	LeastPrivilege = "Add these and no more: who gets hold of a token can do what its scopes say."
	FittingURL     = "A validation URL that needs no scope beside these:"
	UseIt          = "Use it"

	OtherProvider     = "For another provider:"
	ProviderDocs      = "how its tokens are made"
	FieldAsk          = "Copy it anew from where the provider shows it"
	PartValues        = "What the app's page shows"
	FieldName         = "Credential Name"
	FieldNameHint     = "What people call it. Commands and addresses take a short form of it."
	FieldAbout        = "Credential Description"
	FieldAboutHint    = "What it is for, how fresh the data must be, and whom to ask: \"attendance for HR, daily, ask anna\""
	FieldAccount      = "Zoom App: Account ID"
	FieldClient       = "Zoom App: Client ID"
	FieldSecret       = "Zoom App: Client Secret"
	FieldSecretHint   = "It is sealed when it is saved, and never shown again."
	FieldSecretKeep   = "Leave it empty to keep the one that is saved."
	FieldWhere        = "App Marketplace (marketplace.zoom.us) → Develop → your Server-to-Server OAuth app → App Credentials"
	FieldURL          = "Credential Validation URL"
	FieldURLHint      = "The check calls it with the token. Change it where the app's scopes do not cover the usual one: a token can be good, and may not call this."
	FieldPlan         = "The account's plan"
	FieldPlanHint     = "It decides how fast Zoom lets programs read. Zoom's API does not tell it; Pro where you are not sure."
	FieldLabels       = "Labels"
	FieldLabelsHint   = "To find it by: team=finance, env=production"
	FieldSlug         = "Short name"
	FieldSlugHint     = "What commands and addresses call it; made from the name where it is empty. It stays once a program has used it."
	Advanced          = "Advanced: addresses and hosts"
	FieldTokenURL     = "Token URL"
	FieldTokenURLHint = "Only where it is not the provider's own: a proxy, a simulator, a service with an endpoint for each customer."
	FieldAPIURL       = "API URL"
	FieldAPIURLHint   = "Likewise; with or without /v2."
	FieldHosts        = "Further hosts"
	FieldHostsHint    = "HOST or HOST:PORT to which requests with this credential may go beside the provider's own."
	TakenApart        = "The pasted command was taken apart: what it held stands in the fields now."

	Save             = "Save"
	SaveAbout        = "Saving checks first."
	Cautions         = "Good to know"
	CautionSecret    = "Keep the secret out of chats, tickets and scripts. If it was in one, have a new one made."
	CautionNewSecret = "A new secret is made on the app's page; Zoom ends the former at once."
	CautionRenew     = "Tokens are renewed automatically before they end. There is nothing to do."
	LinkApp          = "Zoom on Server-to-Server OAuth apps"
	LinkScopes       = "Zoom on scopes"
	LinkLimits       = "Zoom on rate limits"

	NoAppTitle = "I have no app yet"
	NoAppRole  = "Your role at Zoom needs \"Zoom for developers\" (View and Edit) and \"Server-to-Server OAuth app\": an admin sets it under Admin → User Management → Roles → Advanced features."
	NoAppMake  = "On marketplace.zoom.us choose Develop → Build App → Server-to-Server OAuth App. A General app is another type, and does not work here."
	NoAppForm  = "Fill in the company name and the developer contact; without them it can not be activated."
	NoAppScope = "On its page Scopes add the scopes that stand above."
	NoAppOn    = "On its page Activation activate it. Its page App Credentials shows the three values."

	NoAccountTitle = "I don't know my account id"
	NoAccountAbout = "Any access token of the account tells it: one from Zoom's API reference, or from a program that you have. It is used once, and kept nowhere."
	NoAccountToken = "An OAuth access token of the account"
	NoAccountAsk   = "Read the account id"
	NoAccountIs    = "The account id is"
	AccountIDWhat  = "the account id"
)

// Plans are the plans to choose from.
func Plans() [][2]string {
	return [][2]string{
		{"free", "Free (Basic)"},
		{"pro", "Pro"},
		{"business", "Business, Education, Enterprise, Partners"},
	}
}

// Links of Zoom's own pages.
const (
	AppURL    = "https://developers.zoom.us/docs/internal-apps/s2s-oauth/"
	ScopesURL = "https://developers.zoom.us/docs/internal-apps/oauth-scopes/"
	LimitsURL = "https://developers.zoom.us/docs/api/rate-limits/"
)
