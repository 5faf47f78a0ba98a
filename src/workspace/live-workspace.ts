import { isDeepStrictEqual } from "node:util";
import { workspaceDirectory } from "../cache/entry-key.ts";
import { recall } from "../cache/recall.ts";
import { touchServed } from "../cache/touch.ts";
import type { TableDefinition, Workspace } from "../catalog/catalog.ts";
import type { WorkspaceName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import type { ConfiguredView, Engine, EngineWorkspace } from "../engine/engine.ts";
import type { Loader, LoadOutcome } from "../loader/loader.ts";
import type { Logger } from "../observe/logger.ts";
import { columnTypesOf, describeTable, describeView } from "./described-relations.ts";
import { engineViews } from "./engine-views.ts";
import type { LiveSource, ServedTable } from "./live-source.ts";
import { LiveTable } from "./live-table.ts";
import { LiveWorkbook } from "./live-workbook.ts";
import { servedTables } from "./served-tables.ts";
import { type ShadowSync, shadowModel } from "./shadow-model.ts";
import { type ColumnTypes, SqlKnowledge } from "./sql-knowledge.ts";
import { engineTable, stateRow } from "./table-state.ts";

export interface LiveWorkspaceOptions {
  readonly engine: Engine;
  readonly loader: Loader;
  readonly shadow: ShadowSync;
  /** Hears of every look at a source, for the metrics. */
  readonly looked: (
    workspace: WorkspaceName,
    outcome: LoadOutcome["outcome"],
    loadMs: number | undefined,
  ) => void;
  readonly cacheDirectory: string;
  readonly defaults: {
    readonly memoryBytes: number;
    readonly threads: number;
    readonly tempDiskBytes: number;
  };
  readonly log: Logger;
}

/** Many tables are looked at together, and when each was looked at need not be told one by one. */
const CHECKS_GATHERED_MS = 100;
const QUICK_PUBLICATION_MS = 50;

/**
 * One workspace while it runs: keeps its tables fresh, and tells the engine and the shadow what
 * stands in it whenever that has changed.
 */
export class LiveWorkspace {
  readonly #options: LiveWorkspaceOptions;
  #definition: Workspace;
  /** By the name in the catalog. */
  #sources: ReadonlyMap<string, LiveSource> = new Map();
  #columnTypes: ColumnTypes = new Map();
  #sql = new SqlKnowledge(this.#columnTypes, []);
  /** The publication that runs, and the one that waits to see what changed meanwhile. */
  #running: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;
  #publishTimer: NodeJS.Timeout | undefined;
  /** Resolves when what the cache holds is served. */
  readonly #recalled: Promise<void>;
  #resolveRecalled: () => void = () => undefined;
  /** How long the last one took, where that is worth a thought. */
  #publicationMs = 0;
  #failedViews: ReadonlyMap<string, string> = new Map();
  #closed = false;

  constructor(definition: Workspace, options: LiveWorkspaceOptions) {
    this.#definition = definition;
    this.#options = options;
    this.#recalled = new Promise((resolve) => {
      this.#resolveRecalled = resolve;
    });
    this.#replaceSources(definition);
    // A session may ask for the shadow before any table is loaded.
    options.shadow.update(definition.name, shadowModel(definition, this.tables, []));
  }

  get definition(): Workspace {
    return this.#definition;
  }

  get tables(): readonly ServedTable[] {
    return servedTables([...this.#sources.values()], this.#definition.views);
  }

  /** What is known of the columns, for parsing and translating SQL. */
  get sql(): SqlKnowledge {
    return this.#sql;
  }

  /** Loads everything once. Resolves when all that can be served is. */
  start(): Promise<void> {
    return this.#serve([...this.#sources.values()]);
  }

  /** A session has begun here. Its data comes first, then what its catalog queries wait for. */
  async opened(): Promise<void> {
    await this.#recalled;
    await this.#options.shadow.warm(this.#definition.name);
  }

  /** Goes on with another definition: tables that are the same in both keep their data. */
  async update(definition: Workspace): Promise<void> {
    this.#definition = definition;
    await this.#serve(this.#replaceSources(definition));
  }

  /** Looks at one table's source now; resolves when what is there is visible to every new statement. */
  async refresh(schema: string, name: string, signal: AbortSignal): Promise<void> {
    const source = this.#sourceOf(schema, name);
    if (source === undefined)
      throw new PgError("undefined_table", `relation "${name}" does not exist`);
    await abortable(
      source.refresh().then(() => this.#publish()),
      signal,
    );
    const isNamed = (table: ServedTable): boolean =>
      keyOf(table.definition) === keyOf({ schema, name });
    const named = this.tables.filter(isNamed);
    for (const { state } of named.length > 0 ? named : source.tables) {
      if ("error" in state) throw PgError.fromFields({ ...state.error, severity: "ERROR" });
    }
  }

  /** Files with these paths could not be read, or one that nobody can name. */
  suspect(paths: readonly string[] | undefined): void {
    for (const source of this.#sources.values()) {
      source
        .suspect(paths)
        .catch((error: unknown) => this.#options.log.error({ err: error }, "table not checked"));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#publishTimer);
    for (const source of this.#sources.values()) source.close();
    // Whoever asked for it has heard of its failure.
    await this.#running.catch(() => undefined);
    await this.#options.engine.remove(this.#definition.name);
    await this.#options.shadow.remove(this.#definition.name);
  }

  /**
   * What the cache holds is served at once, and looked at behind that; everything else is loaded
   * first. Tables that are known but not loaded yet answer with the reason.
   */
  async #serve(sources: readonly LiveSource[]): Promise<void> {
    const tables = sources.filter((source) => source instanceof LiveTable);
    const entries = await recall(
      this.#options.cacheDirectory,
      this.#definition.name,
      tables.map(({ definition }) => definition),
    );
    for (const table of tables) {
      const entry = entries.get(table.definition);
      if (entry !== undefined) table.restore(entry);
    }
    try {
      await this.#publish();
    } catch (error) {
      // The next publication may do better: what is there has to be looked at in any case.
      this.#options.log.error({ err: error }, "workspace not updated");
    }
    this.#resolveRecalled();
    // Before anything is loaded, which may remove what has not been used for long.
    await touchServed([...entries.values()].map(({ path }) => path));
    const looks = sources.map((source) => ({ source, looked: source.revalidate() }));
    const isServed = ({ definition }: LiveSource): boolean => entries.has(definition);
    await Promise.all(looks.flatMap(({ source, looked }) => (isServed(source) ? [] : [looked])));
    if (!sources.every(isServed)) await this.#publish();
  }

  /** By its name in the catalog, or by that of one of its tables. */
  #sourceOf(schema: string, name: string): LiveSource | undefined {
    const key = keyOf({ schema, name });
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    const table = this.tables.find(({ definition }) => keyOf(definition) === key);
    return [...this.#sources.values()].find(({ tables }) =>
      tables.some((it) => it.definition.source === table?.definition.source),
    );
  }

  #replaceSources(definition: Workspace): readonly LiveSource[] {
    const before = this.#sources;
    const added: LiveSource[] = [];
    const sources = new Map<string, LiveSource>();
    for (const table of definition.tables) {
      const kept = before.get(keyOf(table));
      if (kept !== undefined && isDeepStrictEqual(kept.definition, table))
        sources.set(keyOf(table), kept);
      else {
        const created = this.#createSource(table);
        sources.set(keyOf(table), created);
        added.push(created);
      }
    }
    for (const source of before.values()) {
      if (sources.get(keyOf(source.definition)) !== source) source.close();
    }
    this.#sources = sources;
    return added;
  }

  #createSource(definition: TableDefinition): LiveSource {
    const { loader, log } = this.#options;
    const options = {
      workspace: this.#definition.name,
      definition,
      loader,
      log,
      looked: (outcome: LoadOutcome["outcome"], loadMs: number | undefined) =>
        this.#options.looked(this.#definition.name, outcome, loadMs),
      changed: (what: "state" | "checked") => {
        // With very many tables a publication takes long, and every change would bring another.
        this.#publishSoon(what === "state" ? this.#publicationMs : CHECKS_GATHERED_MS);
      },
    };
    const { options: format } = definition;
    if (format.format !== "xlsx" || format.xlsx.sheets === undefined) return new LiveTable(options);
    return new LiveWorkbook(options);
  }

  #publishSoon(delayMs: number): void {
    if (delayMs > 0) {
      this.#publishTimer ??= setTimeout(() => this.#publishSoon(0), delayMs);
      return;
    }
    clearTimeout(this.#publishTimer);
    this.#publishTimer = undefined;
    this.#publish().catch((error: unknown) =>
      this.#options.log.error({ err: error }, "workspace not updated"),
    );
  }

  /** Everyone who asks while one publication runs shares the next, which sees all changes so far. */
  #publish(): Promise<void> {
    this.#waiting ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#waiting = undefined;
        this.#running = this.#configure();
        return this.#running;
      });
    return this.#waiting;
  }

  async #configure(): Promise<void> {
    if (this.#closed) return;
    const startedAt = performance.now();
    const { engine, shadow } = this.#options;
    const { name, views } = this.#definition;
    const tables = this.tables.map(describeTable);
    const tableTypes = new SqlKnowledge(columnTypesOf(tables), this.#schemas());
    const translated = engineViews(name, views, tableTypes);
    const isLoading = this.tables.some(({ state }) => state.name === "loading");
    const configured = await engine.configure(name, this.#engineWorkspace(translated.views));
    const results = [...configured.views, ...translated.failed];
    // A view of tables that are on their way will work when they have come.
    if (!isLoading) this.#logViews(results);
    const described = results.map((view) => describeView(view, this.#definition));
    const columnTypes = columnTypesOf([...tables, ...described]);
    // Only other columns make other translations: the same ones are kept when rows change.
    if (!isDeepStrictEqual(columnTypes, this.#columnTypes)) {
      this.#columnTypes = columnTypes;
      this.#sql = new SqlKnowledge(columnTypes, this.#schemas());
    }
    shadow.update(name, shadowModel(this.#definition, this.tables, described));
    const tookMs = performance.now() - startedAt;
    this.#publicationMs = tookMs < QUICK_PUBLICATION_MS ? 0 : tookMs;
  }

  #schemas(): readonly string[] {
    return [...this.#definition.tables, ...this.#definition.views].map(({ schema }) => schema);
  }

  /** The same failure is told once. */
  #logViews(views: readonly ConfiguredView[]): void {
    const failed = new Map<string, string>(
      views.flatMap(({ name, result }) =>
        "error" in result ? [[name, result.error.message] as const] : [],
      ),
    );
    for (const [view, error] of failed) {
      if (this.#failedViews.get(view) !== error) {
        this.#options.log.warn({ view, error }, "view cannot be used");
      }
    }
    this.#failedViews = failed;
  }

  #engineWorkspace(views: EngineWorkspace["views"]): EngineWorkspace {
    const { limits, name } = this.#definition;
    const { defaults, cacheDirectory } = this.#options;
    return {
      cacheDirectory: workspaceDirectory(cacheDirectory, name),
      memoryBytes: limits.memoryBytes ?? defaults.memoryBytes,
      threads: limits.threads ?? defaults.threads,
      tempDiskBytes: limits.tempDiskBytes ?? defaults.tempDiskBytes,
      tables: this.tables.map(({ definition, state }) => engineTable(definition, state)),
      views,
      tableStates: this.tables.map(({ definition, state, checkedAt }) =>
        stateRow(definition, state, checkedAt),
      ),
    };
  }
}

function keyOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}.${name}`;
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
