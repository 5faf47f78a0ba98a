import { existsSync } from "node:fs";
import type { CacheEntry, SourceVersion } from "../cache/cache-entry.ts";
import type { TableDefinition } from "../catalog/catalog.ts";
import { PgError, type PgErrorFields } from "../core/pg-error.ts";
import { columnChanges } from "./column-changes.ts";
import type { LiveSource, LiveSourceOptions, ServedTable } from "./live-source.ts";
import { Revalidation } from "./revalidation.ts";
import { entryOf, type TableState } from "./table-state.ts";

const CHECK_PAUSE_MS = 60_000;

/** One table: looks at its source again and again, and knows the version to serve. */
export class LiveTable implements LiveSource, ServedTable {
  readonly definition: TableDefinition;
  readonly tables: readonly ServedTable[] = [this];
  readonly #options: LiveSourceOptions;
  readonly #closed = new AbortController();
  readonly #revalidation: Revalidation;
  #state: TableState = { name: "loading" };
  #checkedAt: Date | undefined;
  /** The file that could not be read, until a look has begun that checks it. */
  #suspected: string | undefined;
  /** What was checked last: an engine that cannot read a good file would ask again and again. */
  #checkedFile: { readonly path: string; readonly atMs: number } | undefined;

  constructor(options: LiveSourceOptions) {
    this.#options = options;
    this.definition = options.definition;
    this.#revalidation = new Revalidation(options.definition.refreshMs, () => this.#load());
  }

  get state(): TableState {
    return this.#state;
  }

  get checkedAt(): Date | undefined {
    return this.#checkedAt;
  }

  /** Serves what the cache holds of the table until its source was looked at. */
  restore(entry: CacheEntry): void {
    if (this.#state.name === "loading") this.#state = { name: "ready", entry };
  }

  revalidate(): Promise<void> {
    return this.#revalidation.run();
  }

  refresh(): Promise<void> {
    return this.#revalidation.fresh();
  }

  async suspect(paths: readonly string[] | undefined): Promise<void> {
    const path = entryOf(this.#state)?.path;
    if (path === undefined || paths?.includes(path) === false) return;
    const nowMs = performance.now();
    const checked = this.#checkedFile;
    if (checked?.path === path && nowMs - checked.atMs < CHECK_PAUSE_MS) return;
    this.#checkedFile = { path, atMs: nowMs };
    this.#suspected = path;
    await this.refresh();
  }

  close(): void {
    this.#revalidation.close();
    this.#closed.abort(new PgError("admin_shutdown", "the table is no longer in the catalog"));
  }

  async #load(): Promise<void> {
    const { workspace, definition, loader, log } = this.#options;
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
      if (signal.aborted) return;
      this.#checkedAt = new Date();
      this.#options.looked(
        outcome.outcome,
        outcome.outcome === "loaded" ? outcome.entry.loadMs : undefined,
      );
      switch (outcome.outcome) {
        case "unchanged":
          if (before.name === "stale") this.#state = { name: "ready", entry: before.entry };
          break;
        case "loaded":
          this.#state = readyState(served, outcome.entry);
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
    this.#options.changed(this.#state === before ? "checked" : "state");
  }

  #logLoaded(): void {
    if (this.#state.name !== "ready") return;
    const { entry, columnsChanged } = this.#state;
    const { rowCount, rejectedCount, loadMs, warnings } = entry;
    this.#options.log.info(
      {
        table: this.definition.name,
        rows: rowCount,
        rejected: rejectedCount,
        durationMs: loadMs,
        ...(warnings.length > 0 && { warnings }),
        ...(columnsChanged !== undefined && { columnsChanged }),
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

function readyState(served: CacheEntry | undefined, entry: CacheEntry): TableState {
  const columnsChanged = served && columnChanges(served.columns, entry.columns);
  return { name: "ready", entry, ...(columnsChanged !== undefined && { columnsChanged }) };
}

/** A version that was good before is still served; without one there is nothing to serve. */
function failedState(entry: CacheEntry | undefined, error: PgErrorFields): TableState {
  return entry === undefined ? { name: "failed", error } : { name: "stale", entry, error };
}
