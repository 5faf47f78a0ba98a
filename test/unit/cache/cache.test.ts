import { spawnSync } from "node:child_process";
import { appendFile, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Cache, type EntryFacts, openCache } from "../../../src/cache/cache.ts";
import type { CacheEntry } from "../../../src/cache/cache-entry.ts";
import { entryKey } from "../../../src/cache/entry-key.ts";
import type { TableDefinition } from "../../../src/catalog/catalog.ts";
import type { ETag, StoreName, WorkspaceName } from "../../../src/core/brands.ts";
import { createLogger } from "../../../src/observe/logger.ts";

const ETAG = '"e"' as ETag;
const ACME = "acme" as WorkspaceName;

const ORDERS: TableDefinition = {
  schema: "public",
  name: "orders",
  description: undefined,
  source: {
    text: "lake:orders.csv",
    store: "lake" as StoreName,
    pattern: "orders.csv",
    isGlob: false,
    versionId: undefined,
  },
  options: { format: "csv", csv: {} },
  columns: new Map(),
  names: "normalized",
  primaryKey: [],
  foreignKeys: [],
  onBadValue: "reject",
  refreshMs: undefined,
};

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "bucketgres-cache-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function open(directory: string, sizeBytes = 1e9): Promise<Cache> {
  return openCache({ directory, sizeBytes, log: createLogger({ level: "silent" }) });
}

function facts(identity: string, loadedAt = new Date("2026-01-02T03:04:05Z")): EntryFacts {
  return {
    columns: [{ name: "id", duckdbType: "BIGINT", header: "ID", notNull: true }],
    rowCount: 3,
    rejectedCount: 1,
    warnings: ['column "x" is text'],
    source: {
      identity,
      objectCount: 1,
      bytes: 10,
      etag: ETAG,
      versionId: undefined,
      lastModified: new Date("2026-01-01T00:00:00Z"),
    },
    loadedAt,
    loadMs: 5,
  };
}

/** Publishes a file with this content as a version of the table. */
async function publish(
  cache: Cache,
  identity: string,
  settings: { table?: TableDefinition; content?: string; loadedAt?: Date } = {},
): Promise<CacheEntry> {
  await using directory = await cache.makeBuildDirectory();
  const built = join(directory.path, "build.duckdb");
  await writeFile(built, settings.content ?? `data of ${identity}`);
  const key = entryKey(ACME, settings.table ?? ORDERS, identity);
  return await cache.publish(key, built, facts(identity, settings.loadedAt));
}

test("an entry survives a restart with all that is known of it, and cannot be written to", async () => {
  const directory = await temporaryDirectory();
  const published = await publish(await open(directory), "v1");

  const found = await (await open(directory)).lookup(entryKey(ACME, ORDERS, "v1"));

  expect(found).toEqual({ ...facts("v1"), path: published.path, fileBytes: "data of v1".length });
  expect((await stat(published.path)).mode & 0o777).toBe(0o444);
  expect(published.path.startsWith(join(directory, "acme", "orders-"))).toBe(true);
});

test("another version, definition or workspace is another entry; a description is none", async () => {
  const hash = (table: TableDefinition, identity = "v1"): string =>
    entryKey(ACME, table, identity).hash;
  const type = { name: undefined, type: "text", description: undefined, hidden: false };
  const others = [
    hash(ORDERS, "v2"),
    hash({ ...ORDERS, name: "Orders" }),
    hash({ ...ORDERS, options: { format: "csv", csv: { delimiter: ";" } } }),
    hash({ ...ORDERS, columns: new Map([["id", type]]) }),
    hash({ ...ORDERS, onBadValue: "fail" }),
  ];
  expect(new Set([hash(ORDERS), ...others]).size).toBe(others.length + 1);
  expect(hash({ ...ORDERS, description: "All of them", refreshMs: 5 })).toBe(hash(ORDERS));
});

test("names that no file could have are kept apart all the same", async () => {
  const cache = await open(await temporaryDirectory());
  const first = await publish(cache, "v1", { table: { ...ORDERS, name: "a/b" } });
  const second = await publish(cache, "v1", { table: { ...ORDERS, name: "a\\b" } });
  expect(first.path).not.toBe(second.path);
});

test("an entry that was damaged or cut off is none, and can be published again", async () => {
  const cache = await open(await temporaryDirectory());
  const key = entryKey(ACME, ORDERS, "v1");
  const { path } = await publish(cache, "v1");

  await rm(path);
  await writeFile(path, "something");
  expect(await cache.lookup(key)).toBeUndefined();
  await publish(cache, "v1");
  expect(await cache.lookup(key)).toBeDefined();

  await rm(path);
  expect(await cache.lookup(key)).toBeUndefined();
  await publish(cache, "v1");
  await appendFile(path.replace(".duckdb", ".json"), "}");
  expect(await cache.lookup(key)).toBeUndefined();
});

test("a copy with other times is checked by its content", async () => {
  const cache = await open(await temporaryDirectory());
  const key = entryKey(ACME, ORDERS, "v1");
  const { path } = await publish(cache, "v1");

  await utimes(path, new Date(0), new Date(0));
  expect(await cache.lookup(key)).toBeDefined();

  await rm(path);
  await writeFile(path, "DATA of v1");
  expect(await cache.lookup(key)).toBeUndefined();
});

test("builders of the same entry all end with one that is whole", async () => {
  const directory = await temporaryDirectory();
  const caches = await Promise.all(Array.from({ length: 4 }, () => open(directory)));

  const entries = await Promise.all(
    caches.flatMap((cache, index) => [
      publish(cache, "v1", { content: `made by ${index}` }),
      publish(cache, "v1", { content: `made by ${index} again` }),
    ]),
  );

  expect(new Set(entries.map(({ path }) => path)).size).toBe(1);
  // Whoever came last may have put another file in place than the manifest says: built again then.
  const last = await open(directory);
  await publish(last, "v1");
  expect(await last.lookup(entryKey(ACME, ORDERS, "v1"))).toBeDefined();
  expect(await readdir(join(directory, "tmp"))).toEqual([]);
});

test("the newest version of a definition is found without knowing the source", async () => {
  const cache = await open(await temporaryDirectory());
  await publish(cache, "v1", { loadedAt: new Date(2000) });
  await publish(cache, "v3", { loadedAt: new Date(3000) });
  await publish(cache, "v2", { loadedAt: new Date(1000) });

  expect((await cache.newest(ACME, ORDERS))?.source.identity).toBe("v3");
  expect(await cache.newest(ACME, { ...ORDERS, onBadValue: "fail" })).toBeUndefined();
});

test("a retired entry is gone, and retiring it twice is no error", async () => {
  const directory = await temporaryDirectory();
  const cache = await open(directory);
  const entry = await publish(cache, "v1");
  await cache.retire(entry);
  await cache.retire(entry);
  expect(await readdir(join(directory, "acme"))).toEqual([]);
});

test("beyond the budget replaced versions go, least recently used first, and served ones stay", async () => {
  const directory = await temporaryDirectory();
  const cache = await open(directory, 250);
  const content = "x".repeat(100);
  for (const [index, identity] of ["v1", "v2", "v3"].entries()) {
    await publish(cache, identity, { content, loadedAt: new Date(index) });
  }
  expect(await cache.lookup(entryKey(ACME, ORDERS, "v1"))).toBeUndefined();
  expect(await cache.lookup(entryKey(ACME, ORDERS, "v2"))).toBeDefined();

  const other = { ...ORDERS, name: "other" };
  const served = await publish(cache, "v1", { table: other, content: "x".repeat(240) });
  expect(await cache.lookup(entryKey(ACME, ORDERS, "v2"))).toBeUndefined();
  expect(await cache.lookup(entryKey(ACME, ORDERS, "v3"))).toBeDefined();
  expect(await cache.lookup(entryKey(ACME, other, "v1"))).toEqual(served);
});

test("the newest version of a table that nobody looked at for days may go, unless it is in use", async () => {
  const cache = await open(await temporaryDirectory(), 5);
  const entry = await publish(cache, "v1");
  const manifest = entry.path.replace(".duckdb", ".json");
  const longAgo = new Date(Date.now() - 48 * 3_600_000);

  await utimes(manifest, longAgo, longAgo);
  await cache.evict(new Set([entry.path]));
  expect(await stat(entry.path)).toBeDefined();
  await cache.evict();
  await expect(stat(entry.path)).rejects.toThrowError(/ENOENT/);
});

test("what a dead process was building is removed, and what a living one builds is not", async () => {
  const directory = await temporaryDirectory();
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  const names = [
    `${hostname()}~${dead}~1`,
    `${hostname()}~${process.pid}~2`,
    "other-host~1~3",
    "engine-1-0",
  ];
  for (const name of names) {
    await mkdir(join(directory, "tmp", name), { recursive: true });
    await writeFile(join(directory, "tmp", name, "build.duckdb"), "half");
  }
  await open(directory);
  expect((await readdir(join(directory, "tmp"))).toSorted()).toEqual(names.slice(1).toSorted());
});
