import { appendFile, rm, stat, utimes } from "node:fs/promises";
import { expect, test } from "vitest";
import { manifestOfData } from "../../../src/cache/entry-files.ts";
import { recall } from "../../../src/cache/recall.ts";
import type { TableDefinition } from "../../../src/catalog/catalog.ts";
import type { WorkspaceName } from "../../../src/core/brands.ts";
import { ACME, age, ORDERS, open, publish, temporaryDirectory } from "./entries.ts";

const named = (name: string): TableDefinition => ({ ...ORDERS, name });

test("the newest version of a definition is found without knowing the source", async () => {
  const cache = await open(await temporaryDirectory());
  await publish(cache, "v1", { loadedAt: new Date(2000) });
  await publish(cache, "v3", { loadedAt: new Date(3000) });
  await publish(cache, "v2", { loadedAt: new Date(1000) });

  expect((await cache.newest(ACME, ORDERS))?.source.identity).toBe("v3");
  expect(await cache.newest(ACME, { ...ORDERS, onBadValue: "fail" })).toBeUndefined();
});

test("all tables of a workspace are recalled at once, by their definitions", async () => {
  const directory = await temporaryDirectory();
  const cache = await open(directory);
  const tables = ["orders", "orders-2", "a.b", "Käse", "x".repeat(200)].map(named);
  const published = new Map<TableDefinition, unknown>();
  for (const table of tables) published.set(table, await publish(cache, "v1", { table }));

  expect(await recall(directory, ACME, [...tables, named("never loaded")])).toEqual(published);
  expect(await recall(directory, "other" as WorkspaceName, tables)).toEqual(new Map());
  expect(await recall(`${directory}/missing`, ACME, tables)).toEqual(new Map());
});

test("what is damaged, gone or copied is not recalled, and an older version that is whole is", async () => {
  const cache = await open(await temporaryDirectory());
  const older = await publish(cache, "v1", { loadedAt: new Date(1) });
  const newer = await publish(cache, "v2", { loadedAt: new Date(2) });
  const gone = await publish(cache, "v1", { table: named("gone") });
  const unreadable = await publish(cache, "v1", { table: named("unreadable") });
  const copied = await publish(cache, "v1", { table: named("copied") });
  await appendFile(newer.path, "more");
  await rm(gone.path);
  await appendFile(manifestOfData(unreadable.path), "}");
  await utimes(copied.path, 1, 1);

  const recalled = await recall(cache.directory, ACME, [
    ORDERS,
    ...["gone", "unreadable", "copied"].map(named),
  ]);

  expect(recalled).toEqual(new Map([[ORDERS, older]]));
  // Where there is time to read it, a copy is found to be whole.
  expect(await cache.newest(ACME, named("copied"))).toEqual(copied);
});

test("the last good version counts as used when it is asked for", async () => {
  const cache = await open(await temporaryDirectory());
  const entry = await publish(cache, "v1");
  await age(entry, 300);
  await cache.newest(ACME, ORDERS);
  const { mtimeMs } = await stat(manifestOfData(entry.path));
  expect(Date.now() - mtimeMs).toBeLessThan(60_000);
});
