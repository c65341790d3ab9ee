// Calls Zoom as the caller reports, through Stagedoor, without a library. The secret
// is read from STAGEDOOR_CALLER_SECRET. Needs Node 18 or newer: node call.mjs
const tokenURL = "https://gate.example.com/oauth/token";
const baseURL = "https://gate.example.com/to/acme";
const clientID = "caller_r2d2";

const secret = process.env.STAGEDOOR_CALLER_SECRET;
if (!secret) {
  console.error("Put the caller's secret into STAGEDOOR_CALLER_SECRET.");
  process.exit(2);
}

// One token serves all calls until it ends. Calls at the same time wait for one request.
let token;
function accessToken() {
  if (!token || Date.now() >= token.until) {
    token = { until: Infinity, value: requestToken() };
    token.value.catch(() => { token = undefined; });
  }
  return token.value;
}

async function requestToken() {
  const asked = Date.now();
  const answer = await fetch(tokenURL, {
    method: "POST",
    headers: { Authorization: "Basic " + Buffer.from(`${clientID}:${secret}`).toString("base64") },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  const granted = await answer.json();
  token.until = asked + granted.expires_in * 900; // nine tenths of it, in milliseconds
  return granted.access_token;
}

async function zoom(method, path, body) {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(baseURL + path, {
      method,
      headers: { Authorization: "Bearer " + (await accessToken()), ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
    });
    if (answer.status === 401 && attempt === 1) {
      token = undefined; // it was revoked before its time
      continue;
    }
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status}: ${text}`);
    return text ? JSON.parse(text) : null;
  }
}

try {
  console.log(JSON.stringify(await zoom("GET", "/v2/report/meeting_activities?from=2026-11-17&to=2026-11-23&activity_type=All%20Activities"), null, 2));
} catch (failed) {
  console.error(failed.cause ? `the gateway was not reached: ${failed.cause.message}` : failed.message);
  process.exitCode = 1;
}
