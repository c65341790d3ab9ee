// Reads the whole simulated company with Rivet, Zoom's own client. Nothing of it is
// changed but two base URLs (see internal/cli/testdata/clients/rivet.mjs). Writes
// the rows of each stream to STREAM.ndjson, and fifty answers of each operation, with
// the type that Rivet says they have, to answers.ts, for the TypeScript compiler to
// judge.
import fs from 'node:fs'
import axios from 'axios'
import { MeetingsS2SAuthClient } from '@zoom/rivet/meetings'
import { UsersS2SAuthClient } from '@zoom/rivet/users'

const { TOKEN_URL, API_URL, ACCOUNT_ID, CLIENT_ID, CLIENT_SECRET, MONTHS } = process.env
axios.interceptors.request.use(request => {
  if (request.url.startsWith('https://zoom.us/oauth/token')) request.url = TOKEN_URL
  return request
})
const options = {
  accountId: ACCOUNT_ID, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, disableReceiver: true, baseUrl: API_URL,
}
const people = new UsersS2SAuthClient(options).endpoints
const zoom = new MeetingsS2SAuthClient(options).endpoints

const answers = { users: {}, meetings: {} } // by Rivet's product and type
const rows = {} // by stream
const keep = (product, type, data) => (answers[product][type] ??= []).push(data)

async function one(product, type, call, args) {
  const { data } = await call(args)
  keep(product, type, data)
  return data
}

// Follows the page tokens of a list.
async function list(stream, product, type, key, call, args = {}) {
  const found = []
  for (let token = ''; ;) {
    const data = await one(product, type, call, { ...args, query: { ...args.query, page_size: 30, ...(token && { next_page_token: token }) } })
    found.push(...data[key])
    if (!(token = data.next_page_token)) break
  }
  rows[stream] = [...(rows[stream] ?? []), ...found]
  return found
}

// A refusal that is no failure: the test counts them.
const refusals = {}
const unless = (code, reading) => reading.catch(error => {
  if (!error.message.includes(`/${code}]`)) throw error
  refusals[code] = (refusals[code] ?? 0) + 1
})

for (const status of ['active', 'inactive', 'pending'])
  await list('users', 'users', 'UsersListUsersResponse', 'users', people.users.listUsers, { query: { status } })
for (const { id: groupId } of await list('groups', 'users', 'GroupsListGroupsResponse', 'groups', people.groups.listGroups))
  await list('group_members', 'users', 'GroupsListGroupMembersResponse', 'members', people.groups.listGroupMembers, { path: { groupId } })

const months = MONTHS.split(' ').map(month => month.split('/')).map(([from, to]) => ({ from, to }))
for (const { id: userId } of rows.users.filter(user => user.id)) {
  const scheduled = await list('meetings', 'meetings', 'MeetingsListMeetingsResponse', 'meetings', zoom.meetings.listMeetings, { path: { userId } })
  for (const { id: meetingId } of scheduled) {
    await one('meetings', 'MeetingsGetMeetingResponse', zoom.meetings.getMeeting, { path: { meetingId } })
    for (const status of ['approved', 'pending', 'denied'])
      await unless(300, list('meeting_registrants', 'meetings', 'MeetingsListMeetingRegistrantsResponse', 'registrants',
        zoom.meetings.listMeetingRegistrants, { path: { meetingId }, query: { status } }))
  }
  for (const query of months) {
    const recorded = await list('recordings', 'meetings', 'CloudRecordingListAllRecordingsResponse', 'meetings',
      zoom.cloudRecording.listAllRecordings, { path: { userId }, query })
    for (const { uuid } of recorded)
      await one('meetings', 'CloudRecordingGetMeetingRecordingsResponse', zoom.cloudRecording.getMeetingRecordings,
        { path: { meetingId: encodeURIComponent(encodeURIComponent(uuid)) } })
    await list('report_user_meetings', 'meetings', 'ReportsGetMeetingReportsResponse', 'meetings', zoom.reports.getMeetingReports,
      { path: { userId }, query: { ...query, type: 'past' } })
    await list('report_user_meetings', 'meetings', 'ReportsGetMeetingReportsResponse', 'meetings', zoom.reports.getMeetingReports,
      { path: { userId }, query: { ...query, type: 'pastOne' } })
  }
}
for (const query of months) {
  const { reports, meetings } = zoom
  await list('sign_in_activities', 'meetings', 'ReportsGetSignInSignOutActivityReportResponse', 'activity_logs', reports.getSignInSignOutActivityReport, { query })
  await list('operation_logs', 'meetings', 'ReportsGetOperationLogsReportResponse', 'operation_logs', reports.getOperationLogsReport, { query })
  await list('meeting_activities', 'meetings', 'ReportsGetMeetingActivitiesReportResponse', 'meeting_activity_logs', reports.getMeetingActivitiesReport,
    { query: { ...query, activity_type: 'All Activities' } })
  const held = await list('history_meetings', 'meetings', 'ReportsGetHistoryMeetingAndWebinarListResponse', 'history_meetings',
    reports.getHistoryMeetingAndWebinarList, { query: { ...query, date_type: 'start_time', meeting_type: 'all' } })
  for (const { meeting_uuid } of held.filter(({ type }) => type === 'Meeting')) {
    const path = { meetingId: encodeURIComponent(encodeURIComponent(meeting_uuid)) }
    await unless(3001, list('report_meeting_participants', 'meetings', 'ReportsGetMeetingParticipantReportsResponse', 'participants',
      reports.getMeetingParticipantReports, { path, query: { include_fields: 'registrant_id' } }))
    await one('meetings', 'MeetingsGetPastMeetingDetailsResponse', meetings.getPastMeetingDetails, { path })
  }
}

// What is newer than these types, or told in words only, is left out of the judgement.
for (const detail of answers.meetings.MeetingsGetMeetingResponse) delete detail.registration_url
for (const detail of answers.meetings.MeetingsGetPastMeetingDetailsResponse) delete detail.has_meeting_summary
for (const stream in rows) fs.writeFileSync(stream + '.ndjson', rows[stream].map(row => JSON.stringify(row) + '\n').join(''))
const isTimeline = file => file.file_type === 'TIMELINE'
const meetings = answers.meetings.CloudRecordingListAllRecordingsResponse.flatMap(page => page.meetings)
for (const meeting of [...meetings, ...answers.meetings.CloudRecordingGetMeetingRecordingsResponse])
  meeting.recording_files = meeting.recording_files.filter(file => !isTimeline(file))

let text = ''
for (const product in answers) {
  text += `import type { ${Object.keys(answers[product])} } from '@zoom/rivet/${product}'\n`
  for (const type in answers[product])
    answers[product][type].slice(0, 50).forEach((data, i) => { text += `export const ${type}${i}: ${type} = ${JSON.stringify(data)}\n` })
}
fs.writeFileSync('answers.ts', text)
process.stdout.write(JSON.stringify(refusals))
