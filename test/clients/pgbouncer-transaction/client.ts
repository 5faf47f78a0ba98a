/**
 * PgBouncer in transaction mode, with node-postgres in front of it: what a session keeps lives no
 * longer than a transaction.
 */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { SLOW_QUERY } from "../data.ts";
import { sessionThings } from "../node-postgres/session-things.ts";
import { streamThings } from "../node-postgres/stream-things.ts";
import { loginThings } from "../pgbouncer-session/logins.ts";
import { pgbouncerVersion, startPgBouncer, withClient } from "../pgbouncer-session/pgbouncer.ts";
import { codeOf, same, skip, thing } from "../report.ts";

const version = pgbouncerVersion();
console.log(`# client PgBouncer ${version} (transaction)`);

/** From 1.21 on it prepares a client's statement again on each server connection. */
const [major = 0, minor = 0] = version.split(".").map(Number);
const prepares = major > 1 || minor >= 21;
const POOL = {
  pool_mode: "transaction",
  ...(prepares && { max_prepared_statements: "100" }),
};
/** Done below, inside of transactions. */
const WITHIN = [20, 21, 23, 24];

await loginThings(POOL);
await using bouncer = await startPgBouncer(POOL);
const { address } = bouncer;
await sessionThings((use) => withClient(address, use), prepares ? WITHIN : [9, ...WITHIN]);
await streamThings((use, config) => withClient({ ...address, ...config }, use), WITHIN, address);
if (!prepares) skip(9, `PgBouncer ${version} prepares none in this mode, as of 1.21 it does`);

await thing(20, () =>
  inTransaction(async (client) => {
    await client.query("CREATE TEMP TABLE copied (id bigint, name text) ON COMMIT DROP");
    await pipeline(
      Readable.from(["1\tö\n", "2\t\\N\n"]),
      client.query(copyFrom("COPY copied FROM STDIN")),
    );
    const { rows } = await client.query("SELECT count(*), max(name) FROM copied");
    same(rows, [{ count: "2", max: "ö" }]);
  }),
);
await thing(21, async () => {
  for (let round = 0; round < 5; round += 1) {
    await inTransaction(async (client) => {
      await client.query("CREATE TEMP TABLE mine (id int, name text) ON COMMIT DROP");
      await client.query("INSERT INTO mine VALUES ($1, $2), (2, 'b')", [1, "ö"]);
      const { rows } = await client.query("SELECT name FROM mine ORDER BY id");
      same(rows, [{ name: "ö" }, { name: "b" }]);
    });
  }
});
await thing(23, async () => {
  const work = inTransaction(async (client) => {
    await client.query("SET LOCAL statement_timeout = '200ms'");
    await client.query(SLOW_QUERY);
  });
  same(await codeOf(work), "57014");
});
await thing(24, () =>
  inTransaction(async (client) => {
    await client.query("SET LOCAL search_path TO pg_catalog, public");
    same((await client.query("SHOW search_path")).rows, [{ search_path: "pg_catalog, public" }]);
    await client.query("COMMIT");
    await client.query("SET application_name = 'clients'");
    // PgBouncer keeps the parameters that a server reports, and sets them on each connection.
    const names = await Promise.all(
      Array.from({ length: 5 }, () => client.query("SHOW application_name")),
    );
    same(
      names.map(({ rows }) => rows as unknown),
      Array.from({ length: 5 }, () => [{ application_name: "clients" }]),
    );
  }),
);

async function inTransaction(use: (client: Client) => Promise<void>): Promise<void> {
  await withClient(address, async (client) => {
    await client.query("BEGIN");
    await use(client);
    await client.query("COMMIT");
  });
}
