import { afterAll, beforeAll, expect, test } from "vitest";
import { bind, execute, flush, parse, query, sync } from "../support/frontend.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const ENDLESS = "SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3";
const READY = { type: "ReadyForQuery", transactionStatus: "I" };
const TIMED_OUT = expect.objectContaining({
  code: "57014",
  message: "canceling statement due to statement timeout",
});

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

test("statement_timeout ends a statement, and the session goes on", async () => {
  await using client = await gateway.connect({ options: "-c statement_timeout=200ms" });

  client.send(query(ENDLESS));

  expect(await client.untilReady()).toEqual([TIMED_OUT, READY]);
  client.send(query("SHOW statement_timeout"));
  expect((await client.untilReady())[1]).toEqual({ type: "DataRow", values: ["200ms"] });
});

test("each statement of a Query has the whole time", async () => {
  await using client = await gateway.connect();
  const third = "SELECT pg_sleep(0.3)";

  client.send(query(`SET statement_timeout = '800ms'; ${third}; ${third}; ${third}; ${third}`));

  const messages = await client.untilReady();
  expect(messages.filter(({ type }) => type === "ErrorResponse")).toEqual([]);
});

test("a SET in a Query counts for the statement behind it", async () => {
  await using client = await gateway.connect();

  client.send(query("SET statement_timeout = '100ms'; SELECT pg_sleep(60)"));

  expect((await client.untilReady()).at(-2)).toEqual(TIMED_OUT);
});

test("each Execute of a pipeline has the whole time", async () => {
  await using client = await gateway.connect({ options: "-c statement_timeout=800ms" });
  const third = [parse("SELECT pg_sleep(0.3)"), bind(), execute()];

  client.send(...third, ...third, ...third, ...third, sync());

  const messages = await client.untilReady();
  expect(messages.filter(({ type }) => type === "ErrorResponse")).toEqual([]);
});

test.each([
  [
    "idle_session_timeout",
    "SELECT 1",
    "57P05",
    "terminating connection due to idle-session timeout",
  ],
  [
    "idle_in_transaction_session_timeout",
    "BEGIN",
    "25P03",
    "terminating connection due to idle-in-transaction timeout",
  ],
  [
    "idle_in_transaction_session_timeout",
    "BEGIN; SELECT 1/0",
    "25P03",
    "terminating connection due to idle-in-transaction timeout",
  ],
  ["transaction_timeout", "BEGIN", "25P04", "terminating connection due to transaction timeout"],
  [
    "transaction_timeout",
    "BEGIN; SELECT pg_sleep(60)",
    "25P04",
    "terminating connection due to transaction timeout",
  ],
])("%s ends a session after %s", async (name, sql, code, message) => {
  await using client = await gateway.connect({ options: `-c ${name}=150ms` });

  client.send(query(sql));

  const last = (await client.untilEnd()).at(-1);
  expect(last).toMatchObject({ type: "ErrorResponse", severity: "FATAL", code, message });
});

test("no idle time limit counts while a statement runs, or in the other kind of idleness", async () => {
  await using client = await gateway.connect({ options: "-c idle_session_timeout=150ms" });

  client.send(query("SELECT pg_sleep(0.4)"), query("BEGIN"));
  await client.untilReady();
  await client.untilReady();
  // The client of another session has slept long enough for this one.
  await using other = await gateway.connect();
  other.send(query("SELECT pg_sleep(0.4)"));
  await other.untilReady();
  client.send(query("SELECT 1"));

  expect((await client.untilReady())[1]).toEqual({ type: "DataRow", values: ["1"] });
});

test("limits.idle_timeout is what idle_session_timeout is by default", async () => {
  await using gateway = await startGateway({ settings: { limits: { idle_timeout: "300ms" } } });
  await using client = await gateway.connect();

  client.send(query("SHOW idle_session_timeout"));

  const messages = await client.untilEnd();
  expect(messages).toContainEqual({ type: "DataRow", values: ["300ms"] });
  expect(messages.at(-1)).toMatchObject({ severity: "FATAL", code: "57P05" });
  expect(gateway.log()).not.toContain("no effect yet");
});

test("time between the messages of a pipeline is the client's own", async () => {
  await using client = await gateway.connect({ options: "-c statement_timeout=300ms" });

  client.send(parse("SHOW TimeZone"), flush());
  await client.next();
  await using other = await gateway.connect();
  other.send(query("SELECT pg_sleep(0.5)"));
  await other.untilReady();
  client.send(bind(), execute(), sync());

  expect(await client.untilReady()).toContainEqual({ type: "DataRow", values: ["UTC"] });
});
