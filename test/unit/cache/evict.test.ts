import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { manifestOfData } from "../../../src/cache/entry-files.ts";
import { entryKey } from "../../../src/cache/entry-key.ts";
import { chooseEvicted } from "../../../src/cache/evict.ts";
import { touchServed } from "../../../src/cache/touch.ts";
import type { TableDefinition } from "../../../src/catalog/catalog.ts";
import { createLogger } from "../../../src/observe/logger.ts";
import { ACME, age, MINUTE_MS, ORDERS, open, publish, temporaryDirectory } from "./entries.ts";

const OTHER: TableDefinition = { ...ORDERS, name: "other" };
const key = (identity: string, table = ORDERS) => entryKey(ACME, table, identity);

test("beyond the budget replaced versions go, least recently used first, and served ones stay", async () => {
  const cache = await open(await temporaryDirectory(), { sizeBytes: 250 });
  const content = "x".repeat(100);
  for (const [index, identity] of ["v1", "v2", "v3"].entries()) {
    await publish(cache, identity, { content, loadedAt: new Date(index) });
  }
  expect(await cache.lookup(key("v1"))).toBeUndefined();
  expect(await cache.lookup(key("v2"))).toBeDefined();

  const served = await publish(cache, "v1", { table: OTHER, content: "x".repeat(240) });
  expect(await cache.lookup(key("v2"))).toBeUndefined();
  expect(await cache.lookup(key("v3"))).toBeDefined();
  expect(await cache.lookup(key("v1", OTHER))).toEqual(served);
});

test("the newest version of a table that nobody uses for an hour may go, and a served one may not", async () => {
  const cache = await open(await temporaryDirectory(), { sizeBytes: 5 });
  const served = await publish(cache, "v1");
  const idle = await publish(cache, "v1", { table: OTHER });
  await age(served, 300);
  await age(idle, 300);

  await touchServed([served.path]);
  await cache.sweep();

  expect(await cache.lookup(key("v1"))).toEqual(served);
  await expect(stat(idle.path)).rejects.toThrowError(/ENOENT/);
});

test("a replaced version that nobody uses goes soon, and one that another gateway serves does not", async () => {
  const cache = await open(await temporaryDirectory());
  const served = await publish(cache, "v1", { loadedAt: new Date(1) });
  const unused = await publish(cache, "v2", { loadedAt: new Date(2) });
  await publish(cache, "v3", { loadedAt: new Date(3) });
  await age(served, 10);
  await age(unused, 20);

  await cache.sweep();

  expect(await cache.lookup(key("v1"))).toEqual(served);
  expect(await cache.lookup(key("v2"))).toBeUndefined();
  expect(await cache.lookup(key("v3"))).toBeDefined();
});

test("within the budget nothing that is the newest of its table goes, however old", async () => {
  const cache = await open(await temporaryDirectory());
  const entry = await publish(cache, "v1");
  await age(entry, 100_000);
  await cache.sweep();
  expect(await cache.lookup(key("v1"))).toEqual(entry);
});

test("files that belong to no entry go after a while, and foreign files never", async () => {
  const directory = await temporaryDirectory();
  const cache = await open(directory);
  const { path } = await publish(cache, "v1");
  await rm(manifestOfData(path));
  const foreign = join(directory, "acme", "notes.duckdb");
  await writeFile(foreign, "mine");
  await writeFile(join(directory, "shadow-1.tar"), "x");

  const { ctimeMs } = await stat(path);
  const survey = { entries: [], orphans: [{ path, changedMs: ctimeMs }] };
  const soon = chooseEvicted(survey, { sizeBytes: 1e9, now: ctimeMs + MINUTE_MS });
  const later = chooseEvicted(survey, { sizeBytes: 1e9, now: ctimeMs + 20 * MINUTE_MS });
  await cache.sweep();

  expect(soon.orphans).toEqual([]);
  expect(later.orphans).toEqual([path]);
  expect(new Set(await readdir(join(directory, "acme")))).toEqual(
    new Set([basename(path), "notes.duckdb"]),
  );
});

test("a cache that is too large, and all of it in use, is not searched for each new entry", async () => {
  const lines: string[] = [];
  const log = createLogger({ level: "warn", destination: { write: (line) => lines.push(line) } });
  const cache = await open(await temporaryDirectory(), { sizeBytes: 5, log });
  for (const index of Array.from({ length: 20 }).keys()) {
    await publish(cache, "v1", { table: { ...ORDERS, name: `t${index}` } });
  }
  expect(lines.filter((line) => line.includes("all of it is in use"))).toHaveLength(1);
});
