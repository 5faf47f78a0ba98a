import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  bind,
  cancelRequest,
  execute,
  parse,
  query,
  sslRequest,
  sync,
} from "../support/frontend.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { TEST_CERTIFICATE } from "../support/s3-server/certificate.ts";
import type { WireClient } from "../support/wire-client.ts";

/** A cancel that comes too late must never end the statement behind the one it was meant for. */
let folder: string;
let gateway: TestGateway;
let client: WireClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bucketgres-cancel-"));
  const tls = { certificate: join(folder, "server.crt"), key: join(folder, "server.key") };
  await writeFile(tls.certificate, TEST_CERTIFICATE.cert);
  await writeFile(tls.key, TEST_CERTIFICATE.key);
  gateway = await startGateway({ tables: { t: "a\n1\n" }, settings: { tls } });
  client = await gateway.connect();
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const WORK: Readonly<Record<string, string>> = {
  engine: "SELECT sum(i) FROM range(300000) AS r(i), t",
  sleep: "SELECT pg_sleep(0.002)",
  copy: "COPY (SELECT i FROM range(2000) AS r(i)) TO STDOUT",
};

test("whenever a cancel comes, the statement behind the one it was sent for is not hit", async () => {
  const outcomes = { canceled: 0, finished: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("plain", "encrypted"),
      fc.constantFrom("simple", "extended"),
      fc.constantFrom(...Object.keys(WORK)),
      fc.integer({ min: 0, max: 60 }),
      async (transport, protocol, work, turns) => {
        const sql = WORK[work] ?? "";
        client.send(
          ...(protocol === "simple" ? [query(sql)] : [parse(sql), bind(), execute(), sync()]),
        );
        // The event loop's turns are finer than any timer.
        for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
        const closed = cancel(transport === "encrypted");
        const first = await client.untilReady();
        await closed;
        client.send(query("SELECT a FROM t"));

        const isCanceled = first.some((message) => message["code"] === "57014");
        outcomes[isCanceled ? "canceled" : "finished"] += 1;
        expect(first.at(-1)).toEqual({ type: "ReadyForQuery", transactionStatus: "I" });
        expect((await client.untilReady()).slice(1)).toEqual([
          { type: "DataRow", values: ["1"] },
          { type: "CommandComplete", tag: "SELECT 1" },
          { type: "ReadyForQuery", transactionStatus: "I" },
        ]);
      },
    ),
    { numRuns: 200 },
  );
  expect(outcomes.canceled).toBeGreaterThan(0);
  expect(outcomes.finished).toBeGreaterThan(0);
}, 60_000);

/** As libpq does it: resolves when the gateway has closed the connection, which never answers. */
async function cancel(isEncrypted: boolean): Promise<void> {
  const request = cancelRequest(client.processId, client.secretKey);
  const plain = connect({ port: gateway.port, host: "127.0.0.1", noDelay: true });
  await once(plain, "connect");
  if (!isEncrypted) {
    plain.end(request);
    await once(plain.resume(), "close");
    return;
  }
  plain.write(sslRequest());
  await once(plain, "data");
  const encrypted = connectTls({
    socket: plain,
    servername: "localhost",
    ca: TEST_CERTIFICATE.cert,
  });
  await once(encrypted, "secureConnect");
  let answer = "";
  encrypted.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  encrypted.write(request);
  await once(encrypted, "end");
  encrypted.destroy();
  expect(answer).toBe("");
}
