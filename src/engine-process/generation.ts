import { quoteIdentifier, quoteLiteral } from "../core/identifier.ts";
import { PgError, type PgErrorFields } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { ConfiguredView, EngineTable, EngineWorkspace } from "../engine/engine.ts";
import { duckdbTypeText } from "../pgtypes/duckdb-type.ts";
import { relationNames } from "./relation-names.ts";
import { createSystemViews } from "./system-views.ts";

export type ReadyTable = Extract<EngineTable, { state: "ready" }>;
type ViewDefinition = EngineWorkspace["views"][number];

/** What is to stand in a generation; every file of it is attached under the given name. */
export interface GenerationContents {
  readonly catalog: string;
  readonly tables: readonly EngineTable[];
  readonly views: readonly ViewDefinition[];
  /** By path. */
  readonly attachments: ReadonlyMap<string, string>;
}

/**
 * What the names of a workspace mean at one time: a DuckDB catalog of views, which never changes
 * once it is made. Later versions of the files are another generation, so that whoever holds this
 * one, a statement or a transaction, goes on seeing what it saw.
 */
export class Generation {
  readonly catalog: string;
  readonly schemas: ReadonlySet<string>;
  readonly paths: ReadonlySet<string>;
  /** What became of the workspace's own views. */
  readonly views: readonly ConfiguredView[];
  readonly #unavailable: ReadonlyMap<string, PgErrorFields>;
  #holders = 0;
  #abandoned: (() => void) | undefined;

  private constructor(
    { catalog, tables }: GenerationContents,
    schemas: ReadonlySet<string>,
    views: readonly ConfiguredView[],
    unavailable: ReadonlyMap<string, PgErrorFields>,
  ) {
    this.catalog = catalog;
    this.schemas = schemas;
    this.paths = new Set(tables.filter(isReady).map(({ path }) => path));
    this.views = views;
    this.#unavailable = unavailable;
  }

  static async create(admin: Connection, contents: GenerationContents): Promise<Generation> {
    const { catalog, tables, views } = contents;
    await admin.run(`ATTACH ':memory:' AS ${catalog}`);
    try {
      const named = [...tables, ...views].map(({ schema }) => schema);
      const schemas = new Set(["public", "bucketgres", ...named]);
      const ready = tables.filter(isReady);
      const statements = [
        ...[...schemas].map((schema) => `CREATE SCHEMA ${catalog}.${quoteIdentifier(schema)}`),
        ...ready.map((table) => tableView(contents, table)),
      ];
      await admin.run(statements.join(";\n"));
      // Of the views that are created now: each looks for names where it stands, and then here.
      await admin.run(`SET search_path = ${quoteLiteral(searchPath(catalog, ["public"]))}`);
      await createSystemViews(admin, catalog, ready, contents.attachments);
      const unavailable = new Map<string, PgErrorFields>();
      for (const table of tables) {
        if (table.state === "unavailable") unavailable.set(table.name.toLowerCase(), table.error);
      }
      const created = await createViews(admin, catalog, views, unavailable);
      return new Generation(contents, schemas, created, unavailable);
    } catch (error) {
      // What the connection looks names up in cannot be detached.
      await admin.run("SET search_path = 'memory.main'");
      await admin.run(`DETACH ${catalog}`);
      throw error;
    }
  }

  /** DuckDB's setting for a session that looks for names in these schemas, as far as they exist. */
  searchPath(schemas: readonly string[]): string {
    return searchPath(
      this.catalog,
      schemas.filter((schema) => this.schemas.has(schema)),
    );
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

  /** Keeps it, and its files, until the returned function is called. */
  hold(): () => void {
    this.#holders += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holders -= 1;
      if (this.#holders === 0) this.#abandoned?.();
    };
  }

  /** Nobody will begin to hold it any more: `abandoned` is called once nobody does. */
  retire(abandoned: () => void): void {
    this.#abandoned = abandoned;
    if (this.#holders === 0) abandoned();
  }
}

/** After the session's schemas come ours, for qualified names, and the one with the macros. */
function searchPath(catalog: string, schemas: readonly string[]): string {
  const own = [...schemas, "main"].map((schema) => `${catalog}.${quoteIdentifier(schema)}`);
  return [...own, "memory.main"].join(",");
}

function isReady(table: EngineTable): table is ReadyTable {
  return table.state === "ready";
}

function tableView({ catalog, attachments }: GenerationContents, table: ReadyTable): string {
  const columns = table.columns.map(quoteIdentifier).join(", ");
  const from = `${attachments.get(table.path)}.main.data`;
  return `CREATE VIEW ${qualified(catalog, table)} AS SELECT ${columns} FROM ${from}`;
}

/**
 * One view may use another that stands below it: whoever failed is tried again while others succeed.
 * Those that never do are added to what is unavailable.
 */
async function createViews(
  admin: Connection,
  catalog: string,
  definitions: readonly ViewDefinition[],
  unavailable: Map<string, PgErrorFields>,
): Promise<readonly ConfiguredView[]> {
  const results = new Map<ViewDefinition, ConfiguredView["result"]>();
  let waiting = definitions;
  for (;;) {
    const failed: ViewDefinition[] = [];
    for (const view of waiting) {
      const result = await createView(admin, catalog, view, unavailable);
      results.set(view, result);
      if ("error" in result) failed.push(view);
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

async function createView(
  admin: Connection,
  catalog: string,
  view: ViewDefinition,
  unavailable: ReadonlyMap<string, PgErrorFields>,
): Promise<ConfiguredView["result"]> {
  try {
    await admin.run(`CREATE VIEW ${qualified(catalog, view)} AS ${view.sql}`);
    const prepared = await admin.prepare(`SELECT * FROM ${qualified(catalog, view)}`);
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
    const names = await relationNames(admin, view.sql);
    return { error: viewError(view, reasonAmong(names, unavailable) ?? error.toFields()) };
  }
}

function reasonAmong(
  names: readonly string[],
  unavailable: ReadonlyMap<string, PgErrorFields>,
): PgErrorFields | undefined {
  const known = names.map((name) => unavailable.get(name.toLowerCase()));
  return known.find((reason) => reason !== undefined);
}

function viewError(view: ViewDefinition, reason: PgErrorFields): PgErrorFields {
  return {
    sqlstate: SQLSTATE.object_not_in_prerequisite_state,
    message: `view "${view.name}" cannot be used: ${reason.message}`,
    hint: reason.hint ?? "Mend the view's sql in the workspace's YAML.",
  };
}

function qualified(
  catalog: string,
  { schema, name }: { readonly schema: string; readonly name: string },
): string {
  return `${catalog}.${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}
