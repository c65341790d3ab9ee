// A program of somebody else's, in another language: its types come from the
// document, so that it compiles only where the document says what is used here, and
// it prints what the daemon answers.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const [baseUrl, token] = [process.env.DOOR!, process.env.TOKEN!];
const door = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

const me = await door.GET("/api/v1/me");
const credentials = await door.GET("/api/v1/credentials", { params: { query: { limit: 10 } } });
const made = await door.POST("/api/v1/operator-tokens", {
  params: { header: { "Idempotency-Key": "from another language" } },
  body: { name: "made-by-typescript", role: "viewer" },
});
const refused = await door.GET("/api/v1/credentials/{slug}", { params: { path: { slug: "none-such" } } });

console.log(JSON.stringify({
  me: me.data?.name,
  credentials: credentials.data?.items.map((c) => `${c.slug} ${c.status} ${c.token.state}`),
  made: made.data?.operator_token.role,
  refused: `${refused.error?.status} ${refused.error?.kind}`,
  fix: (refused.error?.fix ?? "") !== "",
}));
