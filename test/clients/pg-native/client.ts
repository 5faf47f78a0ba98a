/** node-postgres's native client, which is libpq underneath. */
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Client } from "pg";
import { SLOW_QUERY } from "../data.ts";
import { sessionThings } from "../node-postgres/session-things.ts";
import { untilActive } from "../node-postgres/stream-things.ts";
import { codeOf, same, skip, thing } from "../report.ts";

interface NativeClient extends Client {
  readonly native: { cancel(done: (error?: Error | null) => void): void };
}
interface Options {
  /** What libpq understands; the rest is in the environment. */
  readonly nativeConnectionString: string;
  readonly pipeline?: boolean;
}

// As build.sh has installed them, beside each other.
const require = createRequire(join(process.argv[2] ?? "", "package.json"));
const { version } = require("./node_modules/pg-native/package.json") as {
  readonly version: string;
};
const { native } = require("pg") as {
  readonly native: { readonly Client: new (options: Options) => NativeClient };
};
console.log(`# client pg-native ${version}`);

async function withClient(
  use: (client: NativeClient) => Promise<void>,
  options: string = "sslmode=verify-ca",
  more: Omit<Options, "nativeConnectionString"> = {},
): Promise<void> {
  const client = new native.Client({ nativeConnectionString: options, ...more });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}

async function rows(client: Client, text: string): Promise<unknown> {
  return (await client.query({ text, rowMode: "array" })).rows;
}

await thing(1, () =>
  withClient(
    async (client) => same(await rows(client, "SELECT count(*) FROM things"), [["1000"]]),
    "sslmode=verify-ca channel_binding=require",
  ),
);
await thing(2, () =>
  withClient(async (client) => same(await rows(client, "SELECT 1"), [[1]]), "sslmode=disable"),
);
await thing(3, async () => {
  const attempt = withClient(() => Promise.resolve(), "password=wrong sslmode=require");
  // Before the session libpq keeps no SQLSTATE: the message is what there is.
  const failure = await attempt.catch((error: unknown) => String(error));
  same(/password authentication failed/.test(String(failure)), true);
});
await sessionThings((use) => withClient(use), [7]);
await thing(7, () =>
  withClient(async (client) => {
    // The driver ends a Buffer at its first zero byte, so there is none here.
    const sql =
      "SELECT $1::text AS a, $2::numeric AS b, $3::date::text AS c, $4::boolean AS d, $5::bytea AS e";
    const values = [null, "12345678901234567890.0123456789", "2024-02-29", true, "\\x00ff"];
    const [a, b, c, d] = values;
    const { rows } = await client.query(sql, values);
    same(rows, [{ a, b, c, d, e: Buffer.from([0, 255]) }]);
  }),
);
skip(6, "it asks for text only");
skip(10, "it reads results whole");
skip(11, "it reads results whole");
await thing(18, () =>
  withClient(
    async (client) => {
      const answers = await Promise.all([
        client.query("SELECT 1 AS a").then(({ rows }) => rows),
        // In a pipeline the driver gives the message, and no SQLSTATE.
        client.query("SELECT nothing FROM things").catch((error: unknown) => String(error)),
        client.query("SELECT 3 AS a").then(({ rows }) => rows),
      ]);
      const failure = String(answers[1]).replaceAll(/\n[^]*/g, "");
      same(
        [answers[0], failure, answers[2]],
        [[{ a: 1 }], 'Error: ERROR:  column "nothing" does not exist', [{ a: 3 }]],
      );
    },
    undefined,
    { pipeline: true },
  ),
);
skip(19, "it has no COPY");
skip(20, "it has no COPY");
await thing(22, () =>
  withClient((client) =>
    withClient(async (other) => {
      const { rows: found } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      const failure = codeOf(client.query(SLOW_QUERY));
      await untilActive(other, found[0]?.pid ?? 0);
      await new Promise<void>((resolve, reject) => {
        client.native.cancel((error) => (error ? reject(error) : resolve()));
      });
      same(await failure, "57014");
      same(await rows(client, "SELECT 1"), [[1]]);
    }),
  ),
);
