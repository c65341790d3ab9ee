// Lints a document by all rules that Redocly recommends, and says what it finds.
import { createConfig, lint } from "@redocly/openapi-core";

const found = await lint({ ref: process.argv[2], config: await createConfig({ extends: ["recommended"] }) });
for (const problem of found) {
  console.log(`${problem.severity}: ${problem.location[0]?.pointer}: ${problem.message} (${problem.ruleId})`);
}
process.exit(found.length > 0 ? 1 : 0);
