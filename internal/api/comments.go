// Code generated from the comments of the types by `go generate`. DO NOT EDIT.

package api

// comments are what stands at types and at their fields, by the names that the
// document has for them; that of a type stands at "".
var comments = map[string]map[string]string{
	"AddedCaller": {
		"": "A caller that is to be added",
	},
	"AuditHeadChecked": {
		"": "Says which head was compared",
	},
	"AuditLine": {
		"": "A line of the audit",
	},
	"AuditProblem": {
		"":     "One thing that is not as it was written",
		"kind": "Changed, missing, moved, restored, unlinked, anchor, head",
		"says": "A sentence: what was expected, and what is there",
	},
	"AuditRemoved": {
		"":   "Says what the sealed anchor vouches for",
		"at": "The last time that lines were removed",
	},
	"AuditReport": {
		"":               "What a look through the whole audit found",
		"chains":         "Of which lines are there",
		"head":           "The head that was compared; nil: none was",
		"lines":          "That are there",
		"lost":           "Lines that the processes say they could not write",
		"problems":       "The first of them",
		"problems_found": "All of them",
		"removed":        "By retention; nil: none were",
	},
	"Caller": {
		"":            "A program that the gateway lets through to one credential. It may do what its rules allow, and nothing else",
		"allow_token": "Lets it have the provider's token itself, past every rule",
		"client_id":   "Random, for ever; the client id of its OAuth requests",
		"credential":  "The credential's slug; the store fills it in",
		"name":        "Unique; what people and the ledger call it",
		"quota_share": "The ceiling of the account's rate that it may use while others wait, 0 to 1; 0: none of its own",
	},
	"CallerCalls": {
		"":       "How many calls of a day somebody made",
		"caller": "Of the gateway, or \"cli\"",
	},
	"CallerOperation": {
		"": "An operation that a caller may call",
	},
	"CallerSecret": {
		"":           "A caller with what is shown of it once",
		"expires_at": "Set when a newer secret took its place; zero: it does not end",
		"hash":       "SHA-256",
	},
	"CredentialChange": {
		"": "What is to be changed of a credential; what is not there stays",
	},
	"CredentialState": {
		"":                "A credential and how it stands with it now: what a tile of the page shows. It holds no secret",
		"allow_hosts":     "HOST or HOST:PORT to which requests with this credential may go beside the provider's own hosts",
		"callers":         "Names of those that are let through to it",
		"id":              "Random, for ever; part of what its seal is bound to",
		"last_used_at":    "Zero: it was never used, or not as far back as the audit goes",
		"name":            "Free text",
		"quota_today":     "The calls of today (UTC) of the credential's whole account; nil where they are not known",
		"schedules":       "Names",
		"scopes":          "Of its token; empty where it has none",
		"secret_due":      "Tells that the client secret is old enough for a reminder",
		"secret_unproven": "Says that there is more than one: the newest has not worked yet, and one before it may be in use",
		"slug":            "Unique; what commands and URLs call it",
		"token_url":       "TokenURL, APIURL and ValidationURL are empty where the provider's own are used. An APIURL means the same with and without the provider's base path (/v2)",
		"trouble":         "The newest error that a person must mend; nil where there was none since the credential was last proven",
	},
	"CredentialToken": {
		"":                "Tells of the token of a credential without the token",
		"failure":         "What the token endpoint refused last; nil where it did not, or granted one since",
		"next_renewal_at": "When it is renewed without anybody asking; zero: when somebody asks next",
		"state":           "TokenExpired also where there never was one",
	},
	"Decision": {
		"":          "What the gateway would do with a request of a caller, and why",
		"fix":       "What to do where it is not allowed",
		"operation": "The provider's operation that the request is: \"GET /users/{userId}\"; empty where the table of operations has none like it",
		"rule":      "The one that decides, as a person writes it: \"GET /users/*\"; empty where none does",
		"why":       "A sentence",
	},
	"Dependents": {
		"":     "What goes, or ends, when a credential is removed",
		"runs": "That go on now, or wait",
	},
	"Event": {
		"":           "A line of the audit: who did what, to what, and how it ended. It holds no header, no body, and of a query nothing that could be a secret",
		"action":     "An operation, \"GET /users/{userId}\", or an admin act, \"caller.add\"",
		"actor":      "\"caller reports\", \"person anna\", \"operator token grafana\"",
		"credential": "Slug",
		"detail":     "What was changed, or which rule decided",
		"from":       "The caller's address",
		"received":   "Bytes of the answer's body",
		"result":     "\"ok\", or the Kind of the error",
		"sent":       "Bytes of the request's body",
		"status":     "Of the answer",
		"subject":    "What it was done to, where the action does not say: \"caller reports\", or of a call its path, without the query",
		"tracking":   "X-zm-trackingid",
	},
	"Explanation": {
		"":      "What an error text means and how to mend it",
		"hints": "On what is odd about the text itself",
		"rule":  "Of the provider's table of errors: \"scope-missing\"",
	},
	"FieldProblem": {
		"": "Says what is wrong with one field of a request. It never repeats what was sent",
	},
	"Finding": {
		"": "One question and its answer",
	},
	"Findings": {
		"": "What an examination found",
	},
	"Head": {
		"": "How far the audit reaches",
	},
	"HeadToCompare": {
		"": "A head that was kept",
	},
	"Invited": {
		"": "A person with the link that lets them set their password",
	},
	"Keep": {
		"": "How long a former secret works on",
	},
	"MadeToken": {
		"": "A token with what is shown of it once",
	},
	"Me": {
		"": "Whose token was shown",
	},
	"NewCredential": {
		"": "A credential that is to be added",
	},
	"NewDestination": {
		"": "A destination that is to be saved",
	},
	"NewOperator": {
		"": "A person who is to be invited",
	},
	"NewRole": {
		"": "The role that a person gets",
	},
	"NewRun": {
		"": "A run that is asked for",
	},
	"NewSchedule": {
		"": "A schedule that is to be added",
	},
	"NewSecret": {
		"": "A client secret that takes another's place",
	},
	"NewToken": {
		"": "A token that is to be made",
	},
	"Notice": {
		"": "An error or a warning as data",
	},
	"OperationInfo": {
		"": "An operation of a provider's API",
	},
	"Operator": {
		"":     "A person who signs in to the page",
		"id":   "Random, for ever",
		"name": "Unique; what they sign in with: \"anna\"",
	},
	"OperatorToken": {
		"":     "What a program of an operator (a Prometheus server, say) shows to the daemon in the place of a person's sign-in. Only its hash is kept",
		"name": "Unique",
	},
	"PartsReport": {
		"":         "Tells by what a stream was read in parts",
		"ended":    "Parts of former runs that the parent does not list any more",
		"gone":     "Parts that were not there (any more, or not yet) when they were read",
		"of":       "The parent stream: \"users\"",
		"requests": "Calls that finding them took",
	},
	"Patients": {
		"": "The credentials that are to be examined",
	},
	"Problem": {
		"":       "An error as the API tells of it: what the daemon's other answers have, and which fields of the request are meant",
		"code":   "The status again",
		"detail": "The cause",
		"title":  "What the kind, or the status, means",
		"type":   "Names the kind: where Kinds are told of; \"about:blank\" where the status says more",
		"who":    "Must act: \"caller\", \"operator\" (whoever keeps this Stagedoor), or \"nobody\": it passes by itself",
	},
	"Process": {
		"":       "Names one process of one machine",
		"daemon": "It is the `serve` of its home, of which there is one at a time",
	},
	"Proof": {
		"":           "What a check of a credential found, step by step. It holds no secret and no token",
		"account_id": "As the API told it",
		"fitting":    "A validation URL inside the scopes, where the credential's is not",
		"missing":    "Scopes that the credential's purposes need and the token lacks",
		"owner":      "E-mail of the user for whom the app acts",
	},
	"ProviderField": {
		"": "A value that credentials of a provider hold",
	},
	"ProviderInfo": {
		"": "A provider without what only the token flow needs",
	},
	"Purpose": {
		"":      "What a credential is used for, in the words of people",
		"name":  "\"reports\", or \"users:write\" where it may change things too",
		"needs": "Says what the account must have beside the scopes; empty: nothing",
	},
	"QuotaCurve": {
		"":       "How the calls of an account grew over a UTC day",
		"labels": "What was called: \"Heavy\", \"phone Light\"",
		"points": "Oldest first; the first is the day's beginning",
	},
	"QuotaDay": {
		"":            "A limit per UTC day; labels of one group share it",
		"ahead":       "Taken out by running processes",
		"by_midnight": "What will be used by the end of the day if it goes on as until now; Ends is when nothing is left, if that comes first",
		"closed":      "The provider refuses until then",
		"limit":       "0: none",
		"lost":        "Counted for killed processes, of which some were made",
		"used":        "What was lost included",
	},
	"QuotaLine": {
		"":           "A line of a day's ledger",
		"caller":     "Of the gateway, or \"cli\"",
		"credential": "Slug",
	},
	"QuotaPoint": {
		"": "How many calls of each of a curve's labels had been made by a time",
	},
	"QuotaRate": {
		"":         "A limit per second or minute",
		"held":     "Of these by processes that run now",
		"left":     "What other apps seem to leave, where they take part of it",
		"requests": "Permitted in each span",
		"span":     "\"second\" or \"minute\"",
	},
	"QuotaReport": {
		"":      "What is known of an account's quota now, of all processes",
		"date":  "UTC",
		"lines": "Who used it, today",
	},
	"QuotaToday": {
		"":       "The calls of one UTC day of an account, of the daily limit that is nearest to its end",
		"all":    "The calls of all limits",
		"closed": "Closed: the provider refuses until then; zero where it does not",
		"limit":  "0: none",
	},
	"RawError": {
		"": "An error text",
	},
	"Reason": {
		"": "Why a credential is switched off",
	},
	"Receipt": {
		"":          "Tells what one run did, slice by slice. `sync … --json` prints it",
		"not_begun": "Streams whose turn had not come when the run ended",
		"state":     "Done, partial, failed, interrupted",
	},
	"Rule": {
		"":        "Allows or denies a caller some requests. Of those that match, a deny decides; where none denies, one that allows suffices",
		"methods": "Upper case; empty: any",
		"path":    "A pattern of paths below the API's base: \"*\" stands for one segment, \"**\" at the end for any number of them, also none. Empty where Scope is given",
		"scope":   "Matches the operations that a token with this scope may call, by the provider's table of operations",
	},
	"RuleTexts": {
		"": "Rules as a person writes them. Allow and Deny have methods and a path (\"GET /report/**\"), AllowScope and DenyScope the name of a scope",
	},
	"RuleTry": {
		"": "A request that is thought of, under rules that are",
	},
	"Ruled": {
		"": "A caller after its rules were changed",
	},
	"Run": {
		"":               "One execution of a sync, as it is kept: what was asked for, by whom, who works on it, how far it is and how it ended",
		"attempts":       "How often it was begun. Who works on it holds the number of its attempt against the row's, and so knows whether it is still its own",
		"by":             "Who asked: \"person anna\", \"schedule nightly\"",
		"cancel_at":      "When somebody asked for its end",
		"credential":     "Slug",
		"due":            "The time that the schedule named",
		"error":          "What ended the last attempt",
		"held":           "Tells that a person stopped it, so that nobody takes it up by itself",
		"not_before":     "When it goes on, for one that waits",
		"note":           "Why it waits, stays or never ran: a sentence",
		"process":        "Works on it, or did last, and Heartbeat is its last sign of life",
		"receipt":        "Of the last attempt; its slices are kept one by one",
		"run":            "Sorts by when it was asked for",
		"schedule":       "Its name, for runs that one asked for",
		"slices_written": "Of all attempts, as are the rows",
		"started_at":     "Of the last attempt",
		"times":          "Is, of one that never ran, how many times of its schedule it stands for",
	},
	"RunSlice": {
		"":           "The store's copy of how one slice of a run ended. The checkpoint in the destination is what counts; this is for show",
		"asked":      "The calls, without page tokens",
		"gone":       "Rows that got _deleted_at",
		"partitions": "Where parts lie inside the slice: how many were read by these calls",
		"requests":   "Calls that were sent, also for readings that broke off",
		"restarts":   "Times it was read again from its start",
		"retries":    "Those of them that were sent again",
		"state":      "Written, failed, skipped or ended",
		"total":      "The provider's own count, where it gives one",
	},
	"RunSpec": {
		"":        "What a run syncs, in a form that means the same to any process of the machine",
		"into":    "A URL whose path is absolute and which holds no secret, env:VAR, a saved destination's name, or empty for stdout",
		"streams": "Names of streams, no families",
	},
	"SavedCredential": {
		"": "A credential after a change, with the proof where it was checked",
	},
	"SavedDestination": {
		"":           "A destination under a name. Its URL may hold a password, so that it is sealed; what is here may be shown",
		"checked_at": "The last check",
		"error":      "What that check fell on; nil: it works",
		"kind":       "\"sqlite\", \"postgres\"",
		"place":      "As the destination calls itself; it holds no secret",
	},
	"Schedule": {
		"":           "Asks for runs at the times that a cron expression names in a zone",
		"credential": "Slug; the store fills it in",
		"jitter_ns":  "The most by which its runs begin later",
		"last_run":   "The newest run that it asked for",
		"last_state": "And LastDone are of its newest run and of the newest that ended as done; the store fills them in",
		"missed":     "And Skipped count times without a run of their own, as RunMissed and RunSkipped",
		"next_due":   "The time that it asks for next, without jitter; zero while it is paused, and where the expression names no time any more",
		"zone":       "An IANA name",
	},
	"ScopeClosed": {
		"": "An operation for which an app of this style can be given no scope",
	},
	"ScopeComparison": {
		"":            "Holds a list against the scopes of a token",
		"closed":      "Which this token may not call, and no scope of the style opens",
		"hints":       "On names that are odd",
		"superfluous": "Held, and not needed for the uses",
	},
	"ScopeList": {
		"":       "The least list of scopes for some uses",
		"scopes": "Sorted by scope, as Zoom's Scopes page groups them",
	},
	"ScopeNeed": {
		"":           "One scope of a list",
		"for":        "Purposes, streams and the check",
		"instead":    "Other scopes that would do in its place, though no better",
		"note":       "What is odd about it",
		"operations": "What it permits of that: \"GET /users\"",
		"roles":      "What the role of the app's owner must permit: \"UsageReport:Read\"",
	},
	"Skip": {
		"":     "Something that was asked for and is not there",
		"what": "\"2026-01-01..2026-02-28\", \"row 17 of 2026-03-01..2026-03-31\"",
	},
	"SliceReport": {
		"":           "A receipt's part on one slice",
		"asked":      "The calls, without page tokens",
		"gone":       "Rows that got _deleted_at",
		"partitions": "Where parts lie inside the slice: how many were read by these calls",
		"requests":   "Calls that were sent, also for readings that broke off",
		"restarts":   "Times it was read again from its start",
		"retries":    "Those of them that were sent again",
		"state":      "Written, failed, skipped or ended",
		"total":      "The provider's own count, where it gives one",
	},
	"Snippet": {
		"": "How a program uses a caller",
	},
	"Step": {
		"":       "One question of a check and its answer",
		"result": "\"ok\", \"warn\" or \"fail\"",
		"step":   "\"token\", \"scopes\", \"call\", \"account\", \"secret\"",
	},
	"StreamColumn": {
		"":      "One column",
		"field": "In Zoom's record; empty where it has none",
		"from":  "Then: the column it comes from, \"history_meetings.topic\"",
	},
	"StreamInfo": {
		"":             "Everything that is known of a stream",
		"credential":   "With a credential",
		"derived_from": "The stream that it is worked out from, out of the same calls",
		"missing":      "Scopes",
		"operation":    "\"GET /users\"",
		"plan":         "The smallest that has it",
		"readable":     "Nil where it can not be told",
		"roles":        "What the role of the app's owner must permit",
		"why":          "Why not, or why it can not be told",
	},
	"StreamKey": {
		"": "Tells what a row's key is made of",
	},
	"StreamLimit": {
		"":             "A rate limit under one plan; 0 is none",
		"per_day_over": "The labels that share PerDay, where there are several",
	},
	"StreamPartition": {
		"":       "Tells of which stream's rows a stream is read for each",
		"nested": "Tells that the parts of the same days are read and written as one",
		"only":   "The rows that have some: \"type=Meeting\"",
	},
	"StreamReport": {
		"":           "A receipt's part on one stream",
		"cleaned":    "Values with NUL or lone surrogates, replaced in columns and kept in _raw",
		"drift":      "Fields that the stream does not know → rows that had them",
		"error":      "What stopped it",
		"form":       "The key that held the rows, where the stream knows more than one",
		"gone":       "Rows that got _deleted_at",
		"partitions": "Of streams that are read in parts",
		"slices":     "May be kept elsewhere; SlicesWritten counts those that were written all the same",
	},
	"StreamScopes": {
		"": "The least scopes that a stream is read with, those of its parents included: all of one style",
	},
	"StreamWindow": {
		"":                 "Tells how a stream is bounded by days",
		"look_back_months": "0: no limit known",
		"settle_hours":     "How long after a day its rows may still come",
		"slice_days":       "That are read and written as one; 0: a calendar month",
	},
	"Trouble": {
		"":         "An error of a credential that a person must mend, as it is kept: the token endpoint refused it, a scope is missing, the plan is too small. Equal ones are one Trouble that counts. It holds no secret",
		"by":       "For whom it was done the last time: \"caller reports\", \"person anna\", \"run 0j8…\"; empty where nobody asked, as in a renewal",
		"op":       "What was being done: \"mint a token\", \"GET /report/users\"",
		"tracking": "The x-zm-trackingid of the last one, for Zoom's support",
	},
}
