import { spawnSync } from "node:child_process";
import { copyFile, mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { manifestOfData } from "../../../src/cache/entry-files.ts";
import { entryKey, workspaceDirectory } from "../../../src/cache/entry-key.ts";
import { ownerName } from "../../../src/cache/owner.ts";
import { recall } from "../../../src/cache/recall.ts";
import type { TableDefinition } from "../../../src/catalog/catalog.ts";
import type { WorkspaceName } from "../../../src/core/brands.ts";
import { ACME, facts, ORDERS, open, publish, temporaryDirectory } from "./entries.ts";

const V1 = entryKey(ACME, ORDERS, "v1");

test("an entry survives a restart with all that is known of it, and cannot be written to", async () => {
  const directory = await temporaryDirectory();
  const published = await publish(await open(directory), "v1");

  const found = await (await open(directory)).lookup(V1);

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

test("a workspace never has the folder in which entries are built", () => {
  expect(workspaceDirectory("/cache", "tmp" as WorkspaceName)).not.toBe("/cache/tmp");
});

test("an entry that was damaged or cut off is none, and is built under a new path", async () => {
  const cache = await open(await temporaryDirectory());
  let { path } = await publish(cache, "v1");
  const damages: ((path: string) => Promise<void>)[] = [
    (data) => rm(data),
    (data) => rm(data).then(() => writeFile(data, "something")),
    (data) => rm(data).then(() => writeFile(data, "")),
    (data) => writeFile(manifestOfData(data), '{"format":2,"key":'),
    (data) => writeFile(manifestOfData(data), ""),
    (data) => rm(manifestOfData(data)),
  ];
  for (const damage of damages) {
    await damage(path);
    expect(await cache.lookup(V1)).toBeUndefined();
    const again = await publish(cache, "v1");
    expect(again.path).not.toBe(path);
    expect(await cache.lookup(V1)).toEqual(again);
    path = again.path;
  }
});

test("the manifest of another table, or one that names a file elsewhere, is none", async () => {
  const cache = await open(await temporaryDirectory());
  const other = await publish(cache, "v1", { table: { ...ORDERS, name: "other" } });
  const { path } = await publish(cache, "v1");

  await copyFile(manifestOfData(other.path), manifestOfData(path));
  expect(await cache.lookup(V1)).toBeUndefined();
  expect(await recall(cache.directory, ACME, [ORDERS])).toEqual(new Map());

  const manifest = { format: 2, key: V1, file: "../x-1.12345678.duckdb", entry: facts("v1") };
  await writeFile(manifestOfData(path), JSON.stringify(manifest));
  expect(await cache.lookup(V1)).toBeUndefined();
});

test("a copy with other times is checked by its content", async () => {
  const cache = await open(await temporaryDirectory());
  const { path } = await publish(cache, "v1");

  await utimes(path, new Date(0), new Date(0));
  expect(await cache.lookup(V1)).toBeDefined();

  await rm(path);
  await writeFile(path, "DATA of v1");
  expect(await cache.lookup(V1)).toBeUndefined();
});

test("bytes that changed behind an intact size and time are found when the file is suspected", async () => {
  const cache = await open(await temporaryDirectory());
  const entry = await publish(cache, "v1");
  expect(await cache.verify(entry)).toBe(true);
  const { atime, mtime } = await stat(entry.path);
  await writeFile(`${entry.path}.new`, "DATA of v1");
  await rename(`${entry.path}.new`, entry.path);
  await utimes(entry.path, atime, mtime);

  expect(await cache.verify(entry)).toBe(false);
  await expect(stat(entry.path)).rejects.toThrowError(/ENOENT/);
  expect(await cache.lookup(V1)).toBeUndefined();
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
  expect((await (await open(directory)).lookup(V1))?.path).toBe(entries[0]?.path);
  expect(await readdir(join(directory, "tmp"))).toEqual([]);
  expect(await readdir(join(directory, "acme"))).toHaveLength(2);
});

test("a retired entry is gone, and retiring it twice is no error", async () => {
  const directory = await temporaryDirectory();
  const cache = await open(directory);
  const entry = await publish(cache, "v1");
  await cache.retire(entry);
  await cache.retire(entry);
  expect(await readdir(join(directory, "acme"))).toEqual([]);
});

test("retiring the file of an earlier build leaves a later one in place", async () => {
  const cache = await open(await temporaryDirectory());
  const first = await publish(cache, "v1");
  await rm(first.path);
  const second = await publish(cache, "v1");
  await cache.retire(first);
  expect(await cache.lookup(V1)).toEqual(second);
});

test("what a dead process was building is removed, and what a living one builds is not", async () => {
  const directory = await temporaryDirectory();
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  const [host, place, own, start] = ownerName("1").split("~");
  const dead = [
    [host, place, pid, "1", "1"].join("~"),
    // The number is that of a living process which was started at another time.
    [host, place, own, "1", "2"].join("~"),
  ];
  const kept = [
    [host, place, own, start, "engine-0"].join("~"),
    "other-host~0123456789ab~1~1~3",
    "something-else",
  ];
  for (const name of [...dead, ...kept]) {
    await mkdir(join(directory, "tmp", name), { recursive: true });
    await writeFile(join(directory, "tmp", name, "build.duckdb"), "half");
  }
  await open(directory);
  expect((await readdir(join(directory, "tmp"))).toSorted()).toEqual(kept.toSorted());
});
