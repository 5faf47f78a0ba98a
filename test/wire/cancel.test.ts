import { expect, test } from "vitest";
import { bind, cancelRequest, execute, parse, query, sync } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";
import { WireClient } from "../support/wire-client.ts";

const ENDLESS = "SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3";
const READY = { type: "ReadyForQuery", transactionStatus: "I" };
const CANCELED = expect.objectContaining({
  type: "ErrorResponse",
  code: "57014",
  message: "canceling statement due to user request",
});

test("a cancel ends the running statement, and the session lives on", async () => {
  await using gateway = await startGateway({ tables: { t: "a\n1\n" } });
  await using client = await gateway.connect();

  client.send(query(ENDLESS));
  await client.cancel();

  expect(await client.untilReady()).toEqual([CANCELED, READY]);
  client.send(query("SELECT a FROM t"));
  expect((await client.untilReady())[1]).toEqual({ type: "DataRow", values: ["1"] });
});

test("a cancel while idle does not hit the next statement", async () => {
  await using gateway = await startGateway({ tables: { t: "a\n1\n" } });
  await using client = await gateway.connect();

  await client.cancel();
  client.send(query("SELECT a FROM t"));

  expect((await client.untilReady())[1]).toEqual({ type: "DataRow", values: ["1"] });
});

test("a wrong key cancels nothing", async () => {
  await using gateway = await startGateway();
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
  await using gateway = await startGateway();
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

test("pg_cancel_backend cancels another session of the same role", async () => {
  await using gateway = await startGateway();
  await using busy = await gateway.connect();
  await using other = await gateway.connect();

  busy.send(query("SELECT pg_sleep(60)"));
  other.send(query(`SELECT pg_cancel_backend(${busy.processId})`));

  expect((await other.untilReady())[1]).toEqual({ type: "DataRow", values: ["t"] });
  expect(await busy.untilReady()).toEqual([CANCELED, READY]);
});
