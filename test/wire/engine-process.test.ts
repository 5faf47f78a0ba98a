import { expect, test, vi } from "vitest";
import { query } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";
import { processorTicks, residentKb } from "../support/processes.ts";

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

test("the first millions of fifty million rows are read without raising the engine's memory", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect();
  const engine = Number(await gateway.gateway.engine.processId());
  // What the first statement makes, of code and caches, is not the result's.
  client.send(query("SELECT * FROM range(300000)"));
  await client.untilReady();
  const idleKb = residentKb(engine);
  let highestKb = 0;

  client.send(query("SELECT * FROM range(50000000)"));
  // Enough to see that nothing piles up; the rest would only take time.
  for (let rows = 1; rows <= 3_000_000; rows += 1) {
    await client.next();
    if (rows % 250_000 === 0) highestKb = Math.max(highestKb, residentKb(engine));
  }
  await client.cancel();

  expect(highestKb - idleKb).toBeLessThan(64 * 1024);
});

test("a result of any size takes the engine the same memory, and waits for a client that does not read", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect();
  const engine = Number(await gateway.gateway.engine.processId());
  let settledKb = 0;
  let highestKb = 0;

  client.send(query("SELECT i, repeat('x', 1000) FROM range(50000000) AS r(i)"));
  // 300 MB of the 50 GB: many times what may be kept.
  for (let rows = 1; rows <= 300_000; rows += 1) {
    await client.next();
    if (rows % 25_000 !== 0) continue;
    if (rows <= 100_000) settledKb = Math.max(settledKb, residentKb(engine));
    else highestKb = Math.max(highestKb, residentKb(engine));
  }
  client.pause();
  // Two looks without work in between.
  let last = -1;
  await vi.waitFor(
    () => {
      const ticks = processorTicks(engine);
      const stands = ticks === last;
      last = ticks;
      expect(stands).toBe(true);
    },
    { timeout: 20_000, interval: 500 },
  );
  highestKb = Math.max(highestKb, residentKb(engine));
  await client.cancel();
  client.resume();

  expect(highestKb - settledKb).toBeLessThan(64 * 1024);
  expect((await client.untilReady()).at(-2)).toMatchObject({
    type: "ErrorResponse",
    code: "57014",
  });
});
