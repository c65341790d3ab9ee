package stagedoor

import (
	"errors"
	"strings"
	"time"
)

// Error is the one error type that users see: what failed, on what, why, and
// what to do next. Cause and Fix are whole sentences for people and never hold
// a secret; Err is the cause for programs (errors.Is, logs at debug level).
type Error struct {
	Op      string // what was being done: "mint a token", "GET /report/meeting_activities"
	Subject string // what it was done to: "credential acme"
	Kind    Kind
	Cause   string // why it failed
	Fix     string // what to do next; empty only where nothing can be done

	Status   int       // the HTTP status that Zoom answered; 0 if none
	Code     string    // Zoom's own error code or word: "4711", "invalid_client"
	Detail   string    // what Zoom said, shortened and cleaned
	Tracking string    // x-zm-trackingid: names the call to Zoom's support
	RetryAt  time.Time // the time from which it can work again; zero if not known
	Err      error
}

// Error tells the whole story in one line.
func (e *Error) Error() string {
	var b strings.Builder
	for _, part := range []string{e.Op, e.Subject} {
		if part != "" {
			b.WriteString(part)
			b.WriteString(": ")
		}
	}
	switch {
	case e.Cause != "":
		b.WriteString(strings.TrimSuffix(e.Cause, "."))
	case e.Err != nil:
		b.WriteString(e.Err.Error())
	default:
		b.WriteString(string(e.Kind))
	}
	if e.Tracking != "" {
		b.WriteString(" (x-zm-trackingid ")
		b.WriteString(e.Tracking)
		b.WriteString(")")
	}
	if e.Fix != "" {
		b.WriteString(". Fix: ")
		b.WriteString(e.Fix)
	}
	return b.String()
}

// Unwrap gives errors.Is and errors.As the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first [Error] in err's chain, and
// [KindInternal] where there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}

// Kind is the class of an [Error]: a stable word that programs may branch on.
type Kind string

// The kinds. What each means for a caller stands in one table, [Kinds].
const (
	KindInternal    Kind = "internal"
	KindUsage       Kind = "usage"
	KindInterrupted Kind = "interrupted"
	KindPartial     Kind = "partial"

	KindNotFound Kind = "not_found"
	KindExists   Kind = "already_exists"
	KindDisabled Kind = "credential_disabled"

	KindUnauthenticated Kind = "unauthenticated"
	KindForbidden       Kind = "forbidden"

	KindInvalidClient    Kind = "invalid_client"
	KindSecretBlanks     Kind = "secret_has_blanks"
	KindSecretEncoded    Kind = "secret_is_base64"
	KindAccountUnknown   Kind = "account_unknown"
	KindAccountMalformed Kind = "account_id_malformed"
	KindGrantUnsupported Kind = "grant_unsupported"
	KindAppInactive      Kind = "app_inactive"
	KindTokenRefused     Kind = "token_refused"

	KindTokenRejected Kind = "token_rejected"
	KindScopeMissing  Kind = "scope_missing"
	KindPlanTooSmall  Kind = "plan_too_small"
	KindNoPermission  Kind = "no_permission"
	KindFeatureOff    Kind = "feature_off"
	KindHostRefused   Kind = "host_not_allowed"

	KindRateLimited Kind = "rate_limited"
	KindDailyQuota  Kind = "daily_quota"

	KindBadRequest  Kind = "bad_request"
	KindConflict    Kind = "conflict"
	KindPageToken   Kind = "page_token"
	KindUnavailable Kind = "unavailable"
	KindNetwork     Kind = "network"
	KindUnreachable Kind = "unreachable"
	KindBadAnswer   Kind = "bad_answer"

	KindKey         Kind = "key"
	KindStore       Kind = "store"
	KindSchemaNewer Kind = "schema_newer"
	KindAltered     Kind = "audit_altered"
	KindProvider    Kind = "provider_file"
	KindDestination Kind = "destination"
)

// KindRow is what a [Kind] means at each surface.
type KindRow struct {
	Kind   Kind
	Exit   int    // exit status of the command line
	HTTP   int    // status of an HTTP answer of ours
	Retry  bool   // the same request may work later without anybody's doing
	Means  string // a line for the error catalogue
	Person bool   // a person must act at the provider or on the credential
}

// Kinds is the one table of kinds.
func Kinds() []KindRow {
	return []KindRow{
		{KindInternal, 1, 500, false, "A defect of Stagedoor, or an error it has no words for yet.", false},
		{KindUsage, 2, 400, false, "The command or the request is not of the right form.", false},
		{KindInterrupted, 130, 499, true, "Stopped by the user; what was done is kept.", false},
		{KindPartial, 3, 200, true, "Done in part: something was skipped or refused; the output lists it.", false},
		{KindNotFound, 1, 404, false, "There is nothing by that name or id.", false},
		{KindExists, 1, 409, false, "There is something by that name already.", false},
		{KindDisabled, 1, 403, false, "The credential was switched off with `credential disable`.", false},
		{KindUnauthenticated, 1, 401, false, "The caller or operator is not known: the token is missing, has ended, or was revoked.", false},
		{KindForbidden, 1, 403, false, "The rules of the caller, or the role of the operator, do not allow this.", false},
		{KindInvalidClient, 4, 502, false, "Zoom does not know this client id with this client secret.", true},
		{KindSecretBlanks, 4, 502, false, "The client secret has blanks around or inside it.", true},
		{KindSecretEncoded, 4, 502, false, "The client secret is already the Base64 of id:secret.", true},
		{KindAccountUnknown, 4, 502, false, "Zoom does not know this account id, or not for this app.", true},
		{KindAccountMalformed, 4, 502, false, "The account id holds more than the id.", true},
		{KindGrantUnsupported, 4, 502, false, "The app is not a Server-to-Server OAuth app, or was never activated.", true},
		{KindAppInactive, 4, 502, false, "The app is deactivated.", true},
		{KindTokenRefused, 4, 502, false, "The token endpoint refused, for a reason that is not in the table.", true},
		{KindTokenRejected, 1, 502, true, "The API refused the token, and a new one too.", true},
		{KindScopeMissing, 1, 403, false, "The app was not granted the scope for this operation.", true},
		{KindPlanTooSmall, 1, 403, false, "The account's plan or add-ons do not include this.", true},
		{KindNoPermission, 1, 403, false, "The app owner's role does not allow this.", true},
		{KindFeatureOff, 0, 200, false, "The report is empty, since the feature behind it may be off.", true},
		{KindHostRefused, 1, 403, false, "The address is not on the credential's list of hosts.", false},
		{KindRateLimited, 5, 429, true, "Zoom's limit per second or minute is used up, by this or another app.", false},
		{KindDailyQuota, 5, 429, true, "Zoom's limit for the day is used up, by this or another app.", false},
		{KindBadRequest, 1, 400, false, "Zoom refused the request as wrong.", false},
		{KindConflict, 1, 409, false, "Zoom says that the object is in another state.", false},
		{KindPageToken, 1, 502, true, "A page token ended or came twice; the window is read again.", false},
		{KindUnavailable, 1, 502, true, "Zoom answered with a server error.", false},
		{KindNetwork, 1, 502, true, "Zoom was not reached, or the answer broke off.", false},
		{KindUnreachable, 1, 502, false, "The way to Zoom is barred until somebody mends it: a name, a proxy or a certificate.", false},
		{KindBadAnswer, 1, 502, false, "The answer was not what Zoom documents.", false},
		{KindKey, 1, 500, false, "The key that opens the database is missing, wrong or badly kept.", false},
		{KindStore, 1, 500, true, "The database could not be read or written.", false},
		{KindSchemaNewer, 1, 500, false, "The database was written by a newer Stagedoor.", false},
		{KindAltered, 1, 500, false, "The audit is not as it was written.", false},
		{KindProvider, 2, 400, false, "A provider file is not valid.", false},
		{KindDestination, 1, 500, false, "The destination could not be read or written.", false},
	}
}

// Row returns the kind's row in the table; an unknown kind counts as internal.
func (k Kind) Row() KindRow {
	for _, row := range Kinds() {
		if row.Kind == k {
			return row
		}
	}
	return KindInternal.Row()
}

// ExitStatus returns the exit status for everything that went wrong in one
// command. If several apply: 130, 4, 5, 3, 1 (and 2 alone, since a usage error
// ends a command before it starts). Nil errors count as done.
func ExitStatus(errs ...error) int {
	status := 0
	for _, err := range errs {
		if err == nil {
			continue
		}
		if s := KindOf(err).Row().Exit; exitRank(s) > exitRank(status) {
			status = s
		}
	}
	return status
}

func exitRank(status int) int {
	for rank, s := range []int{0, 1, 2, 3, 5, 4, 130} {
		if s == status {
			return rank
		}
	}
	return 1
}
