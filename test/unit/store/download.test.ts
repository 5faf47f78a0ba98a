import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ObjectKey } from "../../../src/core/brands.ts";
import { DirectoryStore } from "../../../src/store/directory-store.ts";
import { download, openLocally } from "../../../src/store/download.ts";
import { ObjectChangedError } from "../../../src/store/object-store.ts";
import { startS3Store } from "../../support/s3-store-fixture.ts";
import { patternedBytes, sha256 } from "../../support/store-behaviour.ts";

const KEY = "orders.csv" as ObjectKey;
const MIB = 1024 * 1024;

test("up to 16 MiB it is one request, above it parts of 8 MiB under one ETag", async () => {
  const large = patternedBytes(16 * MIB + 1);
  await using fixture = await startS3Store({ small: large.subarray(1), large });
  await using folder = await makeFolder();
  const ranges = () => {
    const gets = fixture.s3.requests.filter(({ operation }) => operation === "GetObject");
    return new Set(gets.map(({ headers }) => headers["range"]));
  };

  await download(fixture.store, "small" as ObjectKey, join(folder.path, "small"));
  expect(ranges()).toEqual(new Set([undefined]));
  fixture.s3.forgetRequests();
  const object = await download(fixture.store, "large" as ObjectKey, join(folder.path, "large"));

  expect(ranges()).toEqual(
    new Set(["bytes=0-8388607", "bytes=8388608-16777215", "bytes=16777216-16777216"]),
  );
  const conditions = fixture.s3.requests.map(({ headers }) => headers["if-match"]);
  expect(new Set(conditions)).toEqual(new Set([undefined, `"${object.etag}"`]));
  expect(sha256(await readFile(join(folder.path, "large")))).toBe(sha256(large));
});

test("in a versioned bucket every part names the version", async () => {
  await using fixture = await startS3Store(
    { [KEY]: patternedBytes(17 * MIB) },
    { server: { versioned: true } },
  );
  await using folder = await makeFolder();

  const { versionId } = await download(fixture.store, KEY, join(folder.path, "copy"));

  const [, ...gets] = fixture.s3.requests;
  expect(gets.map(({ query }) => query["versionId"])).toEqual([versionId, versionId, versionId]);
});

test("an object that changes between two parts is read again from its head", async () => {
  const after = patternedBytes(17 * MIB + 3);
  await using fixture = await startS3Store({ [KEY]: patternedBytes(18 * MIB) });
  await using folder = await makeFolder();
  fixture.s3.faults.next({ fault: "overwrite", body: after, operation: "GetObject", skip: 1 });

  const object = await download(fixture.store, KEY, join(folder.path, "copy"));

  expect(object.sizeBytes).toBe(after.length);
  expect(sha256(await readFile(join(folder.path, "copy")))).toBe(sha256(after));
  expect(headsOf(fixture.s3.requests)).toBe(2);
});

test("a server that ignores If-Match mixes no two versions of a large object", async () => {
  const after = patternedBytes(40 * MIB).swap32();
  await using fixture = await startS3Store({ [KEY]: patternedBytes(40 * MIB) });
  await using folder = await makeFolder();
  fixture.s3.faults.next({
    fault: "ignore",
    headers: ["if-match"],
    operation: "GetObject",
    times: Number.POSITIVE_INFINITY,
  });
  // Just after the first part was sent.
  fixture.s3.events.once("faulty answer", () => fixture.s3.put("acme-data", KEY, after));

  const object = await download(fixture.store, KEY, join(folder.path, "copy"));

  expect(object.sizeBytes).toBe(after.length);
  expect(sha256(await readFile(join(folder.path, "copy")))).toBe(sha256(after));
  expect(headsOf(fixture.s3.requests)).toBe(2);
});

test("an object that gets shorter leaves nothing of its longer version", async () => {
  await using fixture = await startS3Store({ [KEY]: patternedBytes(17 * MIB) });
  await using folder = await makeFolder();
  fixture.s3.faults.next({ fault: "overwrite", body: "short", operation: "GetObject", skip: 2 });

  await download(fixture.store, KEY, join(folder.path, "copy"));

  expect(await readFile(join(folder.path, "copy"), "utf8")).toBe("short");
});

test("an object that keeps changing is given up after three new beginnings", async () => {
  await using fixture = await startS3Store({ [KEY]: "0" });
  await using folder = await makeFolder();
  for (const body of ["1", "2", "3", "4"]) {
    fixture.s3.faults.next({ fault: "overwrite", body, operation: "GetObject" });
  }

  await expect(download(fixture.store, KEY, join(folder.path, "copy"))).rejects.toMatchObject({
    sqlstate: "55006",
    message: '"orders.csv" in s3://acme-data changed 4 times while it was read',
    hint: "Write it less often, or write it under another name and put it in place when complete.",
  });
  expect(headsOf(fixture.s3.requests)).toBe(4);
  expect(await readdir(folder.path)).toEqual([]);
});

test("an object that is not there is told, and leaves no file", async () => {
  await using fixture = await startS3Store();
  await using folder = await makeFolder();

  await expect(download(fixture.store, KEY, join(folder.path, "copy"))).rejects.toMatchObject({
    sqlstate: "58P01",
    message: 'there is no "orders.csv" in s3://acme-data',
  });
  expect(await readdir(folder.path)).toEqual([]);
});

test("parts that break off go on, and the copy is exact", async () => {
  const body = patternedBytes(20 * MIB);
  await using fixture = await startS3Store({ [KEY]: body });
  await using folder = await makeFolder();
  fixture.s3.faults.next({ fault: "cut", afterBytes: MIB, operation: "GetObject", times: 3 });

  await download(fixture.store, KEY, join(folder.path, "copy"));

  expect(sha256(await readFile(join(folder.path, "copy")))).toBe(sha256(body));
});

test("the first part that fails ends the others and names the failure", async () => {
  await using fixture = await startS3Store(
    { [KEY]: patternedBytes(17 * MIB) },
    { patience: { attempts: 1 } },
  );
  await using folder = await makeFolder();
  // One part waits for ever unless the refusal of another ends it.
  fixture.s3.faults.next({ fault: "stall", afterBytes: 1000, operation: "GetObject" });
  fixture.s3.faults.next({ fault: "error", code: "AccessDenied", operation: "GetObject" });

  await expect(download(fixture.store, KEY, join(folder.path, "copy"))).rejects.toMatchObject({
    sqlstate: "42501",
  });
  expect(await readdir(folder.path)).toEqual([]);
});

test("aborting ends a download with the signal's reason, and leaves no file", async () => {
  await using fixture = await startS3Store({ [KEY]: patternedBytes(17 * MIB) });
  await using folder = await makeFolder();
  const controller = new AbortController();
  const reason = new Error("canceled by the user");
  fixture.s3.faults.next({
    fault: "stall",
    afterBytes: 1000,
    operation: "GetObject",
    times: Number.POSITIVE_INFINITY,
  });

  const downloading = download(fixture.store, KEY, join(folder.path, "copy"), {
    signal: controller.signal,
  });
  fixture.s3.events.once("faulty answer", () => controller.abort(reason));

  await expect(downloading).rejects.toBe(reason);
  expect(await readdir(folder.path)).toEqual([]);
});

test("a file that is there already is not written over", async () => {
  await using fixture = await startS3Store({ [KEY]: "new" });
  await using folder = await makeFolder();
  await writeFile(join(folder.path, "copy"), "precious");

  await expect(download(fixture.store, KEY, join(folder.path, "copy"))).rejects.toMatchObject({
    code: "EEXIST",
  });
  expect(await readFile(join(folder.path, "copy"), "utf8")).toBe("precious");
});

test("an object of a bucket is a local copy until it is given back", async () => {
  await using fixture = await startS3Store({ [KEY]: "content" });
  await using folder = await makeFolder();
  {
    await using local = await openLocally(fixture.store, KEY, { folder: folder.path });
    fixture.s3.put("acme-data", KEY, "other");

    expect(await readFile(local.path, "utf8")).toBe("content");
    expect(local.object.sizeBytes).toBe(7);
    await local.assertUnchanged();
  }
  expect(await readdir(folder.path)).toEqual([]);
});

test("a file of a directory is read in place, and says when it was written to", async () => {
  await using folder = await makeFolder();
  const store = new DirectoryStore("samples", folder.path);
  await writeFile(join(folder.path, KEY), "content");
  {
    await using local = await openLocally(store, KEY, { folder: "/nonexistent" });

    expect(await readFile(local.path, "utf8")).toBe("content");
    await local.assertUnchanged();
    await appendFile(local.path, "more");
    await expect(local.assertUnchanged()).rejects.toThrow(ObjectChangedError);
    await rm(local.path);
    await expect(local.assertUnchanged()).rejects.toThrow(ObjectChangedError);
    await writeFile(local.path, "new");
  }
  expect(await readdir(folder.path)).toEqual([KEY]);
});

function headsOf(requests: readonly { readonly operation: string }[]): number {
  return requests.filter(({ operation }) => operation === "HeadObject").length;
}

async function makeFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "bucketgres-local-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
