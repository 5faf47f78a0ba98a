/** What goes wrong on the way to an S3 server that others wrote: nothing is lost, nothing is wrong. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import type { ObjectKey } from "../../src/core/brands.ts";
import { download } from "../../src/store/download.ts";
import type { S3Store } from "../../src/store/s3-store.ts";
import { startCredentialsEndpoint, withoutAwsConfiguration } from "../support/aws-environment.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { IMPATIENT } from "../support/s3-store-fixture.ts";
import { contentOf, keysOf, patternedBytes, sha256 } from "../support/store-behaviour.ts";
import { createBucket, type FreshBucket } from "./fresh-bucket.ts";
import { findRealServer, type RealServer } from "./real-server.ts";

process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const found = await findRealServer();
if ("missing" in found) process.stderr.write(`test/s3/faults is skipped: ${found.missing}\n`);

const KEY = "sales/orders + 100%.csv" as ObjectKey;
const MIB = 1024 * 1024;
/** More than the parts that are under way at a time. */
const LARGE = patternedBytes(33 * MIB + 5);

afterEach(() => vi.unstubAllEnvs());

describe.skipIf("missing" in found)("through a proxy that makes requests go wrong", () => {
  afterAll(() => server().stop());

  test("a burst of SlowDown is waited out by every kind of request", async () => {
    await using the = await start({ [KEY]: "x" });
    const slowDown = { fault: "answer", status: 503, code: "SlowDown", times: 3 } as const;

    the.proxy.next(slowDown);
    expect(await contentOf(the.store, KEY)).toBe("x");
    the.proxy.next(slowDown);
    expect(await keysOf(the.store, "")).toEqual([KEY]);
    the.proxy.next(slowDown);
    expect(await the.store.head(KEY)).toMatchObject({ sizeBytes: 1 });
    expect(the.proxy.count).toBe(12);
  });

  test("connections that are refused for a while are made again", async () => {
    await using the = await start({ [KEY]: "x" });
    the.proxy.refuse(3);

    expect(await contentOf(the.store, KEY)).toBe("x");
  });

  test("a clock that the server calls wrong is set right again, also if that was a mistake", async () => {
    await using the = await start({ [KEY]: "x" });
    const inThreeHours = new Date(Date.now() + 3 * 3_600_000).toUTCString();
    const headers = { date: inThreeHours };
    the.proxy.next({ fault: "answer", status: 403, code: "RequestTimeTooSkewed", headers });

    expect(await contentOf(the.store, KEY)).toBe("x");
    // What was sent with the corrected clock was too early, and its refusal corrected it back.
    expect(the.proxy.count).toBe(3);
  });

  test("an expired token is renewed in the middle of a parallel download", async () => {
    withoutAwsConfiguration();
    await using endpoint = await startCredentialsEndpoint(
      () => ({ ...server().credentials, sessionToken: "" }),
      () => 3_600_000,
    );
    await using the = await start({ [KEY]: "x" }, { credentials: undefined });
    await the.bucket.put(KEY, LARGE);
    the.proxy.next({ fault: "answer", status: 400, code: "ExpiredToken", isRange: true, skip: 2 });

    expect(await copyOf(the.store)).toBe(sha256(LARGE));
    expect(endpoint.asked).toBe(2);
  });

  test.each([
    ["reset", { fault: "reset", afterBytes: 3 * MIB, times: 5 }],
    ["that stand still", { fault: "stall", afterBytes: 3 * MIB, times: 2 }],
    ["that come piece by piece", { fault: "slow", everyMs: 5, times: 2 }],
  ] as const)("a large object arrives whole over connections %s", async (_, fault) => {
    await using the = await start({ [KEY]: LARGE }, {}, { idleTimeoutMs: 300 });
    the.proxy.next({ ...fault, isRange: true, skip: 1 });

    expect(await copyOf(the.store)).toBe(sha256(LARGE));
  });

  test("an object that is replaced in the middle of its download is never a mixture", async () => {
    const later = patternedBytes(34 * MIB).swap32();
    await using the = await start({ [KEY]: LARGE });
    const act = async () => void (await the.bucket.put(KEY, later));
    the.proxy.next({ fault: "before", isRange: true, skip: 4, act });

    expect(await copyOf(the.store)).toBe(sha256(later));
  });

  test("a part whose ETag is another's starts the download again", async () => {
    await using the = await start({ [KEY]: LARGE });
    the.proxy.next({ fault: "etag", etag: '"0123"', isRange: true, skip: 3 });

    expect(await copyOf(the.store)).toBe(sha256(LARGE));
    // One HEAD and six parts, of which some were under way when the first attempt ended.
    expect(the.proxy.count).toBeGreaterThan(7);
  });

  test("a listing whose answer is reset is asked for again, and is whole", async () => {
    const keys = Array.from({ length: 50 }, (_, index) => `k${100 + index}`);
    await using the = await start(Object.fromEntries(keys.map((key) => [key, "x"])));
    the.proxy.next({ fault: "reset", afterBytes: 1000 });

    expect(await keysOf(the.store, "")).toEqual(keys);
  });
});

function server(): RealServer {
  if ("missing" in found) throw new Error(found.missing);
  return found;
}

async function start(
  objects: Readonly<Record<string, string | Buffer>>,
  options: Parameters<FreshBucket["store"]>[0] = {},
  patience: Parameters<FreshBucket["store"]>[1] = {},
): Promise<AsyncDisposable & { bucket: FreshBucket; proxy: FaultProxy; store: S3Store }> {
  const bucket = await createBucket(server());
  for (const [key, body] of Object.entries(objects)) await bucket.put(key, body);
  const proxy = await startFaultProxy(server().endpoint);
  const store = bucket.store(
    { endpoint: proxy.endpoint, ...options },
    { ...IMPATIENT, attempts: 5, attemptsToConnect: 5, ...patience },
  );
  return {
    bucket,
    proxy,
    store,
    [Symbol.asyncDispose]: async () => {
      await bucket[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

/** The digest of a downloaded copy. */
async function copyOf(store: S3Store): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bucketgres-fault-"));
  try {
    await download(store, KEY, join(folder, "copy"));
    return sha256(await readFile(join(folder, "copy")));
  } finally {
    await rm(folder, { recursive: true });
  }
}
