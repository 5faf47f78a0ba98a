import { once } from "node:events";
import { expect, test, vi } from "vitest";
import type { ETag, ObjectKey } from "../../../src/core/brands.ts";
import { ObjectChangedError } from "../../../src/store/object-store.ts";
import { S3Store } from "../../../src/store/s3-store.ts";
import { SHORT_WAITS, startS3Store } from "../../support/s3-store-fixture.ts";
import {
  bytesOf,
  contentOf,
  describeStore,
  keysOf,
  pagesOf,
  patternedBytes,
  sha256,
} from "../../support/store-behaviour.ts";

const KEY = "orders.csv" as ObjectKey;
/** Long enough that a fault can hit its middle, short enough to be sent at once. */
const BODY = patternedBytes(300_000);

describeStore("a bucket", {
  start: () => startS3Store({}, { server: { pageSize: 7 } }),
  manyObjects: 20,
});
describeStore("a versioned bucket", {
  start: () => startS3Store({}, { server: { versioned: true, pageSize: 7 } }),
  manyObjects: 20,
});

test("control characters in keys survive a listing", async () => {
  await using fixture = await startS3Store({ "bell\u0007\u0001.csv": "x" });

  expect(await keysOf(fixture.store, "")).toEqual(["bell\u0007\u0001.csv"]);
  // The SDK's reader of XML forgives them; what other servers write there is not XML at all.
  expect(fixture.s3.requests[0]?.query["encoding-type"]).toBe("url");
});

test("a listing is in the order of UTF-8 bytes, which is not that of JavaScript's strings", async () => {
  await using fixture = await startS3Store({ "\u{1F600}": "x", "\uFFFD": "x" });

  expect(await keysOf(fixture.store, "")).toEqual(["\uFFFD", "\u{1F600}"]);
});

test("an older version stays readable by its id, and is pinned by it", async () => {
  await using fixture = await startS3Store({}, { server: { versioned: true } });
  await fixture.put(KEY, "first");
  const first = await fixture.store.head(KEY);
  await fixture.put(KEY, "second");
  const { versionId } = first ?? {};

  expect(versionId).toMatch(/^[0-9a-f-]{36}$/);
  expect(await contentOf(fixture.store, KEY, { versionId })).toBe("first");
  expect(await fixture.store.head(KEY, { versionId })).toEqual(first);
  expect(await contentOf(fixture.store, KEY)).toBe("second");
  expect(await fixture.store.head(KEY, { versionId: "no-such-version" })).toBeUndefined();
});

test("a deleted object of a versioned bucket is not there", async () => {
  await using fixture = await startS3Store({ [KEY]: "x" }, { server: { versioned: true } });
  fixture.s3.delete("acme-data", KEY);

  expect(await fixture.store.head(KEY)).toBeUndefined();
  expect(await keysOf(fixture.store, "")).toEqual([]);
});

test.each([
  ["SlowDown", 1],
  ["InternalError", 3],
] as const)("%s that ends after %d times is not noticed", async (code, times) => {
  await using fixture = await startS3Store({ [KEY]: "x" }, { patience: { attempts: 5 } });
  fixture.s3.faults.next({ fault: "error", code, times });

  expect(await contentOf(fixture.store, KEY)).toBe("x");
  expect(fixture.s3.requests).toHaveLength(times + 1);
});

test("a server that does not answer at first is asked again", async () => {
  await using fixture = await startS3Store({ [KEY]: "x" }, { patience: SHORT_WAITS });
  fixture.s3.faults.next({ fault: "stall", afterBytes: 0 });

  expect(await contentOf(fixture.store, KEY)).toBe("x");
});

test.each([
  { fault: "cut", afterBytes: 70_000 },
  { fault: "stall", afterBytes: 70_000 },
  { fault: "wrong length", bytes: 70_000 },
] as const)("a body that suffers a $fault goes on where it broke off", async (fault) => {
  const patience = fault.fault === "stall" ? SHORT_WAITS : {};
  await using fixture = await startS3Store({ [KEY]: BODY }, { patience });
  fixture.s3.faults.next(fault);

  expect(sha256(await bytesOf(await fixture.store.get(KEY)))).toBe(sha256(BODY));
  const [first, second] = fixture.s3.requests.filter(({ operation }) => operation === "GetObject");
  expect(first?.headers["range"]).toBeUndefined();
  expect(second?.headers["range"]).toMatch(/^bytes=[1-9]\d*-299999$/);
  expect(second?.headers["if-match"]).toBe((await etagOf(fixture.store)).quoted);
});

test("a range that breaks off twice goes on each time", async () => {
  await using fixture = await startS3Store({ [KEY]: BODY });
  fixture.s3.faults.next({ fault: "cut", afterBytes: 50_000, times: 2 });

  const bytes = await bytesOf(await fixture.store.get(KEY, { range: { from: 1000, to: 250_000 } }));

  expect(sha256(bytes)).toBe(sha256(BODY.subarray(1000, 250_000)));
  expect(fixture.s3.requests).toHaveLength(3);
});

test("a resumption asks for the same version again", async () => {
  await using fixture = await startS3Store({ [KEY]: BODY }, { server: { versioned: true } });
  const { versionId } = (await fixture.store.head(KEY)) ?? {};
  fixture.s3.faults.next({ fault: "cut", afterBytes: 1000, operation: "GetObject" });

  await bytesOf(await fixture.store.get(KEY, { versionId }));

  const gets = fixture.s3.requests.filter(({ operation }) => operation === "GetObject");
  expect(gets.map(({ query }) => query["versionId"])).toEqual([versionId, versionId]);
});

test("a body that breaks off again and again without progress is given up", async () => {
  await using fixture = await startS3Store({ [KEY]: BODY });
  fixture.s3.faults.next({ fault: "cut", afterBytes: 1, times: Number.POSITIVE_INFINITY });

  await expect(contentOf(fixture.store, KEY)).rejects.toMatchObject({
    sqlstate: "58030",
    message: expect.stringMatching(
      /^could not read "s3:\/\/acme-data\/orders\.csv" of store "lake": the transfer broke off at byte [0-4] of 300000, after 3 resumptions without progress$/,
    ),
    hint: "It is tried again at the next refresh.",
  });
  expect(fixture.s3.requests).toHaveLength(4);
});

test("a body that breaks off often, but each time later, arrives", async () => {
  const body = patternedBytes(12 * 1024 * 1024);
  await using fixture = await startS3Store({ [KEY]: body });
  fixture.s3.faults.next({ fault: "cut", afterBytes: 2 * 1024 * 1024, times: 5 });

  expect(sha256(await bytesOf(await fixture.store.get(KEY)))).toBe(sha256(body));
  expect(fixture.s3.requests).toHaveLength(6);
});

test("an object that is overwritten while its body is broken has changed", async () => {
  await using fixture = await startS3Store({ [KEY]: BODY });
  fixture.s3.faults.next({ fault: "cut", afterBytes: 1000 });
  fixture.s3.faults.next({ fault: "overwrite", body: "other" });

  await expect(contentOf(fixture.store, KEY)).rejects.toThrow(ObjectChangedError);
});

test("an object that is deleted while its body is broken has changed", async () => {
  await using fixture = await startS3Store({ [KEY]: BODY });
  fixture.s3.faults.next({ fault: "cut", afterBytes: 1000 });
  fixture.s3.faults.next({ fault: "delete" });

  await expect(contentOf(fixture.store, KEY)).rejects.toThrow(ObjectChangedError);
});

test("a server that ignores If-Match is found out by the ETag of its answer", async () => {
  await using fixture = await startS3Store({ [KEY]: "new" });
  fixture.s3.faults.next({ fault: "ignore", headers: ["if-match"] });

  await expect(contentOf(fixture.store, KEY, { ifMatch: "old" as ETag })).rejects.toThrow(
    ObjectChangedError,
  );
});

test("a range beyond the end of another version is no end", async () => {
  await using fixture = await startS3Store({ [KEY]: "0123456789" });
  const ifMatch = (await fixture.store.head(KEY))?.etag ?? ("" as ETag);
  await fixture.put(KEY, "short");
  // Then the server looks at the range first, and says 416 where others say 412.
  fixture.s3.faults.next({ fault: "ignore", headers: ["if-match"] });

  await expect(
    contentOf(fixture.store, KEY, { ifMatch, range: { from: 6, to: 8 } }),
  ).rejects.toThrow(ObjectChangedError);
});

test("a server that ignores Range is found out", async () => {
  await using fixture = await startS3Store({ [KEY]: "0123456789" });
  fixture.s3.faults.next({ fault: "ignore", headers: ["range"] });

  await expect(contentOf(fixture.store, KEY, { range: { from: 2, to: 4 } })).rejects.toMatchObject({
    sqlstate: "58030",
    message:
      'could not read "s3://acme-data/orders.csv" of store "lake": S3 did not keep to the range of bytes asked for',
  });
});

test("more bytes than announced are an error", async () => {
  await using fixture = await startS3Store({ [KEY]: "0123456789" });
  fixture.s3.faults.next({ fault: "wrong length", bytes: 12, operation: "GetObject" });

  await expect(contentOf(fixture.store, KEY, { range: { from: 0, to: 10 } })).rejects.toMatchObject(
    {
      sqlstate: "58030",
      message:
        'could not read "s3://acme-data/orders.csv" of store "lake": S3 sent more bytes than it announced',
    },
  );
});

test("bytes that do not match their checksum are an error", async () => {
  await using fixture = await startS3Store({ [KEY]: BODY });
  fixture.s3.faults.next({ fault: "flipped bit" });

  await expect(contentOf(fixture.store, KEY)).rejects.toMatchObject({
    sqlstate: "58030",
    message:
      'could not read "s3://acme-data/orders.csv" of store "lake": the bytes do not match their checksum',
  });
});

test("a body without a length is measured against the object's own", async () => {
  await using fixture = await startS3Store({ [KEY]: BODY });
  fixture.s3.faults.next({ fault: "wrong length", bytes: 300_000 });

  expect(sha256(await bytesOf(await fixture.store.get(KEY)))).toBe(sha256(BODY));
  expect(fixture.s3.requests.map(({ operation }) => operation)).toEqual([
    "GetObject",
    "HeadObject",
  ]);
});

test("a slow server is waited for as long as bytes keep coming", async () => {
  const idleTimeoutMs = 1000;
  await using fixture = await startS3Store(
    { [KEY]: "0123456789" },
    { patience: { idleTimeoutMs } },
  );
  // Together longer than the longest pause, each piece far shorter.
  fixture.s3.faults.next({ fault: "slow", firstByteMs: 100, pieceBytes: 1, everyMs: 120 });

  expect(await contentOf(fixture.store, KEY)).toBe("0123456789");
  expect(fixture.s3.requests).toHaveLength(1);
});

test("aborting while the server keeps us waiting ends at once, with the signal's reason", async () => {
  await using fixture = await startS3Store({ [KEY]: BODY });
  fixture.s3.faults.next({ fault: "stall", afterBytes: 1000 });
  const controller = new AbortController();
  const reason = new Error("canceled by the user");
  const stream = await fixture.store.get(KEY, { signal: controller.signal });

  const reading = (async () => {
    for await (const _ of stream) controller.abort(reason);
  })();

  await expect(reading).rejects.toBe(reason);
});

test("a stream that nobody reads on lets go of its connection", async () => {
  await using fixture = await startS3Store({ [KEY]: BODY });
  const closed = once(fixture.s3.events, "connection closed");
  fixture.s3.faults.next({ fault: "stall", afterBytes: 1000 });

  (await fixture.store.get(KEY)).destroy();

  expect(await closed).toEqual([]);
});

test("a body that breaks before it is read is heard of by its reader only", async () => {
  await using fixture = await startS3Store({ [KEY]: BODY }, { patience: { resumptions: 0 } });
  const closed = once(fixture.s3.events, "connection closed");
  fixture.s3.faults.next({ fault: "cut", afterBytes: 1000 });
  const stream = await fixture.store.get(KEY);
  await closed;

  await expect(bytesOf(stream)).rejects.toMatchObject({ sqlstate: "58030" });
});

test("a listing that never ends is given up", async () => {
  await using fixture = await startS3Store({ a: "1", b: "2" }, { server: { pageSize: 1 } });
  fixture.s3.faults.next({ fault: "repeat page", times: Number.POSITIVE_INFINITY });

  await expect(pagesOf(fixture.store, "")).rejects.toMatchObject({
    sqlstate: "58030",
    message:
      'could not list "s3://acme-data/" of store "lake": S3 does not say how the listing goes on',
  });
});

test("a session token is sent along", async () => {
  await using fixture = await startS3Store(
    { [KEY]: "x" },
    { server: { sessionToken: "token+/=" } },
  );

  expect(await contentOf(fixture.store, KEY)).toBe("x");
});

test("the SDK's notice about the version of Node.js stays unwritten", async () => {
  const warned = vi.spyOn(process, "emitWarning");
  await using fixture = await startS3Store({ [KEY]: "x" });

  await contentOf(fixture.store, KEY);

  expect(warned).not.toHaveBeenCalled();
  warned.mockRestore();
});

test.each([
  ["minio:9000", '"endpoint" of store "lake" is not an http(s) URL'],
  ["minio.example", '"endpoint" of store "lake" is not an http(s) URL'],
  ["ftp://minio.example", '"endpoint" of store "lake" is not an http(s) URL'],
  ["https://key:secret@minio.example", '"endpoint" of store "lake" holds a password'],
])("the endpoint %s is refused", (endpoint, message) => {
  expect(() => new S3Store("lake", { bucket: "acme-data", endpoint })).toThrow(
    expect.objectContaining({ sqlstate: "F0000", message }),
  );
});

async function etagOf(store: S3Store): Promise<{ quoted: string }> {
  return { quoted: `"${(await store.head(KEY))?.etag}"` };
}
