import type { Cache } from "../cache/cache.ts";
import { entryKey } from "../cache/entry-key.ts";
import { PgError } from "../core/pg-error.ts";
import type { Logger } from "../observe/logger.ts";
import { type LocalFolders, type LocalObject, openLocally } from "../store/download.ts";
import { ObjectChangedError, type ObjectInfo, type ObjectStore } from "../store/object-store.ts";
import { buildEntry, type EngineLimits } from "./build-entry.ts";
import { explainFailure } from "./explain-failure.ts";
import type { LoadSlots } from "./load-slots.ts";
import type { LoadOutcome, LoadRequest } from "./loader.ts";
import { versionOf } from "./source-version.ts";
import type { Sources } from "./sources.ts";

export interface LoadTools {
  readonly sources: Sources;
  readonly slots: LoadSlots;
  readonly cache: Cache;
  readonly limits: EngineLimits;
  readonly log: Logger;
}

/** How often a file may be written to while it is read before we give up. */
const ATTEMPTS = 4;
/** Downloads of one table at a time. */
const PARALLEL_DOWNLOADS = 6;

export interface LoadOptions {
  readonly signal: AbortSignal;
  /** Called when the source turned out to have changed, and its turn has come. */
  readonly started?: () => void;
}

/** Rejects only with the reason of `signal`. */
export async function loadTable(
  request: LoadRequest,
  tools: LoadTools,
  options: LoadOptions,
): Promise<LoadOutcome> {
  const { signal } = options;
  const { workspace, table, suspected } = request;
  let { known } = request;
  try {
    const isWhole = suspected === undefined || (await tools.cache.verify({ path: suspected }));
    if (!isWhole) known = undefined;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await loadOnce({ workspace, table, known }, tools, options);
      } catch (error) {
        if (!(error instanceof ObjectChangedError)) throw error;
        if (attempt === ATTEMPTS) throw keepsChanging(request, error);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    const failure = await explainFailure(error, request, tools);
    const lastGood = known === undefined ? await tools.cache.newest(workspace, table) : undefined;
    return { outcome: "failed", error: failure.toFields(), lastGood };
  }
}

async function loadOnce(
  { workspace, table, known }: LoadRequest,
  { sources, slots, cache, limits }: LoadTools,
  { signal, started }: LoadOptions,
): Promise<LoadOutcome> {
  const store = sources.storeOf(table.source);
  const objects = await sources.find(table.source, signal);
  const seen = versionOf(objects);
  const seenKey = entryKey(workspace, table, seen.identity);
  if (known?.identity === seen.identity) return { outcome: "unchanged" };
  const turn = await cache.claim(seenKey, signal);
  if (turn.outcome === "built") return { outcome: "loaded", entry: turn.entry };

  // Given up when the entry is published or cannot be built, behind all else.
  await using _claim = turn.claim;
  using _slot = await slots.take(seen.bytes, signal);
  started?.();
  const startedAt = performance.now();
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
