import { afterAll, beforeAll, expect, test } from "vitest";
import { bind, execute, parse, query, sync } from "../support/frontend.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

const READY = { type: "ReadyForQuery", transactionStatus: "I" };

const notification = (sender: WireClient, channel: string, payload: string) => ({
  type: "NotificationResponse",
  processId: sender.processId,
  channel,
  payload,
});

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ files: { "other.yaml": "workspace: other\nmembers: [ana]\n" } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function run(client: WireClient, sql: string) {
  client.send(query(sql));
  return await client.untilReady();
}

test("an idle listener hears of a NOTIFY at once, with the pid of its sender", async () => {
  await using listener = await gateway.connect();
  await using sender = await gateway.connect();
  await run(listener, "LISTEN files");

  await run(sender, "NOTIFY files, 'orders.csv'");

  expect(await listener.next()).toEqual(notification(sender, "files", "orders.csv"));
});

test("a session hears its own notifications ahead of ReadyForQuery", async () => {
  await using client = await gateway.connect();

  expect(await run(client, "LISTEN a; NOTIFY a")).toEqual([
    { type: "CommandComplete", tag: "LISTEN" },
    { type: "CommandComplete", tag: "NOTIFY" },
    notification(client, "a", ""),
    READY,
  ]);
});

test("notifications leave with the commit, equal ones once, and none after a rollback", async () => {
  await using listener = await gateway.connect();
  await using sender = await gateway.connect();
  await run(listener, "LISTEN a");

  await run(sender, "BEGIN; NOTIFY a, 'lost'; ROLLBACK");
  await run(sender, "BEGIN; NOTIFY a, '1'; SAVEPOINT s; NOTIFY a, 'undone'; ROLLBACK TO s");
  await run(sender, "NOTIFY a, '1'; NOTIFY a, '2'; COMMIT");
  await run(sender, "NOTIFY a, 'lost'; SELECT 1/0");
  await run(sender, "NOTIFY a, 'last'");

  expect([await listener.next(), await listener.next(), await listener.next()]).toEqual([
    notification(sender, "a", "1"),
    notification(sender, "a", "2"),
    notification(sender, "a", "last"),
  ]);
});

test("LISTEN takes effect at commit, and a rollback drops it", async () => {
  await using client = await gateway.connect();
  const listening = "SELECT pg_listening_channels()";

  await run(client, "BEGIN; LISTEN a");
  expect((await run(client, listening)).filter(({ type }) => type === "DataRow")).toEqual([]);
  await run(client, "ROLLBACK");
  await run(client, 'LISTEN "Straße 9"');

  expect(await run(client, listening)).toContainEqual({ type: "DataRow", values: ["Straße 9"] });
  await run(client, "UNLISTEN *");
  expect((await run(client, listening)).filter(({ type }) => type === "DataRow")).toEqual([]);
});

test("a listener inside a transaction block hears of it when the block has ended", async () => {
  await using listener = await gateway.connect();
  await using sender = await gateway.connect();
  await run(listener, "LISTEN a");
  await run(listener, "BEGIN");

  await run(sender, "NOTIFY a, 'x'");

  expect(await run(listener, "SELECT 1")).not.toContainEqual(notification(sender, "a", "x"));
  expect(await run(listener, "COMMIT")).toEqual([
    { type: "CommandComplete", tag: "COMMIT" },
    notification(sender, "a", "x"),
    READY,
  ]);
});

test("pg_notify works in the extended protocol and for each row of a query", async () => {
  await using client = await gateway.connect();
  await run(client, "LISTEN a");

  client.send(
    parse("SELECT pg_notify('a', $1 || i) FROM generate_series(1, 2) AS i"),
    bind({ values: ["n"] }),
    execute(),
    sync(),
  );

  const messages = await client.untilReady();
  expect(messages.slice(-3)).toEqual([
    notification(client, "a", "n1"),
    notification(client, "a", "n2"),
    READY,
  ]);
});

test("other workspaces hear nothing", async () => {
  await using here = await gateway.connect();
  await using there = await gateway.connect({ database: "other" });
  await run(there, "LISTEN a");

  await run(here, "NOTIFY a");

  expect(await run(there, "SELECT 1")).not.toContainEqual(notification(here, "a", ""));
});

test.each([
  ["SELECT pg_notify('', 'x')", "channel name cannot be empty"],
  ["SELECT pg_notify(repeat('x', 64), 'x')", "channel name too long"],
  ["SELECT pg_notify('a', repeat('x', 8000))", "payload string too long"],
])("%s is refused", async (sql, message) => {
  await using client = await gateway.connect();

  expect((await run(client, sql))[0]).toMatchObject({ code: "22023", message });
});

test("a listener that does not end its transaction is cut off before what waits grows", async () => {
  await using listener = await gateway.connect();
  await using sender = await gateway.connect();
  await run(listener, "LISTEN a");
  await run(listener, "BEGIN");

  for (let sent = 0; sent < 12_000; sent += 3_000) {
    await run(
      sender,
      `SELECT pg_notify('a', (${sent} + i)::text) FROM generate_series(1, 3000) AS i`,
    );
  }

  expect((await listener.untilEnd()).at(-1)).toMatchObject({ severity: "FATAL", code: "54000" });
});
