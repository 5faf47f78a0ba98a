/** Versions of an object in a bucket of an S3 server that others wrote. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { ObjectKey } from "../../src/core/brands.ts";
import { download } from "../../src/store/download.ts";
import { contentOf, keysOf, patternedBytes, sha256 } from "../support/store-behaviour.ts";
import { createBucket } from "./fresh-bucket.ts";
import { findRealServer, type RealServer } from "./real-server.ts";

process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const found = await findRealServer();
const missing = "missing" in found ? found.missing : await whyNotVersioned(found);
if (missing !== undefined) process.stderr.write(`test/s3/versions is skipped: ${missing}\n`);

const KEY = "sales/orders?100%.csv" as ObjectKey;
const MIB = 1024 * 1024;

describe.skipIf(missing !== undefined)("a versioned bucket of another's server", () => {
  afterAll(() => server().stop());

  test("an older version is read by its id, and the latest without one", async () => {
    await using bucket = await createBucket(server(), { versioned: true });
    const store = bucket.store();
    await bucket.put(KEY, "first");
    const first = await store.head(KEY);
    await bucket.put(KEY, "second!");
    const { versionId } = first ?? {};

    expect(versionId).toMatch(/./);
    expect(await store.head(KEY, { versionId })).toMatchObject({ versionId, sizeBytes: 5 });
    expect(await contentOf(store, KEY, { versionId })).toBe("first");
    expect(await contentOf(store, KEY, { versionId, range: { from: 1, to: 3 } })).toBe("ir");
    expect(await contentOf(store, KEY)).toBe("second!");
    expect(await keysOf(store, "")).toEqual([KEY]);
  });

  test("a pinned version outlives the deletion of its object", async () => {
    await using bucket = await createBucket(server(), { versioned: true });
    const store = bucket.store();
    const versionId = await bucket.put(KEY, "kept");
    await bucket.delete(KEY);

    expect(await contentOf(store, KEY, { versionId })).toBe("kept");
    expect(await store.head(KEY)).toBeUndefined();
    expect(await keysOf(store, "")).toEqual([]);
  });

  test("a large version is downloaded in parts although the object has changed since", async () => {
    await using bucket = await createBucket(server(), { versioned: true });
    const store = bucket.store();
    const body = patternedBytes(17 * MIB);
    const versionId = await bucket.put(KEY, body);
    await bucket.put(KEY, "later");
    const folder = await mkdtemp(join(tmpdir(), "bucketgres-version-"));
    try {
      const object = await download(store, KEY, join(folder, "copy"), { versionId });

      expect(object).toMatchObject({ versionId, sizeBytes: body.length });
      expect(sha256(await readFile(join(folder, "copy")))).toBe(sha256(body));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("a version that never was is told from an object that never was", async () => {
    await using bucket = await createBucket(server(), { versioned: true });
    const store = bucket.store();
    const versionId = await bucket.put(KEY, "x");
    const none = versionId?.replace(/.$/, (last) => (last === "0" ? "1" : "0"));

    await expect(contentOf(store, KEY, { versionId: none })).rejects.toMatchObject({
      sqlstate: "58P01",
      message: expect.stringContaining(`no such version "${none}"`),
    });
    expect(await store.head(KEY, { versionId: none })).toBeUndefined();
  });
});

function server(): RealServer {
  if ("missing" in found) throw new Error(found.missing);
  return found;
}

async function whyNotVersioned(real: RealServer): Promise<string | undefined> {
  try {
    await using bucket = await createBucket(real, { versioned: true });
    const versionId = await bucket.put("probe", "x");
    return versionId === undefined ? "the server keeps no versions" : undefined;
  } catch (error) {
    return `the server has no versioned buckets (${String(error)})`;
  }
}
