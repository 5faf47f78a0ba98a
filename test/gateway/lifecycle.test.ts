import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { query } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";

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
  const client = await gateway.connect();
  client.send(query("SELECT * FROM range(100000000000)"));
  await client.next();

  client.destroy();

  // The next statement of anyone gets both cores: it would take seconds beside the other one.
  await using other = await gateway.connect();
  other.send(query("SELECT a FROM t"));
  expect((await other.untilReady())[1]).toEqual({ type: "DataRow", values: ["1"] });
});
