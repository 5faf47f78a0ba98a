import { isDeepStrictEqual } from "node:util";
import { quoteIdentifier, quoteLiteral } from "../core/identifier.ts";
import { PgError, type PgErrorFields } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { Connection } from "../duckdb/connection.ts";
import type {
  ConfiguredView,
  ConfiguredWorkspace,
  EngineTable,
  EngineWorkspace,
} from "../engine/engine.ts";
import { duckdbTypeText } from "../pgtypes/duckdb-type.ts";
import { relationNames } from "./relation-names.ts";
import { createSystemViews, replaceTableStates } from "./system-views.ts";

type ReadyTable = Extract<EngineTable, { state: "ready" }>;
type ViewDefinition = EngineWorkspace["views"][number];

/** What stands in a workspace's DuckDB: attached cache files, and the views that clients see. */
export class WorkspaceSchema {
  readonly #admin: Connection;
  /** Cache files by path, and the name under which each is attached. */
  readonly #attached = new Map<string, string>();
  readonly #schemas = new Set(["public", "bucketgres"]);
  /** Qualified names of the views that exist now. */
  #relations = new Set<string>();
  /** By lower-cased name, without the schema. */
  #unavailable = new Map<string, PgErrorFields>();
  #nextAttachment = 1;
  /** What stands there now: often only the tables' states have changed. */
  #applied:
    | {
        readonly relations: Pick<EngineWorkspace, "tables" | "views">;
        readonly configured: Pick<ConfiguredWorkspace, "views">;
      }
    | undefined;
  #generation = 0;

  constructor(admin: Connection) {
    this.#admin = admin;
  }

  /** Changes whenever other files stand behind the names. */
  get generation(): number {
    return this.#generation;
  }

  get names(): ReadonlySet<string> {
    return this.#schemas;
  }

  has(schema: string): boolean {
    return this.#schemas.has(schema);
  }

  /**
   * Attaches what is new, swaps all views in one transaction, then detaches what is old. Statements
   * that run keep the files they started with.
   */
  async apply(definition: EngineWorkspace): Promise<ConfiguredWorkspace> {
    const unattached: string[] = [];
    const tables = await this.#attach(definition.tables, unattached);
    const { views } = definition;
    const applied = this.#applied;
    if (applied !== undefined && isDeepStrictEqual(applied.relations, { tables, views })) {
      await replaceTableStates(this.#admin, definition.tableStates);
      return { ...applied.configured, unattached };
    }
    const ready = tables.filter((table) => table.state === "ready");
    await this.#admin.run("BEGIN");
    try {
      const configured = await this.#replaceRelations({ ...definition, tables }, ready);
      await createSystemViews(this.#admin, ready, this.#attached);
      await replaceTableStates(this.#admin, definition.tableStates);
      await this.#admin.run("COMMIT");
      this.#applied = { relations: { tables, views }, configured };
      this.#generation += 1;
      await this.#detachOthers(new Set(ready.map((table) => table.path)));
      return { ...configured, unattached };
    } catch (error) {
      await this.#admin.run("ROLLBACK");
      throw error;
    }
  }

  /** The reason why a relation of the statement has no data, if that is why the statement failed. */
  async unavailable(
    connection: Connection,
    sql: string,
    error: unknown,
  ): Promise<PgError | undefined> {
    if (!(error instanceof PgError) || error.sqlstate !== SQLSTATE.undefined_table)
      return undefined;
    const reason = reasonAmong(await relationNames(connection, sql), this.#unavailable);
    return reason && PgError.fromFields({ ...reason, position: error.position });
  }

  /** A file that cannot be attached makes its own table unavailable and no other. */
  async #attach(
    tables: readonly EngineTable[],
    unattached: string[],
  ): Promise<readonly EngineTable[]> {
    const attached: EngineTable[] = [];
    for (const table of tables) {
      if (table.state === "unavailable" || this.#attached.has(table.path)) {
        attached.push(table);
        continue;
      }
      const { schema, name, path } = table;
      const attachment = `c${this.#nextAttachment++}`;
      try {
        await this.#admin.run(`ATTACH ${quoteLiteral(path)} AS ${attachment} (READ_ONLY)`);
        this.#attached.set(path, attachment);
        attached.push(table);
      } catch (error) {
        if (!(error instanceof PgError)) throw error;
        unattached.push(path);
        attached.push({ schema, name, state: "unavailable", error: missingFile(name) });
      }
    }
    return attached;
  }

  async #detachOthers(paths: ReadonlySet<string>): Promise<void> {
    for (const [path, name] of this.#attached) {
      if (paths.has(path)) continue;
      this.#attached.delete(path);
      await this.#admin.run(`DETACH ${name}`);
    }
  }

  async #replaceRelations(
    definition: EngineWorkspace,
    ready: readonly ReadyTable[],
  ): Promise<Pick<ConfiguredWorkspace, "views">> {
    const schemas = new Set(
      [...definition.tables, ...definition.views].map(({ schema }) => schema),
    );
    for (const schema of schemas) {
      if (this.#schemas.has(schema)) continue;
      await this.#admin.run(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
      this.#schemas.add(schema);
    }
    for (const relation of this.#relations)
      await this.#admin.run(`DROP VIEW IF EXISTS ${relation}`);
    const relations = new Set<string>();
    const unavailable = new Map<string, PgErrorFields>();
    for (const table of ready) {
      const columns = table.columns.map(quoteIdentifier).join(", ");
      const relation = qualified(table);
      await this.#admin.run(
        `CREATE VIEW ${relation} AS SELECT ${columns} FROM ${this.#attached.get(table.path)}.main.data`,
      );
      relations.add(relation);
    }
    for (const table of definition.tables) {
      if (table.state === "unavailable") unavailable.set(table.name.toLowerCase(), table.error);
    }
    const views = await this.#createViews(definition.views, relations, unavailable);
    this.#relations = relations;
    this.#unavailable = unavailable;
    return { views };
  }

  /** One view may use another that stands below it: whoever failed is tried again while others succeed. */
  async #createViews(
    definitions: readonly ViewDefinition[],
    relations: Set<string>,
    unavailable: Map<string, PgErrorFields>,
  ): Promise<readonly ConfiguredView[]> {
    const results = new Map<ViewDefinition, ConfiguredView["result"]>();
    let waiting = definitions;
    for (;;) {
      const failed: ViewDefinition[] = [];
      for (const view of waiting) {
        const result = await this.#createView(view, unavailable);
        results.set(view, result);
        if ("error" in result) failed.push(view);
        else relations.add(qualified(view));
      }
      if (failed.length === 0 || failed.length === waiting.length) break;
      waiting = failed;
    }
    return definitions.map((view) => {
      const result = results.get(view) ?? {
        error: { sqlstate: SQLSTATE.internal_error, message: "" },
      };
      if ("error" in result) unavailable.set(view.name.toLowerCase(), result.error);
      return { schema: view.schema, name: view.name, result };
    });
  }

  async #createView(
    view: ViewDefinition,
    unavailable: ReadonlyMap<string, PgErrorFields>,
  ): Promise<ConfiguredView["result"]> {
    try {
      await this.#admin.run(`CREATE VIEW ${qualified(view)} AS ${view.sql}`);
      const prepared = await this.#admin.prepare(`SELECT * FROM ${qualified(view)}`);
      try {
        const columns = prepared.columns ?? [];
        return {
          columns: columns.map(({ name, type }) => ({
            name,
            duckdbType: type === undefined ? "VARCHAR" : duckdbTypeText(type),
          })),
        };
      } finally {
        prepared.close();
      }
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      const names = await relationNames(this.#admin, view.sql);
      return { error: viewError(view, reasonAmong(names, unavailable) ?? error.toFields()) };
    }
  }
}

function reasonAmong(
  names: readonly string[],
  unavailable: ReadonlyMap<string, PgErrorFields>,
): PgErrorFields | undefined {
  const known = names.map((name) => unavailable.get(name.toLowerCase()));
  return known.find((reason) => reason !== undefined);
}

function missingFile(table: string): PgErrorFields {
  return {
    sqlstate: SQLSTATE.object_not_in_prerequisite_state,
    message: `the cached copy of table "${table}" is gone or damaged`,
    hint: "It is being loaded again; try again in a moment.",
  };
}

function viewError(view: ViewDefinition, reason: PgErrorFields): PgErrorFields {
  return {
    sqlstate: SQLSTATE.object_not_in_prerequisite_state,
    message: `view "${view.name}" cannot be used: ${reason.message}`,
    hint: reason.hint ?? "Mend the view's sql in the workspace's YAML.",
  };
}

function qualified({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}
