// simple-oauth2: the token endpoint by its address, the report with fetch. AUTH is
// its own word for where it puts the secret: header or body.
import { ClientCredentials } from 'simple-oauth2'

const { BASE, CLIENT_ID, CLIENT_SECRET, REPORT, AUTH } = process.env
const client = new ClientCredentials({
  client: { id: CLIENT_ID, secret: CLIENT_SECRET },
  auth: { tokenHost: BASE, tokenPath: '/oauth/token' },
  options: { authorizationMethod: AUTH },
})
const { token } = await client.getToken({})
const answer = await fetch(REPORT, { headers: { Authorization: `Bearer ${token.access_token}` } })
if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
process.stdout.write(await answer.text())
