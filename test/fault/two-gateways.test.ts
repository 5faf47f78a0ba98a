import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import type { StoreName, WorkspaceName } from "../../src/core/brands.ts";
import type { LoadOutcome } from "../../src/loader/loader.ts";
import { createLoader, type LoaderClient } from "../../src/loader/loader-client.ts";
import { createLogger } from "../../src/observe/logger.ts";
import { type S3Server, startS3Server } from "../support/s3-server/s3-server.ts";
import { temporaryDirectory } from "../unit/cache/entries.ts";
import { csvTable } from "../unit/loader/load-files.ts";

const REQUEST = {
  workspace: "acme" as WorkspaceName,
  table: csvTable("a.csv"),
  known: undefined,
};
const FOREVER = { signal: new AbortController().signal };

/** Loaders of gateways that share one cache. */
async function loaders(s3: S3Server, count: number): Promise<readonly LoaderClient[]> {
  const { endpoint, region, credentials } = s3;
  const cacheDirectory = await temporaryDirectory();
  return Array.from({ length: count }, () => {
    const loader = createLoader({
      stores: new Map([
        [
          "files" as StoreName,
          { type: "s3", bucket: "b", region, endpoint, pathStyle: true, credentials },
        ],
      ]),
      cacheDirectory,
      cacheSizeBytes: 1e9,
      memoryBytes: 1024 ** 3,
      log: createLogger({ level: "silent" }),
    });
    onTestFinished(() => loader.close());
    return loader;
  });
}

function pathOf(outcome: LoadOutcome): string {
  if (outcome.outcome !== "loaded") throw new Error(JSON.stringify(outcome));
  return outcome.entry.path;
}

test("gateways that share a cache download and build a file once", async () => {
  await using s3 = await startS3Server({ buckets: { b: { "a.csv": "id\n1\n2\n" } } });
  const all = await loaders(s3, 3);

  const outcomes = await Promise.all(all.map((loader) => loader.load(REQUEST, FOREVER)));

  expect(new Set(outcomes.map(pathOf)).size).toBe(1);
  const downloads = s3.requests.filter(({ operation }) => operation === "GetObject");
  expect(downloads).toHaveLength(1);
});

test("when the gateway that builds dies, one that waits for it takes over", async () => {
  await using s3 = await startS3Server({ buckets: { b: { "a.csv": "id\n1\n2\n" } } });
  s3.faults.next({ fault: "stall", afterBytes: 1, operation: "GetObject" });
  const [first, second] = await loaders(s3, 2);
  if (first === undefined || second === undefined) throw new Error("there are two");
  const stalled = once(s3.events, "faulty answer");
  const lost = first.load(REQUEST, FOREVER).catch((error: unknown) => error);
  await stalled;
  s3.forgetRequests();
  const waiting = second.load(REQUEST, FOREVER);
  await expect.poll(() => s3.requests.length, { timeout: 30_000 }).toBeGreaterThan(0);

  process.kill(first.processId ?? 0, "SIGKILL");

  expect(pathOf(await waiting)).toContain("orders-");
  expect(await lost).toMatchObject({ sqlstate: "57P02" });
});

test("a load that waits for another gateway's build ends when it is canceled", async () => {
  await using s3 = await startS3Server({ buckets: { b: { "a.csv": "id\n1\n2\n" } } });
  s3.faults.next({ fault: "stall", afterBytes: 1, operation: "GetObject" });
  const [first, second] = await loaders(s3, 2);
  if (first === undefined || second === undefined) throw new Error("there are two");
  const stalled = once(s3.events, "faulty answer");
  const building = first.load(REQUEST, FOREVER).catch(() => undefined);
  await stalled;
  s3.forgetRequests();
  const aborting = new AbortController();
  const waiting = second.load(REQUEST, aborting);
  const ended = waiting.catch((error: unknown) => error);
  await expect.poll(() => s3.requests.length, { timeout: 30_000 }).toBeGreaterThan(0);

  aborting.abort(new Error("enough"));

  expect(await ended).toMatchObject({ message: "enough" });
  await first.close();
  await building;
});
