import { afterAll, beforeAll, expect, test } from "vitest";
import { bind, execute, parse, query, sync } from "../support/frontend.ts";
import { startGateway, type TestGateway, USER } from "../support/gateway.ts";
import { WireClient } from "../support/wire-client.ts";

const READY = { type: "ReadyForQuery", transactionStatus: "I" };

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function run(client: WireClient, ...messages: readonly (Buffer | string)[]) {
  client.send(...messages.map((one) => (typeof one === "string" ? query(one) : one)));
  return await client.untilReady();
}

const zoneIs = (value: string) => ({ type: "ParameterStatus", name: "TimeZone", value });

test("the client is told of each change of a reported parameter, also by a rollback", async () => {
  await using client = await gateway.connect();

  expect(await run(client, "BEGIN; SET TimeZone = 'Asia/Tokyo'")).toContainEqual(
    zoneIs("Asia/Tokyo"),
  );
  expect(await run(client, "ROLLBACK")).toContainEqual(zoneIs("UTC"));
  expect(await run(client, "BEGIN; SET LOCAL TimeZone = 'Asia/Tokyo'")).toContainEqual(
    zoneIs("Asia/Tokyo"),
  );
  expect(await run(client, "COMMIT")).toContainEqual(zoneIs("UTC"));
  expect(
    await run(client, "SELECT set_config('timezone', 'Asia/' || 'Seoul', false)"),
  ).toContainEqual(zoneIs("Asia/Seoul"));
  expect(await run(client, "DISCARD ALL")).toContainEqual(zoneIs("UTC"));
});

test("a pipeline that fails takes back what it has set", async () => {
  await using client = await gateway.connect();

  await run(
    client,
    parse("SET a.b = 'lost'"),
    bind(),
    execute(),
    parse("SELECT 1/0"),
    bind(),
    execute(),
    sync(),
  );

  expect(await run(client, "SHOW a.b")).toContainEqual({ type: "DataRow", values: [""] });
});

test("set_config takes parameters, as PostgREST sends it, and queries see its value", async () => {
  await using client = await gateway.connect();

  await run(client, "BEGIN");
  await run(
    client,
    parse("SELECT set_config('request.jwt.claims', $1, true)"),
    bind({ values: ['{"role":"ana"}'] }),
    execute(),
    sync(),
  );

  const sql = "SELECT current_setting('request.jwt.claims', true)::json ->> 'role'";
  expect(await run(client, sql)).toContainEqual({ type: "DataRow", values: ["ana"] });
  await run(client, "COMMIT");
  expect(await run(client, "SHOW request.jwt.claims")).toContainEqual({
    type: "DataRow",
    values: [""],
  });
});

test("a value that set_config is refused is the statement's error, and changes nothing", async () => {
  await using client = await gateway.connect();

  const messages = await run(client, "SELECT set_config(lower('WORK_MEM'), '1', false)");

  expect(messages).toEqual([
    expect.objectContaining({
      code: "22023",
      message: '1 kB is outside the valid range for parameter "work_mem" (64 .. 2147483647)',
    }),
    READY,
  ]);
  expect(await run(client, "SELECT current_setting('work_mem')")).not.toContainEqual({
    type: "DataRow",
    values: ["1"],
  });
});

test("SHOW ALL lists what is set, with PostgreSQL's own descriptions", async () => {
  await using client = await gateway.connect();
  await run(client, "SET work_mem = '8MB'; SET my.own = 'x'");

  const messages = await run(client, "SHOW ALL");

  expect(messages).toContainEqual({
    type: "DataRow",
    values: ["work_mem", "8MB", "Sets the maximum memory to be used for query workspaces."],
  });
  expect(messages).toContainEqual({ type: "DataRow", values: ["my.own", "x", ""] });
  expect(messages.at(-2)).toEqual({ type: "CommandComplete", tag: "SHOW" });
});

test.each([
  // pgjdbc, Npgsql, pgx, asyncpg, SQLAlchemy, pgAdmin and pg_dump, as they begin a session.
  "SET extra_float_digits = 3",
  "SET application_name = 'PostgreSQL JDBC Driver'",
  "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
  "SELECT set_config('bytea_output', 'hex', false) FROM pg_show_all_settings() WHERE name = 'bytea_output'",
  "SELECT pg_catalog.set_config('search_path', '', false)",
  "SET DateStyle=ISO; SET client_min_messages=notice; SET client_encoding='utf-8'",
  "SET synchronize_seqscans TO off; SET row_security = off; SET quote_all_identifiers = false",
  "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0",
  "SET transaction_timeout = 0",
  "SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new",
  "DISCARD ALL",
  "SET SESSION AUTHORIZATION DEFAULT; RESET ALL",
  "UNLISTEN *; RESET ALL",
])("%s is accepted", async (sql) => {
  await using client = await gateway.connect();

  const messages = await run(client, sql);

  expect(messages.filter(({ type }) => type === "ErrorResponse")).toEqual([]);
});

test.each([
  [{ statement_timeout: "soon" }, "22023"],
  [{ options: "-c server_version=16" }, "55P02"],
  [{ nosuch: "1" }, "42704"],
])("a startup packet with %o is refused", async (parameters, code) => {
  await using client = await WireClient.open(gateway.port);

  const messages = await client.authenticate({ ...USER, parameters });

  expect(messages.at(-1)).toMatchObject({ severity: "FATAL", code });
});
