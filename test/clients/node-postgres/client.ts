/** node-postgres with pg-cursor, pg-query-stream and pg-copy-streams. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Client } from "pg";
import { codeOf, same, thing } from "../report.ts";
import { sessionThings } from "./session-things.ts";
import { type Config, streamThings } from "./stream-things.ts";

const require = createRequire(import.meta.url);
const { version } = require("pg/package.json") as { readonly version: string };
console.log(`# client node-postgres ${version}`);

const ca = readFileSync(process.env["PGSSLROOTCERT"] ?? "", "utf8");

async function withClient<T>(use: (client: Client) => Promise<T>, config: Config = {}): Promise<T> {
  const client = new Client({ ssl: { ca }, ...config });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function rows(client: Client, text: string): Promise<unknown> {
  return (await client.query({ text, rowMode: "array" })).rows;
}

await thing(1, () =>
  withClient(
    async (client) => {
      same(await rows(client, "SELECT count(*) FROM things"), [["1000"]]);
    },
    { enableChannelBinding: true },
  ),
);
await thing(2, () =>
  withClient(async (client) => same(await rows(client, "SELECT 1"), [[1]]), { ssl: false }),
);
await thing(3, async () => {
  const attempt = withClient(() => Promise.resolve(), { password: "wrong" });
  same(await codeOf(attempt), "28P01");
});

await sessionThings((use) => withClient(use));
await streamThings((use, config) => withClient(use, config));
