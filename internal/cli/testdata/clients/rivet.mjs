// Rivet, Zoom's own SDK, with its own grant: nothing of it is changed but two base
// URLs. For the API it has an option. The one of the token endpoint it holds as a
// constant, so the HTTP client that it uses (axios) is told to go elsewhere.
import axios from 'axios'
import { MeetingsS2SAuthClient } from '@zoom/rivet/meetings'

const { BASE, CLIENT_ID, CLIENT_SECRET, ACCOUNT_ID, API_URL, REPORT } = process.env
axios.interceptors.request.use(request => {
  request.url = request.url.replace(/^https:\/\/zoom\.us\//, BASE + '/')
  return request
})
const zoom = new MeetingsS2SAuthClient({
  accountId: ACCOUNT_ID, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, disableReceiver: true, baseUrl: API_URL,
})
const query = Object.fromEntries(new URL(REPORT).searchParams)
const answer = await zoom.endpoints.reports.getMeetingActivitiesReport({ query })
if (!answer.trackingId) throw new Error('the answer has lost its x-zm-trackingid')
process.stdout.write(JSON.stringify(answer.data))
