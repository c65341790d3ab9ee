// Package zoomsim is a stand-in for the Zoom REST API and its token endpoint,
// for tests and demonstrations of clients that use Server-to-Server OAuth.
//
//	sim, err := zoomsim.Start(zoomsim.Options{})
//	if err != nil { … }
//	defer sim.Close()
//	info := sim.Info() // token_url, api_url, account_id, client_id, client_secret, …
//
// # Goals
//
// It answers as Zoom does: the token endpoint with its three ways of asking,
// GET /users, GET /users/{userId}, GET /report/meeting_activities, GET
// /report/activities (sign-ins), GET /report/operationlogs and GET
// /report/users/{userId}/meetings under /v2, scopes, plan gates, error bodies, rate limits with their headers, and
// next_page_token paging. It knows the label and scopes of every published
// operation. The company behind it is made up from a seed: the same seed and
// day give the same bytes on any machine. Over the management URL (or the
// methods of [Simulator]) a test reads exact statistics, a log of the requests as
// they arrived and the whole truth of a report, and makes requests fail. It judges a client, so it shares no code
// with one.
//
// # Non-goals
//
// It is not for production and not a security boundary: it keeps no state,
// hands out its secrets by [Simulator.Info], and trusts whoever reaches its
// management URL. It does not simulate writes; operations it knows but does not
// simulate pass authentication, limits and scopes and then answer code 2300.
//
// # Limits
//
// They are those of Options.Plan, counted as Options.Limiter says: per second or
// minute and day for each label, for Phone and Contact Center apart. Requests that
// Zoom limits further use those limits up too, though the simulator does not do
// what they ask: per day 100 new or changed meetings and webinars of a host, 3
// additions and 10 changes of status of a registrant, new users by plan, 100 new
// groups. They count once token, label's limits and scopes have let them through, so
// Options.Scopes must hold theirs. A user is deleted by one request at a time, and
// one being added refuses other requests for it.
//
// The fault [OtherTraffic] lets other apps of the account take their part, over
// HTTP as
//
//	{"faults":[{"kind":"other_traffic","operation":"/report/users/{userId}/meetings","rate":13.3,"delay":"1m"}]}
//
// without "delay" (or "count", how many in all) until the next reset.
//
// # Awkward habits
//
// Real answers are untidy, so these are the default:
//   - A page holds between 60 % and 100 % of the rows asked for, and is never
//     empty before the end. The same request is always cut the same way. Where
//     page_number paging exists too (/users), numbered pages and the first page
//     are exact.
//   - A page token often holds "+", "/" and "=" and so must be percent-encoded;
//     it dies after 15 minutes or when another parameter changes.
//   - At least 1 in 150 activity rows is an exact duplicate next to its twin, and
//     many rows share a millisecond (all who stay leave when the meeting ends).
//   - Names and details hold emoji, right-to-left text, quotes, commas, tabs,
//     newlines, markup and a leading "="; guests have a blank operator_email.
//   - meeting_number is text with blanks, of 9, 10 or 11 digits; activity_time
//     has a colon before its milliseconds and no zone.
//   - Rows stand at 00:00:00:000 and 23:59:59:999 and on the first and last days
//     of months.
//   - Users lack optional fields; pending users have no id; some e-mail addresses
//     hold "+" or capitals; one invitation has lapsed.
//   - Limits are enforced, and tokens expire.
package zoomsim
