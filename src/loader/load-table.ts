import { statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Cache } from "../cache/cache.ts";
import { entryKey } from "../cache/entry-key.ts";
import type { StoreName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { Logger } from "../observe/logger.ts";
import { type LocalObject, openLocally } from "../store/download.ts";
import { ObjectChangedError, type ObjectInfo, type ObjectStore } from "../store/object-store.ts";
import { buildEntry, type EngineLimits } from "./build-entry.ts";
import type { LoadOutcome, LoadRequest } from "./loader.ts";
import { findObjects, versionOf } from "./source-objects.ts";

export interface LoadTools {
  readonly stores: ReadonlyMap<StoreName, ObjectStore>;
  readonly cache: Cache;
  readonly limits: EngineLimits;
  readonly log: Logger;
}

/** How often a file may be written to while it is read before we give up. */
const ATTEMPTS = 4;
/** Downloads of one table at a time. */
const PARALLEL_DOWNLOADS = 6;
/** With less free space a write error is taken for a full disk. */
const FULL_DISK_BYTES = 64 * 1024 * 1024;

/** Rejects only with the reason of `signal`. */
export async function loadTable(
  request: LoadRequest,
  tools: LoadTools,
  signal: AbortSignal,
): Promise<LoadOutcome> {
  const { workspace, table, suspected } = request;
  const isWhole = suspected === undefined || (await tools.cache.verify({ path: suspected }));
  const known = isWhole ? request.known : undefined;
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await loadOnce({ workspace, table, known }, tools, signal);
      } catch (error) {
        if (!(error instanceof ObjectChangedError)) throw error;
        if (attempt === ATTEMPTS) throw keepsChanging(request, error);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    const failure = await explain(error, request, tools);
    const lastGood = known === undefined ? await tools.cache.newest(workspace, table) : undefined;
    return { outcome: "failed", error: failure.toFields(), lastGood };
  }
}

async function loadOnce(
  { workspace, table, known }: LoadRequest,
  { stores, cache, limits }: LoadTools,
  signal: AbortSignal,
): Promise<LoadOutcome> {
  const startedAt = performance.now();
  const store = stores.get(table.source.store);
  if (store === undefined) throw unknownStore(table.source.store);
  const objects = await findObjects(store, table.source, signal);
  const seen = versionOf(objects);
  const seenKey = entryKey(workspace, table, seen.identity);
  if (known?.identity === seen.identity) return { outcome: "unchanged" };
  const turn = await cache.claim(seenKey, signal);
  if (turn.outcome === "built") return { outcome: "loaded", entry: turn.entry };

  // Given up when the entry is published or cannot be built, behind all else.
  await using _claim = turn.claim;
  await using directory = await cache.makeBuildDirectory();
  await using files = await openAll(store, objects, table.source.versionId, directory.path, signal);
  // What was opened counts, which may be newer than what was found.
  const source = versionOf(files.all.map(({ object }) => object));
  const built = await buildEntry({
    table,
    sources: files.all.map(({ object, path }) => ({ name: object.key, path })),
    directory: directory.path,
    limits,
    signal,
  });
  for (const file of files.all) await file.assertUnchanged();
  const { path, ...facts } = built;
  const entry = await cache.publish(entryKey(workspace, table, source.identity), path, {
    ...facts,
    source,
    loadedAt: new Date(),
    loadMs: Math.round(performance.now() - startedAt),
  });
  return { outcome: "loaded", entry };
}

interface OpenedFiles extends AsyncDisposable {
  readonly all: readonly LocalObject[];
}

/** In the order of the objects. */
async function openAll(
  store: ObjectStore,
  objects: readonly ObjectInfo[],
  versionId: string | undefined,
  folder: string,
  signal: AbortSignal,
): Promise<OpenedFiles> {
  const opened: LocalObject[] = [];
  const close = async (): Promise<void> => {
    for (const file of opened) await file?.[Symbol.asyncDispose]();
  };
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const queue = objects.entries();
  const work = async (): Promise<void> => {
    for (const [index, { key }] of queue) {
      opened[index] = await openLocally(store, key, { folder, versionId, signal: either });
    }
  };
  // All have to end before anything may be removed, so the first failure stops the others.
  await Promise.all(
    Array.from({ length: PARALLEL_DOWNLOADS }, () =>
      work().catch((error: unknown) => failed.abort(error)),
    ),
  );
  if (either.aborted) {
    await close();
    throw either.reason;
  }
  return { all: opened, [Symbol.asyncDispose]: close };
}

async function explain(error: unknown, request: LoadRequest, tools: LoadTools): Promise<PgError> {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOSPC" || code === "EDQUOT" || (await isDiskFull(error, tools.cache))) {
    return new PgError("disk_full", "no space is left for the cache", {
      hint: "Free space where the cache's directory is, or move it with cache.directory.",
      cause: error,
    });
  }
  if (error instanceof PgError) return error;
  const { workspace, table } = request;
  tools.log.error({ err: error, workspace, table: table.name }, "table could not be loaded");
  if (/^E[A-Z]+$/.test(code) && isInCache(error, tools.cache)) {
    return new PgError("io_error", `the cache cannot be written: ${code}`, {
      hint: "Check that cache.directory is a directory which the gateway may write to.",
      cause: error,
    });
  }
  if (/^E[A-Z]+$/.test(code)) {
    return new PgError("io_error", `source of table "${table.name}" cannot be read: ${code}`, {
      hint: "Check the permissions and the disk of the cache and of the store's directory.",
      cause: error,
    });
  }
  return new PgError("internal_error", `table "${table.name}" could not be loaded`, {
    hint: "The log of the gateway says why.",
    cause: error,
  });
}

/** The words of a disk that is full differ: DuckDB's are of the limits of a query. */
async function isDiskFull(error: unknown, cache: Cache): Promise<boolean> {
  if (!(error instanceof PgError)) return false;
  if (error.sqlstate === SQLSTATE.disk_full) return true;
  if (error.sqlstate !== SQLSTATE.io_error) return false;
  try {
    const { bavail, bsize } = await statfs(cache.directory);
    return bavail * bsize < FULL_DISK_BYTES;
  } catch {
    return false;
  }
}

function isInCache(error: unknown, { directory }: Cache): boolean {
  const path = error instanceof Error && "path" in error ? String(error.path) : "";
  return path === directory || path.startsWith(join(directory, "/"));
}

function unknownStore(name: StoreName): PgError {
  return new PgError("config_file_error", `there is no store "${name}"`, {
    hint: "Add it under stores: in the server's YAML, or correct the table's source.",
  });
}

function keepsChanging({ table }: LoadRequest, cause: unknown): PgError {
  return new PgError(
    "object_in_use",
    `"${table.source.text}" changed ${ATTEMPTS} times while it was read`,
    {
      hint: "Write it less often, or write it under another name and put it in place when complete.",
      cause,
    },
  );
}
