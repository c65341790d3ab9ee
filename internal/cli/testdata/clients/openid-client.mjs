// openid-client, the certified client of npm: it finds the token endpoint through
// the metadata of RFC 8414, and proves who it is in the way that AUTH names.
import { readFile } from 'node:fs/promises'
import * as client from 'openid-client'

const { BASE, CLIENT_ID, CLIENT_SECRET, REPORT, AUTH, KEY } = process.env

async function privateKeyJwt() {
  const jwk = JSON.parse(await readFile(KEY, 'utf8'))
  const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
  return client.PrivateKeyJwt({ key, kid: jwk.kid })
}

const auth = {
  client_secret_basic: () => client.ClientSecretBasic(CLIENT_SECRET),
  client_secret_post: () => client.ClientSecretPost(CLIENT_SECRET),
  private_key_jwt: privateKeyJwt,
}[AUTH]

const config = await client.discovery(new URL(BASE), CLIENT_ID, undefined, await auth(), {
  algorithm: 'oauth2',
  execute: [client.allowInsecureRequests], // the test is on loopback, without TLS
})
const methods = config.serverMetadata().token_endpoint_auth_methods_supported
if (!methods.includes(AUTH)) throw new Error(`the metadata does not offer ${AUTH}: ${methods}`)
const token = await client.clientCredentialsGrant(config)
const answer = await client.fetchProtectedResource(config, token.access_token, new URL(REPORT), 'GET')
process.stdout.write(await answer.text())
