import { expect, test } from "vitest";
import { startFuzzGateway } from "../fuzz/fuzz-gateway.ts";
import { query } from "../support/frontend.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { ask, untilAnswer } from "../support/gateway-process.ts";
import { WireClient } from "../support/wire-client.ts";

/** More than all buffers on the way take. */
const LARGE = "SELECT i, repeat('x', 1000) FROM range(10000000) AS r(i)";

test("a cancel reaches the statement of a client that does not read", async () => {
  await using gateway = await startGateway();
  await using client = await stuck(gateway);

  await client.cancel();
  client.resume();

  expect((await client.untilReady()).at(-2)).toMatchObject({ code: "57014" });
});

test("statement_timeout ends the statement of a client that does not read", async () => {
  await using gateway = await startGateway();
  await using other = await gateway.connect();
  await using client = await stuck(gateway, { options: "-c statement_timeout=1000" });

  await untilAnswer(other, stateOf(client), [["idle"]]);
  client.resume();

  expect((await client.untilReady()).at(-2)).toMatchObject({
    code: "57014",
    message: "canceling statement due to statement timeout",
  });
});

test("pg_terminate_backend ends the session of a client that does not read", async () => {
  await using gateway = await startGateway();
  await using other = await gateway.connect();
  await using client = await stuck(gateway);

  const answer = await ask(other, `SELECT pg_terminate_backend(${client.processId})`);
  client.resume();

  expect(answer).toEqual([["t"]]);
  expect((await client.untilEnd()).at(-1)).toMatchObject({ code: "57P01" });
});

test("a client that reads nothing for limits.write_timeout is disconnected", async () => {
  await using gateway = await startGateway({ settings: { limits: { write_timeout: "1s" } } });
  await using other = await gateway.connect();
  await using client = await stuck(gateway);

  await untilAnswer(other, stateOf(client), []);
  client.resume();

  expect((await client.untilEnd()).at(-1)?.type).toBe("DataRow");
});

test("a client that reads slowly is served for longer than limits.write_timeout", async () => {
  await using gateway = await startGateway({ settings: { limits: { write_timeout: "1s" } } });
  await using client = await gateway.connect();
  client.send(query("SELECT i, repeat('x', 1000) FROM range(60000) AS r(i)"));
  let rows = 0;

  for (let next = await client.next(); next?.type !== "ReadyForQuery"; next = await client.next()) {
    if (next === undefined) throw new Error("the session has ended");
    if (next.type !== "DataRow") continue;
    rows += 1;
    if (rows % 6_000 !== 0) continue;
    client.pause();
    // Is what makes it slow.
    await new Promise((resolve) => setTimeout(resolve, 200));
    client.resume();
  }

  expect(rows).toBe(60_000);
});

test("the answers to a client that asks on and on and never reads are bounded", async () => {
  await using gateway = await startFuzzGateway();
  const client = await WireClient.logIn(gateway.port, gateway.login);
  const before = gateway.resources();

  client.pause();
  // Each takes twelve times as much to answer.
  client.send(
    ...Array.from({ length: 5 }, () => Buffer.concat(Array<Buffer>(100_000).fill(query("x")))),
  );
  const { answers } = gateway.neighbour;
  await gateway.neighbour.untilAnswers(answers + 20);
  const during = gateway.resources();
  client.destroy();

  expect(during.rssMb - before.rssMb).toBeLessThan(100);
  expect(gateway.neighbour.failure).toBeUndefined();
});

/** A client in the middle of an answer that it has stopped reading. */
async function stuck(
  gateway: TestGateway,
  parameters?: Readonly<Record<string, string>>,
): Promise<WireClient> {
  const client = await gateway.connect(parameters);
  client.send(query(LARGE));
  await client.next();
  client.pause();
  return client;
}

function stateOf({ processId }: WireClient): string {
  return `SELECT state FROM pg_stat_activity WHERE pid = ${processId}`;
}
