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
// It answers as Zoom does: the token endpoint with its three ways of asking, the
// operations below under /v2, scopes, plan gates, error bodies, rate limits with
// their headers, and paging by next_page_token. It knows the label and scopes of
// every published operation. The company behind it is made up from a seed: the same
// seed and day give the same bytes on any machine (but for the host of recordings'
// download_url, which is the simulator's own). Over the management URL (or the
// methods of [Simulator]) a test reads exact statistics, a log of the requests as
// they arrived and the whole truth of a list or report, makes requests fail, and
// edits the company. It judges a client, so it shares no code with one.
//
// People: GET /users, /users/{userId}, /groups and /groups/{groupId}/members.
//
// Meetings: GET /users/{userId}/meetings, /meetings/{meetingId} and
// /meetings/{meetingId}/registrants.
//
// Recordings: GET /users/{userId}/recordings and /meetings/{meetingId}/recordings,
// and each download_url, whose file is as long as its record says and holds zeros.
//
// Reports: GET /report/meeting_activities, /report/activities (sign-ins),
// /report/operationlogs, /report/users/{userId}/meetings, /report/history_meetings,
// /report/meetings/{meetingId} and its participants; and of the same meetings GET
// /past_meetings/{meetingId}, its instances and its participants.
//
// Dashboard: GET /metrics/meetings, for Business plans.
//
// [Simulator.Truth] has one data set that Zoom has not: meeting_attendance, what the
// participants of each meeting come to, a row a person.
//
// # Non-goals
//
// It is not for production and not a security boundary: it keeps no state,
// hands out its secrets by [Simulator.Info], and trusts whoever reaches its
// management URL. It does not simulate writes; operations it knows but does not
// simulate pass authentication, limits and scopes and then answer code 2300.
//
// # The company
//
// It is one company: groups' sizes and members agree with users' group_ids;
// whatever is scheduled belongs to an active user with a licence; the held meetings
// of a series have its id, host and topic; a recording is of a held meeting whose
// reports say so. With U users and M held meetings it has about
//   - U/2 groups (3 to 5,000; none on a free account), the first of nearly all
//     users, the last without members, and 2.3 U memberships in all;
//   - U meetings that take place once, half of them of one host, and up to U/2
//     series (0.12 M, if these are fewer);
//   - registration for a quarter of these, with 6 registrants on average, and 30 + U
//     (at most 4,999) for one: of ten, seven are approved, two wait, one was denied;
//   - M/2 recordings, two in three of them of one host, who holds a third of all
//     meetings. Reports and recordings lie in the last 75 days.
//
// With 700 users and 2,600 meetings each of these lists has pages of 300.
//
// A held meeting is one and the same in every report: its number, UUID, topic, host,
// times and people. Of a company of M meetings little more is kept than when each
// took place; what happened in it is made up, from the seed, for whoever asks. 50,000
// meetings have a million participant rows; the first 2,000 are small ones, with some
// 9 rows, those after them have 23. One meeting in ten is of one person. There is a
// webinar, in the history alone, for each twenty meetings, and if there are more than
// 150 meetings the last day is a busy one.
//
// # Edits
//
// Beside making requests fail, POST /sim/faults edits what the company has:
// [Change], [Late] and [Delete], each with the name of a stream and a count, at once
// or between two requests ("after"):
//
//	{"faults":[{"kind":"late","operation":"recordings","count":2}]}
//
// Of reports and recordings, edits are of the last day with reports, which a client
// has to read again; of lists, of any row. A meeting that comes late (of
// history_meetings, report_user_meetings or metrics_meetings) brings its activities
// and participants along, and one that is deleted takes them; what changes is its
// topic or what the dashboard measured. Somebody who comes late to
// report_meeting_participants is one more in all figures of the meeting.
// What hangs on a row follows it: a group that is deleted leaves its members'
// group_ids, a meeting takes its registrants along. Who hosted anything is not
// deleted. Reports keep telling of people as they were then. A reset does not undo
// edits.
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
//   - Users lack optional fields; pending users have no id, also as members of
//     groups; some e-mail addresses hold "+" or capitals; one invitation has lapsed.
//   - Most meetings have no registration, which is code 300, as a dead page token is.
//     A registrant who is approved moves from one status to another. A series without
//     a fixed time has no start_time and takes no registration.
//   - Captions and timelines of recordings have no id, status and file_size; files are
//     larger than 2 GiB; some recordings of the last two days are not listed yet.
//   - Who joins again has another row and another user_id, as has a breakout room
//     (bo_mtg_id), beside the row of the meeting, and the waiting room, where somebody
//     may have waited in vain. Some rows have no user_id, some of these exact twins.
//     Guests have neither id nor participant_user_id nor user_email; users may lack one
//     of both ids, or have an address alone, in other capitals. Two people bear one
//     name; some have none, or blanks around it. Nobody but who asks for it is shown
//     registrant_id.
//   - Participants of a meeting with one person are code 3001, as are, for as long as
//     Options.ReportLag says, those of one that has just ended; Options.DurationLag makes
//     their durations 0.
//   - By a meeting's number one gets its newest instance. Of UUIDs one in ten starts with
//     a slash and one in ten holds two in a row: encoded once they are not found.
//   - The dashboard shows what is live (nothing) unless it is asked for type=past; its
//     durations are text, "05:09" or "01:05:09".
//   - Limits are enforced, and tokens expire.
package zoomsim
