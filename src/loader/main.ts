/** Entry of the loader process. It does what its parent asks over IPC, and ends with it. */
import { type Cache, type CacheSettings, openCache } from "../cache/cache.ts";
import type { StoreName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import type { LogFields, Logger } from "../observe/logger.ts";
import { createStore } from "../store/create-store.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { listTableSheets } from "./list-sheets.ts";
import { LoadSlots } from "./load-slots.ts";
import { type LoadOptions, type LoadTools, loadTable } from "./load-table.ts";
import type { LoadOutcome, SheetsOutcome } from "./loader.ts";
import type { FromLoader, LoaderSettings, ToLoader, WriteLevel } from "./messages.ts";
import { Sources } from "./sources.ts";

/** How often what may go from the cache is looked for, beside what each new entry makes necessary. */
const SWEEP_MS = 10 * 60_000;

const running = new Map<number, AbortController>();
const slots = new LoadSlots();
let cache: Promise<Cache> | undefined;
let tools: Promise<LoadTools> | undefined;

// The parent is this file's other half, loader-client.ts.
process.on("message", (message: ToLoader) => {
  switch (message.type) {
    case "settings":
      tools = prepare(message.settings, tools);
      tools.catch(reportUnusable);
      break;
    case "load":
      void answer(message.id, (ready, options) => loadTable(message.request, ready, options));
      break;
    case "list-sheets":
      void answer(message.id, (ready, options) => listTableSheets(message.request, ready, options));
      break;
    case "cancel":
      running.get(message.id)?.abort(new PgError("query_canceled", "canceling load"));
      break;
  }
});
process.on("disconnect", () => process.exit(0));

async function prepare(
  settings: LoaderSettings,
  before: Promise<LoadTools> | undefined,
): Promise<LoadTools> {
  const stores = new Map<StoreName, ObjectStore>();
  for (const [name, options] of settings.stores) stores.set(name, createStore(name, options));
  const { cacheDirectory: directory, cacheSizeBytes: sizeBytes } = settings;
  cache ??= openSwept({ directory, sizeBytes, log });
  const limits = { memoryBytes: settings.engineMemoryBytes, threads: settings.threads };
  const sources = new Sources(stores);
  const prepared = { sources, slots, cache: await cache, limits, log };
  // Loads that run go on with the stores that they began with.
  if (running.size === 0) (await before)?.sources.close();
  return prepared;
}

async function openSwept(settings: CacheSettings): Promise<Cache> {
  const opened = await openCache(settings);
  setInterval(() => void opened.sweep(), SWEEP_MS).unref();
  return opened;
}

async function answer(
  id: number,
  work: (ready: LoadTools, options: LoadOptions) => Promise<LoadOutcome | SheetsOutcome>,
): Promise<void> {
  const aborting = new AbortController();
  running.set(id, aborting);
  try {
    const ready = await tools?.catch(() => undefined);
    // Unusable settings were reported, and the process ends.
    if (ready === undefined) return;
    const outcome = await work(ready, {
      signal: aborting.signal,
      started: () => send({ type: "started", id }),
    });
    send({ type: "ended", id, outcome });
  } catch (error) {
    if (!aborting.signal.aborted) throw error;
    send({ type: "canceled", id });
  } finally {
    running.delete(id);
  }
}

function reportUnusable(error: unknown): void {
  const failure =
    error instanceof PgError
      ? error
      : new PgError("io_error", `the cache cannot be used: ${String(error)}`, {
          hint: "Check that cache.directory exists, is writable and has free space.",
        });
  send({ type: "unusable", error: failure.toFields() });
  process.disconnect();
}

function send(message: FromLoader): void {
  // Without a parent there is nobody to hear it.
  if (process.connected) process.send?.(message);
}

/** Lines go to the parent, which has the settings and the place of the log. */
const log: Logger = forwardingLogger({});

function forwardingLogger(bound: LogFields): Logger {
  const writer =
    (level: WriteLevel) =>
    (first: LogFields | string, message?: string): void => {
      const fields = typeof first === "string" ? bound : { ...bound, ...first };
      send({
        type: "log",
        level,
        fields,
        message: typeof first === "string" ? first : (message ?? ""),
      });
    };
  return {
    debug: writer("debug"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
    child: (fields) => forwardingLogger({ ...bound, ...fields }),
  };
}
