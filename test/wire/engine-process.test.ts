import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { query } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";

const ENDLESS = "SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3";
const READY = { type: "ReadyForQuery", transactionStatus: "I" };

test("when the engine process dies every socket stays open, and what ran there gets 57P01", async () => {
  await using gateway = await startGateway({ tables: { t: "a\n1\n" } });
  await using busy = await gateway.connect();
  await using idle = await gateway.connect();
  busy.send(query("SELECT 1 FROM t"), query(ENDLESS));
  await busy.untilReady();

  const before = await gateway.gateway.engine.processId();
  process.kill(Number(before), "SIGKILL");

  expect(await busy.untilReady()).toEqual([
    expect.objectContaining({ type: "ErrorResponse", severity: "ERROR", code: "57P01" }),
    READY,
  ]);
  for (const client of [busy, idle]) {
    client.send(query("SELECT a FROM t"));
    expect((await client.untilReady())[1]).toEqual({ type: "DataRow", values: ["1"] });
  }
  expect(await gateway.gateway.engine.processId()).not.toBe(before);
});

test("a statement that takes more memory than allowed fails, and others go on", async () => {
  await using gateway = await startGateway({
    tables: { t: "a\n1\n" },
    workspace: { limits: { memory: "128MB", temp_disk: "64MB" } },
  });
  await using client = await gateway.connect();

  client.send(query("SELECT i, md5(i::text) FROM range(20000000) AS r(i) ORDER BY 2"));
  const messages = await client.untilReady();
  client.send(query("SELECT a FROM t"));

  expect(messages.at(-2)).toMatchObject({
    type: "ErrorResponse",
    code: expect.stringMatching(/^53[12]00$/),
  });
  expect((await client.untilReady())[1]).toEqual({ type: "DataRow", values: ["1"] });
});

test("fifty million rows pass in constant memory, also when the client is slow", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect();
  const engine = Number(await gateway.gateway.engine.processId());
  // What the first statement makes, of code and caches, is not the result's.
  client.send(query("SELECT * FROM range(300000)"));
  await client.untilReady();
  const idleKb = residentKb(engine);
  let highestKb = 0;
  let rows = 0;

  client.send(query("SELECT * FROM range(50000000)"));
  for (
    let message = await client.next();
    message?.type !== "CommandComplete";
    message = await client.next()
  ) {
    rows += 1;
    if (rows % 1_000_000 === 0) highestKb = Math.max(highestKb, residentKb(engine));
    // Enough to see that nothing piles up; the rest would only take time.
    if (rows === 3_000_000) break;
  }
  await client.cancel();

  expect(highestKb - idleKb).toBeLessThan(64 * 1024);
});

/** /proc's VmRSS. */
function residentKb(processId: number): number {
  const status = readFileSync(`/proc/${processId}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}
