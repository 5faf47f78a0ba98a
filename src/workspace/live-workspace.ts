import { isDeepStrictEqual } from "node:util";
import { workspaceDirectory } from "../cache/entry-key.ts";
import type { TableDefinition, Workspace } from "../catalog/catalog.ts";
import type { WorkspaceName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import type { ConfiguredView, Engine, EngineWorkspace } from "../engine/engine.ts";
import type { Loader, LoadOutcome } from "../loader/loader.ts";
import type { Logger } from "../observe/logger.ts";
import { columnTypesOf, describeTable, describeView } from "./described-relations.ts";
import { engineViews } from "./engine-views.ts";
import { LiveTable } from "./live-table.ts";
import { type ShadowSync, shadowModel } from "./shadow-model.ts";
import { type ColumnTypes, SqlKnowledge } from "./sql-knowledge.ts";
import { engineTable, entryOf, stateRow } from "./table-state.ts";

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

/**
 * One workspace while it runs: keeps its tables fresh, and tells the engine and the shadow what
 * stands in it whenever that has changed.
 */
export class LiveWorkspace {
  readonly #options: LiveWorkspaceOptions;
  #definition: Workspace;
  #tables: ReadonlyMap<string, LiveTable> = new Map();
  #columnTypes: ColumnTypes = new Map();
  #sql = new SqlKnowledge(this.#columnTypes, []);
  /** The publication that runs, and the one that waits to see what changed meanwhile. */
  #running: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;
  #failedViews: ReadonlyMap<string, string> = new Map();
  #closed = false;

  constructor(definition: Workspace, options: LiveWorkspaceOptions) {
    this.#definition = definition;
    this.#options = options;
    this.#replaceTables(definition);
    // A session may ask for the shadow before any table is loaded.
    options.shadow.update(definition.name, shadowModel(definition, this.tables, []));
  }

  get definition(): Workspace {
    return this.#definition;
  }

  get tables(): readonly LiveTable[] {
    return [...this.#tables.values()];
  }

  /** What is known of the columns, for parsing and translating SQL. */
  get sql(): SqlKnowledge {
    return this.#sql;
  }

  /** Loads everything once. Resolves when all that can be served is. */
  async start(): Promise<void> {
    // Tables that are known but not loaded yet answer with the reason.
    await this.#publish();
    await Promise.all(this.tables.map((table) => table.revalidate()));
    await this.#publish();
  }

  /** Goes on with another definition: tables that are the same in both keep their data. */
  async update(definition: Workspace): Promise<void> {
    this.#definition = definition;
    const added = this.#replaceTables(definition);
    await this.#publish();
    await Promise.all(added.map((table) => table.revalidate()));
  }

  /** Looks at one table's source now; resolves when what is there is visible to every new statement. */
  async refresh(schema: string, name: string, signal: AbortSignal): Promise<void> {
    const table = this.#tables.get(keyOf({ schema, name }));
    if (table === undefined)
      throw new PgError("undefined_table", `relation "${name}" does not exist`);
    await abortable(
      table.revalidate().then(() => this.#publish()),
      signal,
    );
    const { state } = table;
    if ("error" in state) {
      throw PgError.fromFields({ ...state.error, severity: "ERROR" });
    }
  }

  /** Files with these paths could not be read, or one that nobody can name. */
  suspect(paths: readonly string[] | undefined): void {
    for (const table of this.tables) {
      const path = entryOf(table.state)?.path;
      if (path === undefined || paths?.includes(path) === false) continue;
      table
        .suspect()
        .catch((error: unknown) => this.#options.log.error({ err: error }, "table not checked"));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const table of this.tables) table.close();
    await this.#running;
    await this.#options.engine.remove(this.#definition.name);
    await this.#options.shadow.remove(this.#definition.name);
  }

  #replaceTables(definition: Workspace): readonly LiveTable[] {
    const before = this.#tables;
    const added: LiveTable[] = [];
    const tables = new Map<string, LiveTable>();
    for (const table of definition.tables) {
      const kept = before.get(keyOf(table));
      if (kept !== undefined && isDeepStrictEqual(kept.definition, table))
        tables.set(keyOf(table), kept);
      else {
        const created = this.#createTable(table);
        tables.set(keyOf(table), created);
        added.push(created);
      }
    }
    for (const table of before.values()) {
      if (tables.get(keyOf(table.definition)) !== table) table.close();
    }
    this.#tables = tables;
    return added;
  }

  #createTable(definition: TableDefinition): LiveTable {
    return new LiveTable({
      workspace: this.#definition.name,
      definition,
      loader: this.#options.loader,
      log: this.#options.log,
      looked: (outcome, loadMs) => this.#options.looked(this.#definition.name, outcome, loadMs),
      changed: () => {
        this.#publish().catch((error: unknown) =>
          this.#options.log.error({ err: error }, "workspace not updated"),
        );
      },
    });
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
