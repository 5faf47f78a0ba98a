import { isDeepStrictEqual } from "node:util";
import { quoteLiteral } from "../core/identifier.ts";
import { PgError, type PgErrorFields } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { ConfiguredWorkspace, EngineTable, EngineWorkspace } from "../engine/engine.ts";
import { Generation } from "./generation.ts";
import { replaceTableStates } from "./system-views.ts";

/** In one call, during which the connection can do nothing else. */
const ATTACHED_AT_ONCE = 100;

/** What stands in a workspace's DuckDB: attached cache files, and generations of views over them. */
export class WorkspaceSchema {
  readonly #admin: Connection;
  /** Cache files by path, and the name under which each is attached. */
  readonly #attached = new Map<string, string>();
  /** The current one, and those that somebody still holds. */
  readonly #generations = new Set<Generation>();
  /** Often only the tables' states have changed. */
  #applied: Pick<EngineWorkspace, "tables" | "views"> | undefined;
  #current: Generation;
  #nextName = 1;
  /** One change after another. */
  #work: Promise<unknown> = Promise.resolve();

  private constructor(admin: Connection, empty: Generation) {
    this.#admin = admin;
    this.#current = empty;
    this.#generations.add(empty);
  }

  /** Of a workspace in which nothing stands yet. */
  static async create(admin: Connection): Promise<WorkspaceSchema> {
    await replaceTableStates(admin, []);
    const contents = { catalog: "g0", tables: [], views: [], attachments: new Map() };
    return new WorkspaceSchema(admin, await Generation.create(admin, contents));
  }

  /** What every statement that starts now sees. */
  get current(): Generation {
    return this.#current;
  }

  /** Makes the definition the current generation, in one step for every statement that starts later. */
  apply(definition: EngineWorkspace): Promise<ConfiguredWorkspace> {
    return this.#serially(async () => {
      const unattached: string[] = [];
      const tables = await this.#attach(definition.tables, unattached);
      const { views } = definition;
      if (!isDeepStrictEqual(this.#applied, { tables, views })) {
        const next = await this.#generation(tables, views);
        this.#applied = { tables, views };
        this.#replace(next);
        await replaceTableStates(this.#admin, definition.tableStates);
      } else {
        await replaceTableStates(this.#admin, definition.tableStates);
      }
      return { views: this.#current.views, unattached };
    });
  }

  /** Files of one that cannot be made belong to nobody. */
  async #generation(
    tables: readonly EngineTable[],
    views: EngineWorkspace["views"],
  ): Promise<Generation> {
    try {
      const catalog = `g${this.#nextName++}`;
      const attachments = this.#attached;
      return await Generation.create(this.#admin, { catalog, tables, views, attachments });
    } catch (error) {
      await this.#detachUnused([...this.#attached.keys()]);
      throw error;
    }
  }

  #replace(next: Generation): void {
    const previous = this.#current;
    this.#generations.add(next);
    this.#current = next;
    previous.retire(() => void this.#serially(() => this.#drop(previous)));
  }

  /** Removes its views, and detaches the files that no other generation has. */
  async #drop(generation: Generation): Promise<void> {
    this.#generations.delete(generation);
    await this.#admin.run(`DETACH ${generation.catalog}`);
    await this.#detachUnused([...generation.paths]);
  }

  async #detachUnused(paths: readonly string[]): Promise<void> {
    const kept = new Set([...this.#generations].flatMap((it) => [...it.paths]));
    for (const path of paths) {
      const attachment = this.#attached.get(path);
      if (attachment === undefined || kept.has(path)) continue;
      this.#attached.delete(path);
      await this.#admin.run(`DETACH ${attachment}`);
    }
  }

  /** A file that cannot be attached makes its own table unavailable and no other. */
  async #attach(
    tables: readonly EngineTable[],
    unattached: string[],
  ): Promise<readonly EngineTable[]> {
    const paths = tables.flatMap((table) => (table.state === "ready" ? [table.path] : []));
    const wanted = [...new Set(paths)].filter((path) => !this.#attached.has(path));
    for (let start = 0; start < wanted.length; start += ATTACHED_AT_ONCE) {
      const files = wanted
        .slice(start, start + ATTACHED_AT_ONCE)
        .map((path) => ({ path, name: `c${this.#nextName++}` }));
      unattached.push(...(await this.#attachFiles(files)));
    }
    return tables.map((table) => {
      if (table.state === "unavailable" || this.#attached.has(table.path)) return table;
      const { schema, name } = table;
      return { schema, name, state: "unavailable", error: missingFile(name) };
    });
  }

  /** The paths of those that cannot be attached. All in one call take two thirds of the time. */
  async #attachFiles(
    files: readonly { readonly path: string; readonly name: string }[],
  ): Promise<readonly string[]> {
    const statements = files.map(
      ({ path, name }) => `ATTACH IF NOT EXISTS ${quoteLiteral(path)} AS ${name} (READ_ONLY)`,
    );
    const failed: string[] = [];
    try {
      await this.#admin.run(statements.join(";\n"));
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      // One by one it is seen which; those before the first that failed are attached already.
      for (const [index, { path }] of files.entries()) {
        try {
          await this.#admin.run(statements[index] ?? "");
        } catch (one) {
          if (!(one instanceof PgError)) throw one;
          failed.push(path);
        }
      }
    }
    for (const { path, name } of files) {
      if (!failed.includes(path)) this.#attached.set(path, name);
    }
    return failed;
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#work.then(work);
    this.#work = result.catch(() => undefined);
    return result;
  }
}

function missingFile(table: string): PgErrorFields {
  return {
    sqlstate: SQLSTATE.object_not_in_prerequisite_state,
    message: `the cached copy of table "${table}" is gone or damaged`,
    hint: "It is being loaded again; try again in a moment.",
  };
}
