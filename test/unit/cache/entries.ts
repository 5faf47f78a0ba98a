import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Cache, type CacheSettings, openCache } from "../../../src/cache/cache.ts";
import type { CacheEntry } from "../../../src/cache/cache-entry.ts";
import { manifestOfData } from "../../../src/cache/entry-files.ts";
import { entryKey } from "../../../src/cache/entry-key.ts";
import type { EntryFacts } from "../../../src/cache/publish.ts";
import type { TableDefinition } from "../../../src/catalog/catalog.ts";
import type { ETag, StoreName, WorkspaceName } from "../../../src/core/brands.ts";
import { createLogger } from "../../../src/observe/logger.ts";

const ETAG = '"e"' as ETag;
export const ACME = "acme" as WorkspaceName;

export const ORDERS: TableDefinition = {
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

export const MINUTE_MS = 60_000;

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "bucketgres-cache-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export function open(directory: string, settings: Partial<CacheSettings> = {}): Promise<Cache> {
  const log = createLogger({ level: "silent" });
  return openCache({ directory, sizeBytes: 1e9, log, ...settings });
}

export function facts(identity: string, loadedAt = new Date("2026-01-02T03:04:05Z")): EntryFacts {
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
export async function publish(
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

/** As if nobody had used the entry for so long. */
export async function age({ path }: CacheEntry, minutes: number): Promise<void> {
  const then = new Date(Date.now() - minutes * MINUTE_MS);
  await utimes(manifestOfData(path), then, then);
}
