import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test, vi } from "vitest";
import { query } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";
import { processorTicks } from "../support/processes.ts";

test("draining ends idle sessions at once and lets a running statement finish", async () => {
  const gateway = await startGateway({ tables: { t: "a\n1\n" } });
  const idle = await gateway.connect();
  const busy = await gateway.connect();
  busy.send(query("SELECT a FROM t"), query("SELECT pg_sleep(0.5)"));
  await busy.untilReady();

  const stopped = gateway.gateway.stop();

  expect(await idle.untilEnd()).toMatchObject([
    { type: "ErrorResponse", severity: "FATAL", code: "57P01" },
  ]);
  expect((await busy.untilEnd()).map(({ type, tag, code }) => tag ?? code ?? type)).toEqual([
    "RowDescription",
    "DataRow",
    "SELECT 1",
    "57P01",
  ]);
  await stopped;
  await gateway[Symbol.asyncDispose]();
});

test("a port that is taken is one error that names the cure", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  const failure = await startGateway({ settings: { listen: { host: "127.0.0.1", port } } }).catch(
    (error: unknown) => error,
  );

  expect(failure).toMatchObject({
    message: `port ${port} of 127.0.0.1 is in use by another program`,
    hint: expect.stringContaining("--port N"),
  });
  other.close();
});

test("a client that disconnects half way stops its statement", async () => {
  await using gateway = await startGateway({ tables: { t: "a\n1\n" } });
  const engine = Number(await gateway.gateway.engine.processId());
  const client = await gateway.connect();
  client.send(
    query("SELECT a FROM t"),
    query("SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3"),
  );
  await client.untilReady();
  const before = processorTicks(engine);
  // It works: a tenth of a second of a processor, at 100 ticks a second.
  await vi.waitFor(() => expect(processorTicks(engine)).toBeGreaterThan(before + 10), 20_000);

  client.destroy();

  let last = processorTicks(engine);
  await vi.waitFor(
    () => {
      const used = processorTicks(engine) - last;
      last += used;
      expect(used).toBeLessThan(3);
    },
    { timeout: 4_000, interval: 300 },
  );
});
