/** What a bucket asks of each request besides a signature: a payer, or the key of its objects. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ObjectKey } from "../../../src/core/brands.ts";
import { download } from "../../../src/store/download.ts";
import { S3Store } from "../../../src/store/s3-store.ts";
import { failureOf, startS3Store } from "../../support/s3-store-fixture.ts";
import { contentOf, describeStore, keysOf, patternedBytes } from "../../support/store-behaviour.ts";

const KEY = "orders.csv" as ObjectKey;
const CUSTOMER_KEY = Buffer.alloc(32, "k").toString("base64");

describeStore("a bucket of requester pays, whose objects have a key", {
  start: () =>
    startS3Store(
      {},
      {
        server: { pageSize: 7, requesterPays: true, customerKey: CUSTOMER_KEY },
        store: { requesterPays: true, customerKey: CUSTOMER_KEY },
      },
    ),
  manyObjects: 20,
});

describe("requester pays", () => {
  test("is said with every request of a store that is set so, and with no other", async () => {
    for (const requesterPays of [true, false]) {
      await using fixture = await startS3Store({ [KEY]: "x" }, { store: { requesterPays } });
      await contentOf(fixture.store, KEY);
      await fixture.store.head(KEY);
      await keysOf(fixture.store, "");

      const said = fixture.s3.requests.map(({ headers }) => headers["x-amz-request-payer"]);
      expect(said).toEqual(Array(3).fill(requesterPays ? "requester" : undefined));
    }
  });

  test("is named by the refusal of a bucket that asks for it", async () => {
    await using fixture = await startS3Store({ [KEY]: "x" }, { server: { requesterPays: true } });
    const told = {
      sqlstate: "42501",
      hint: expect.stringContaining('set "requester_pays: true" of store "lake"'),
    };

    expect(await failureOf(contentOf(fixture.store, KEY))).toMatchObject(told);
    expect(await failureOf(fixture.store.head(KEY))).toMatchObject(told);
    expect(await failureOf(keysOf(fixture.store, ""))).toMatchObject(told);
  });
});

describe("SSE-C", () => {
  const server = { customerKey: CUSTOMER_KEY };
  const HEADER = "x-amz-server-side-encryption-customer-";

  test("every request for an object brings the key and its MD5, a listing does not", async () => {
    await using fixture = await startS3Store({ [KEY]: "x" }, { server, store: server });
    await contentOf(fixture.store, KEY);
    await fixture.store.head(KEY);
    await keysOf(fixture.store, "");

    const [get, head, list] = fixture.s3.requests;
    const md5 = createHash("md5").update(Buffer.alloc(32, "k")).digest("base64");
    for (const request of [get, head]) {
      expect(request?.headers).toMatchObject({
        [`${HEADER}algorithm`]: "AES256",
        [`${HEADER}key`]: CUSTOMER_KEY,
        [`${HEADER}key-md5`]: md5,
      });
    }
    expect(Object.keys(list?.headers ?? {}).filter((name) => name.startsWith(HEADER))).toEqual([]);
  });

  test("a download in parts, some of which break off, brings the key each time", async () => {
    const body = patternedBytes(20 * 1024 * 1024);
    await using fixture = await startS3Store({ [KEY]: body }, { server, store: server });
    const folder = await mkdtemp(join(tmpdir(), "bucketgres-ssec-"));
    try {
      fixture.s3.faults.next({ fault: "cut", afterBytes: 5000, operation: "GetObject", times: 2 });
      await download(fixture.store, KEY, join(folder, "copy"));

      expect(body.equals(await readFile(join(folder, "copy")))).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("a store without the key, with another and with one too many each say what is wrong", async () => {
    await using encrypted = await startS3Store({ [KEY]: "x" }, { server });
    await using wrong = await startS3Store(
      { [KEY]: "x" },
      { server, store: { customerKey: randomBytes(32).toString("base64") } },
    );
    await using plain = await startS3Store({ [KEY]: "x" }, { store: server });

    for (const { store } of [encrypted]) {
      for (const failure of [
        await failureOf(contentOf(store, KEY)),
        await failureOf(store.head(KEY)),
      ]) {
        expect(failure).toMatchObject({
          sqlstate: "F0000",
          hint: 'If the object was written with SSE-C, give its key as "sse_c" of store "lake".',
        });
      }
    }
    expect(await failureOf(wrong.store.head(KEY))).toMatchObject({
      sqlstate: "42501",
      hint: expect.stringContaining('the key in "sse_c" may be another than the object\'s'),
    });
    expect(await failureOf(plain.store.head(KEY))).toMatchObject({
      sqlstate: "F0000",
      message: expect.stringContaining("not encrypted with a key that its reader brings (SSE-C)"),
      hint: 'Leave "sse_c" of store "lake" out, or write all its objects under that key.',
    });
  });

  test("the key is in no error, and in nothing that is printed of a store", async () => {
    const customerKey = randomBytes(32).toString("base64");
    await using fixture = await startS3Store({ [KEY]: "x" }, { server, store: { customerKey } });

    const failures = [
      await failureOf(contentOf(fixture.store, KEY)),
      await failureOf(fixture.store.head(KEY)),
    ];

    for (const failure of failures) {
      const { message, detail, hint, cause, stack } = failure;
      expect(JSON.stringify({ message, detail, hint, cause, stack })).not.toContain(customerKey);
    }
    expect(JSON.stringify(fixture.store)).not.toContain(customerKey);
  });

  test("a key of another length, and an endpoint without TLS, are refused", () => {
    const build = (endpoint: string | undefined, customerKey: string) => () =>
      new S3Store("lake", { bucket: "acme-data", endpoint, customerKey });

    expect(build(undefined, "c2hvcnQ=")).toThrow('"sse_c.key" of store "lake" is not a key');
    expect(build("http://minio.example", CUSTOMER_KEY)).toThrow(
      '"sse_c" of store "lake" needs https',
    );
    for (const endpoint of [undefined, "https://minio.example", "http://[::1]:9000"]) {
      expect(build(endpoint, CUSTOMER_KEY)).not.toThrow();
    }
  });
});

test("two stores of one bucket do not share what they say", async () => {
  await using fixture = await startS3Store({ [KEY]: "x" });
  const { endpoint, region, credentials } = fixture.s3;
  const other = new S3Store("other", {
    bucket: "acme-data",
    endpoint,
    region,
    credentials: { ...credentials, secretAccessKey: "wrong" },
    requesterPays: true,
  });

  const [first, second] = await Promise.allSettled([
    contentOf(fixture.store, KEY),
    contentOf(other, KEY),
  ]);

  expect(first).toMatchObject({ status: "fulfilled", value: "x" });
  expect(second).toMatchObject({
    status: "rejected",
    reason: { message: expect.stringContaining('of store "other"') },
  });
  const payers = fixture.s3.requests.map(({ headers }) => headers["x-amz-request-payer"]);
  expect(new Set(payers)).toEqual(new Set([undefined, "requester"]));
  other.close();
});
