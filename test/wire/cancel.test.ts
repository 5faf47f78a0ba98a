import { afterAll, beforeAll, expect, test } from "vitest";
import { bind, cancelRequest, execute, flush, parse, query, sync } from "../support/frontend.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { WireClient } from "../support/wire-client.ts";

const ENDLESS = "SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3";
const READY = { type: "ReadyForQuery", transactionStatus: "I" };
const CANCELED = expect.objectContaining({
  type: "ErrorResponse",
  code: "57014",
  message: "canceling statement due to user request",
});

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ tables: { t: "a\n1\n" } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

test("a cancel ends the running statement, and the session lives on", async () => {
  await using client = await gateway.connect();

  client.send(query(ENDLESS));
  await client.cancel();

  expect(await client.untilReady()).toEqual([CANCELED, READY]);
  client.send(query("SELECT a FROM t"));
  expect((await client.untilReady())[1]).toEqual({ type: "DataRow", values: ["1"] });
});

test("a cancel while idle does not hit the next statement", async () => {
  await using client = await gateway.connect();

  await client.cancel();
  client.send(query("SELECT a FROM t"));

  expect((await client.untilReady())[1]).toEqual({ type: "DataRow", values: ["1"] });
});

test("a wrong key cancels nothing", async () => {
  await using client = await gateway.connect();
  await using other = await WireClient.open(gateway.port);

  client.send(query("SET statement_timeout = '500ms'"));
  await client.untilReady();
  client.send(query(ENDLESS));
  other.send(cancelRequest(client.processId, Buffer.from([1, 2, 3, 4])));
  await other.untilEnd();

  expect((await client.untilReady())[0]).toMatchObject({
    code: "57014",
    message: "canceling statement due to statement timeout",
  });
});

test("a cancel reaches a statement that is sending rows to a client that does not read", async () => {
  await using client = await gateway.connect();

  client.send(parse("SELECT * FROM range(1000000000)"), bind(), execute(), sync());
  expect(await client.next()).toEqual({ type: "ParseComplete" });
  client.pause();
  await client.cancel();
  client.resume();

  const messages = await client.untilReady();
  expect(messages.at(-2)).toEqual(CANCELED);
  expect(messages.at(-1)).toEqual(READY);
});

const MANY = "range(1000000000) AS r(i)";
const JOINS = Array.from({ length: 45 }, (_, index) => `JOIN t AS t${index} USING (a)`).join(" ");

test.each([
  ["a long aggregate", ENDLESS],
  [
    "a big sort",
    `SELECT max(i) FROM (SELECT i FROM ${MANY} ORDER BY i % 977, i DESC OFFSET 5) AS s`,
  ],
  ["a sleep", "SELECT pg_sleep(60)"],
  ["several statements", `SELECT 1; SELECT 2; ${ENDLESS}; SELECT 4`],
  [
    "a query of system catalogs",
    "SELECT count(*) FROM pg_attribute AS a, pg_attribute AS b, pg_attribute AS c",
  ],
  ["an EXPLAIN ANALYZE", `EXPLAIN ANALYZE ${ENDLESS}`],
])("a cancel ends %s at once", async (_, sql) => {
  await using client = await gateway.connect();

  client.send(query(sql));
  const startedAt = performance.now();
  await client.cancel();

  expect((await client.untilReady()).slice(-2)).toEqual([CANCELED, READY]);
  // Some 5 ms; the rest is for a machine that has other things to do.
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

test("a cancel in a block fails the block, and a savepoint brings it back", async () => {
  await using client = await gateway.connect();
  client.send(query("BEGIN; SAVEPOINT s"));
  await client.untilReady();

  client.send(query(ENDLESS));
  await client.cancel();

  expect(await client.untilReady()).toEqual([
    CANCELED,
    { type: "ReadyForQuery", transactionStatus: "E" },
  ]);
  client.send(query("ROLLBACK TO s; SELECT 1; COMMIT"));
  expect((await client.untilReady()).at(-1)).toEqual(READY);
});

test("in a pipeline a cancel ends the running message, and what follows it up to Sync", async () => {
  await using client = await gateway.connect();

  client.send(
    parse("SELECT 1"),
    bind(),
    execute(),
    flush(),
    parse(ENDLESS),
    bind(),
    execute(),
    parse("SELECT 3"),
    bind(),
    execute(),
    sync(),
    parse("SELECT 4"),
    bind(),
    execute(),
    sync(),
  );
  while ((await client.next())?.type !== "CommandComplete");
  await client.cancel();

  const messages = await client.untilReady();
  expect(messages.slice(-2)).toEqual([CANCELED, READY]);
  expect(messages).not.toContainEqual({ type: "DataRow", values: ["3"] });
  expect(await client.untilReady()).toContainEqual({ type: "DataRow", values: ["4"] });
});

test("a suspended portal outlives a cancel that finds nothing running, and ends by one that does", async () => {
  await using client = await gateway.connect();
  client.send(parse(`SELECT i FROM ${MANY}`), bind(), execute("", 2), flush());
  while ((await client.next())?.type !== "PortalSuspended");

  await client.cancel();
  client.send(execute("", 1), flush());
  expect(await client.next()).toEqual({ type: "DataRow", values: ["2"] });
  expect(await client.next()).toEqual({ type: "PortalSuspended" });
  client.send(execute("", 0), sync());
  await client.next();
  // What this process cannot read in time would keep it from the cancel, too.
  client.pause();
  await client.cancel();
  client.resume();

  expect((await client.untilReady()).slice(-2)).toEqual([CANCELED, READY]);
});

test("a cancel ends a COPY whose client does not read", async () => {
  await using client = await gateway.connect();

  client.send(query(`COPY (SELECT i FROM ${MANY}) TO STDOUT`));
  expect(await client.next()).toMatchObject({ type: "CopyOutResponse" });
  client.pause();
  await client.cancel();
  client.resume();

  expect((await client.untilReady()).slice(-2)).toEqual([CANCELED, READY]);
});

test("a cancel ends the planning of a statement that is only parsed", async () => {
  await using client = await gateway.connect();

  client.send(parse(`SELECT count(*) FROM t ${JOINS}`), sync());
  await client.cancel();

  expect((await client.untilReady()).slice(-2)).toEqual([CANCELED, READY]);
});

test("cancels work while every other session of the engine is busy", async () => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => gateway.connect()));
  for (const client of clients) client.send(query(ENDLESS));

  await Promise.all(clients.map((client) => client.cancel()));

  for (const client of clients) {
    expect(await client.untilReady()).toEqual([CANCELED, READY]);
    await client[Symbol.asyncDispose]();
  }
});

test("a cancel is heard while no further connection is let in", async () => {
  await using gateway = await startGateway({ settings: { limits: { connections: 1 } } });
  await using client = await gateway.connect();
  const halfOpen = await Promise.all(
    Array.from({ length: 510 }, () => WireClient.open(gateway.port)),
  );
  await expect(gateway.connect()).rejects.toThrow("53300");

  client.send(query(ENDLESS));
  await client.cancel();

  expect(await client.untilReady()).toEqual([CANCELED, READY]);
  for (const other of halfOpen) other.destroy();
});
