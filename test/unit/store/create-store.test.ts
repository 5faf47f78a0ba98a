import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import type { StoreName } from "../../../src/core/brands.ts";
import { createStore } from "../../../src/store/create-store.ts";
import { startS3Server } from "../../support/s3-server/s3-server.ts";
import { contentOf } from "../../support/store-behaviour.ts";

test("a directory store is described by its absolute path", async () => {
  const path = await mkdtemp(join(tmpdir(), "bucketgres-create-"));
  try {
    await writeFile(join(path, "a.csv"), "a");
    const store = createStore("samples" as StoreName, {
      type: "directory",
      path: relative(process.cwd(), path),
    });

    expect(store.description).toBe(path);
    expect(await contentOf(store, "a.csv")).toBe("a");
  } finally {
    await rm(path, { recursive: true });
  }
});

test("an S3 store is described by its bucket, without secrets", async () => {
  await using s3 = await startS3Server({ buckets: { "acme-data": { "a.csv": "a" } } });
  const { endpoint, credentials } = s3;
  const store = createStore("lake" as StoreName, {
    type: "s3",
    bucket: "acme-data",
    region: undefined,
    endpoint,
    pathStyle: true,
    credentials,
  });

  expect(store.description).toBe("s3://acme-data");
  expect(JSON.stringify(store)).not.toContain(credentials.secretAccessKey);
  expect(await contentOf(store, "a.csv")).toBe("a");
  store.close();
});

test("an S3 store connects to nothing before it is asked for something", async () => {
  await using s3 = await startS3Server({ buckets: { "acme-data": {} } });
  const { endpoint, credentials } = s3;

  createStore("lake" as StoreName, {
    type: "s3",
    bucket: "acme-data",
    endpoint,
    credentials,
  }).close();

  expect(s3.requests).toEqual([]);
});
