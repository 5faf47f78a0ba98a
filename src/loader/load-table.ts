import { statfs } from "node:fs/promises";
import type { Cache } from "../cache/cache.ts";
import { entryKey } from "../cache/entry-key.ts";
import type { StoreName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { Logger } from "../observe/logger.ts";
import { type LocalFolders, type LocalObject, openLocally } from "../store/download.ts";
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
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await loadOnce(request, tools, signal);
      } catch (error) {
        if (!(error instanceof ObjectChangedError)) throw error;
        if (attempt === ATTEMPTS) throw keepsChanging(request, error);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    const failure = await explain(error, request, tools);
    const { workspace, table, known } = request;
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
  if (known?.identity === seen.identity) {
    await cache.touch(seenKey);
    return { outcome: "unchanged" };
  }
  const cached = await cache.lookup(seenKey);
  if (cached !== undefined) return { outcome: "loaded", entry: cached };

  await using directory = await cache.makeBuildDirectory();
  const folders = {
    folder: directory.path,
    partials: { folder: cache.partialsDirectory, storeName: table.source.store },
  };
  await using files = await openAll(store, objects, table.source.versionId, folders, signal);
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
  folders: LocalFolders,
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
      opened[index] = await openLocally(store, key, { ...folders, versionId, signal: either });
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
  const isWriteError = error instanceof PgError && error.sqlstate === SQLSTATE.io_error;
  if (code === "ENOSPC" || code === "EDQUOT" || (isWriteError && (await isDiskFull(tools.cache)))) {
    return new PgError("disk_full", "no space is left for the cache", {
      hint: "Free space where the cache's directory is, or move it with cache.directory.",
      cause: error,
    });
  }
  if (error instanceof PgError) return error;
  const { workspace, table } = request;
  tools.log.error({ err: error, workspace, table: table.name }, "table could not be loaded");
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

async function isDiskFull(cache: Cache): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(cache.directory);
    return bavail * bsize < FULL_DISK_BYTES;
  } catch {
    return false;
  }
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
