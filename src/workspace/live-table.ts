import { existsSync } from "node:fs";
import type { CacheEntry, SourceVersion } from "../cache/cache-entry.ts";
import type { TableDefinition } from "../catalog/catalog.ts";
import type { WorkspaceName } from "../core/brands.ts";
import { PgError, type PgErrorFields } from "../core/pg-error.ts";
import type { Loader, LoadOutcome } from "../loader/loader.ts";
import type { Logger } from "../observe/logger.ts";
import { entryOf, type TableState } from "./table-state.ts";

const CHECK_PAUSE_MS = 60_000;

export interface LiveTableOptions {
  readonly workspace: WorkspaceName;
  readonly definition: TableDefinition;
  readonly loader: Loader;
  readonly log: Logger;
  /** Hears of every look at the source; the time is that of a load. */
  readonly looked: (outcome: LoadOutcome["outcome"], loadMs: number | undefined) => void;
  /** Called when what is served, or said of it, has changed. */
  readonly changed: () => void;
}

/** One table: looks at its source again and again, and knows the version to serve. */
export class LiveTable {
  readonly definition: TableDefinition;
  readonly #options: LiveTableOptions;
  readonly #closed = new AbortController();
  #state: TableState = { name: "loading" };
  #checkedAt: Date | undefined;
  #loading: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The file that could not be read, until a look has begun that checks it. */
  #suspected: string | undefined;
  /** What was checked last: an engine that cannot read a good file would ask again and again. */
  #checkedFile: { readonly path: string; readonly atMs: number } | undefined;

  constructor(options: LiveTableOptions) {
    this.#options = options;
    this.definition = options.definition;
  }

  get state(): TableState {
    return this.#state;
  }

  get checkedAt(): Date | undefined {
    return this.#checkedAt;
  }

  /**
   * Looks at the source and loads it if it has changed. Whoever asks meanwhile waits for the same
   * look. Failures become the table's state.
   */
  revalidate(): Promise<void> {
    clearTimeout(this.#timer);
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
      this.#schedule();
    });
    return this.#loading;
  }

  /** The file that is served could not be read: it is checked, and built again if it is damaged. */
  async suspect(): Promise<void> {
    const path = entryOf(this.#state)?.path;
    const nowMs = performance.now();
    const checked = this.#checkedFile;
    if (path === undefined) return;
    if (checked?.path === path && nowMs - checked.atMs < CHECK_PAUSE_MS) return;
    this.#checkedFile = { path, atMs: nowMs };
    // A look that runs already does not know of it.
    await this.#loading;
    this.#suspected = path;
    await this.revalidate();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closed.abort(new PgError("admin_shutdown", "the table is no longer in the catalog"));
  }

  async #load(): Promise<void> {
    const { workspace, definition, loader, log, changed } = this.#options;
    const served = entryOf(this.#state);
    const signal = this.#closed.signal;
    const before = this.#state;
    const suspected = this.#suspected;
    this.#suspected = undefined;
    // A damaged file is not served further, unlike one that is merely gone from the cache.
    const kept = (): CacheEntry | undefined =>
      suspected !== undefined && !existsSync(suspected) ? undefined : served;
    try {
      const outcome = await loader.load(
        { workspace, table: definition, known: knownVersion(served), suspected },
        { signal },
      );
      this.#checkedAt = new Date();
      this.#options.looked(
        outcome.outcome,
        outcome.outcome === "loaded" ? outcome.entry.loadMs : undefined,
      );
      switch (outcome.outcome) {
        case "unchanged":
          if (served !== undefined) this.#state = { name: "ready", entry: served };
          break;
        case "loaded":
          this.#state = { name: "ready", entry: outcome.entry };
          this.#logLoaded();
          break;
        case "failed":
          this.#state = failedState(kept() ?? outcome.lastGood, outcome.error);
          this.#logFailed(before, outcome.error.message, outcome.error.hint);
          break;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof PgError))
        log.error({ err: error, table: definition.name }, "load failed");
      const fields =
        error instanceof PgError
          ? error.toFields()
          : new PgError("internal_error", "the loader failed").toFields();
      this.#options.looked("failed", undefined);
      this.#state = failedState(kept(), fields);
      this.#logFailed(before, fields.message, fields.hint);
    }
    changed();
  }

  #schedule(): void {
    const { refreshMs } = this.definition;
    if (refreshMs === undefined || this.#closed.signal.aborted) return;
    this.#timer = setTimeout(() => void this.revalidate(), refreshMs);
    this.#timer.unref();
  }

  #logLoaded(): void {
    const entry = entryOf(this.#state);
    if (entry === undefined) return;
    const { rowCount, rejectedCount, loadMs, warnings } = entry;
    this.#options.log.info(
      {
        table: this.definition.name,
        rows: rowCount,
        rejected: rejectedCount,
        durationMs: loadMs,
        ...(warnings.length > 0 && { warnings }),
      },
      "table loaded",
    );
  }

  /** The same failure at every look is told once. */
  #logFailed(before: TableState, error: string, hint: string | undefined): void {
    if ("error" in before && before.error.message === error) return;
    this.#options.log.warn({ table: this.definition.name, error, hint }, "table cannot be loaded");
  }
}

/** The cache may be deleted while it is in use: what is served from it then has to be loaded again. */
function knownVersion(served: CacheEntry | undefined): SourceVersion | undefined {
  return served !== undefined && existsSync(served.path) ? served.source : undefined;
}

/** A version that was good before is still served; without one there is nothing to serve. */
function failedState(entry: CacheEntry | undefined, error: PgErrorFields): TableState {
  return entry === undefined ? { name: "failed", error } : { name: "stale", entry, error };
}
