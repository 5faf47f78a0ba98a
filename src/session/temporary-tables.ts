import { randomBytes } from "node:crypto";
import type { WorkspaceName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import type { Engine, TemporaryScope } from "../engine/engine.ts";
import { type RelationName, referencesOf } from "../sql/relations.ts";
import type { Statement } from "../sql/statement.ts";
import { StatementCache } from "../sql/statement-cache.ts";
import { type OnCommit, TEMPORARY_SCHEMA } from "../sql/temporary.ts";
import type { SqlContext } from "./context.ts";

export interface TemporaryRelation {
  readonly object: "table" | "view";
  readonly onCommit: OnCommit;
  /** That stand behind it when views are written out. */
  readonly tables: number;
  /** In order, by name: PostgreSQL's internal name of the type, as far as it has one. */
  readonly columns: ReadonlyMap<string, string | undefined>;
}

type Relations = ReadonlyMap<string, TemporaryRelation>;

const NONE: Relations = new Map();
/** Statements of one session, with its own tables: far fewer than those of a workspace. */
const CACHE_BYTES = 1024 * 1024;

/**
 * The temporary tables and views of one session. What changes them runs in one transaction of the
 * engine, from the first change to the end of the block, of the Query or of what Sync closes.
 */
export class TemporaryTables {
  readonly #engine: Engine;
  readonly #workspace: WorkspaceName;
  readonly #processId: number;
  #catalog: string;
  #relations: Relations = NONE;
  /** Since the engine was asked to make room for them. */
  #opened: Promise<void> | undefined;
  /** While the transaction has changes: what there was before it. */
  #before: Relations | undefined;
  /** Of this transaction. */
  #changes = 0;
  /** A statement of the transaction has failed in the engine, which lets it only be rolled back. */
  #isBroken = false;
  #sql:
    | { readonly base: SqlContext; readonly relations: Relations; readonly own: SqlContext }
    | undefined;

  constructor(engine: Engine, workspace: WorkspaceName, processId: number) {
    this.#engine = engine;
    this.#workspace = workspace;
    this.#processId = processId;
    this.#catalog = this.#newName();
  }

  /** The relation that a name means, if it is one of these. */
  find({ catalog, schema, name }: RelationName): TemporaryRelation | undefined {
    const isOurs = schema === undefined || schema === TEMPORARY_SCHEMA;
    return isOurs && catalog === undefined ? this.#relations.get(name) : undefined;
  }

  /** What SQL means in this session. */
  sql(base: SqlContext): SqlContext {
    const relations = this.#relations;
    if (relations.size === 0 && this.#opened === undefined) return base;
    if (this.#sql?.base !== base || this.#sql.relations !== relations) {
      this.#sql = { base, relations, own: this.#sqlOver(base, relations) };
    }
    return this.#sql.own;
  }

  /** Where the engine finds what a statement names; undefined where none of it is temporary. */
  scopeOf({ ast }: Statement): TemporaryScope | undefined {
    if (this.#relations.size === 0) return undefined;
    const names = ast === undefined ? undefined : referencesOf(ast).relations;
    // What only DuckDB can read may name any of them.
    const isNamed = names?.some((name) => this.find(name) !== undefined) ?? true;
    return isNamed ? this.scope : undefined;
  }

  /** Undefined before the first of them. */
  get scope(): TemporaryScope | undefined {
    if (this.#opened === undefined) return undefined;
    return { session: this.#catalog, inTransaction: this.#before !== undefined };
  }

  /** The name of the session's catalog in the engine. */
  get catalog(): string {
    return this.#catalog;
  }

  /** Whether the transaction has changed any. */
  get isChanged(): boolean {
    return this.#before !== undefined;
  }

  /** Makes room for them in the engine, again where it was started anew and nothing is lost by that. */
  async open(): Promise<void> {
    if (this.#opened === undefined || (this.#relations.size === 0 && !this.isChanged)) {
      this.#opened = this.#engine.openSession(this.#workspace, this.#catalog);
    }
    await this.#opened;
  }

  /** Has what follows run in the transaction. */
  async beginChange(): Promise<void> {
    await this.open();
    this.#before ??= this.#relations;
    this.#changes += 1;
  }

  /** A statement that ran in the transaction has failed. */
  failed(): void {
    this.#isBroken = this.#before !== undefined;
  }

  define(name: string, relation: TemporaryRelation): void {
    this.#relations = new Map(this.#relations).set(name, relation);
  }

  forget(name: string): void {
    const relations = new Map(this.#relations);
    relations.delete(name);
    this.#relations = relations;
  }

  /** Undefined where there is no such table. */
  columnsOf(name: string): TemporaryRelation["columns"] | undefined {
    return this.#relations.get(name)?.columns;
  }

  /** All that there are, by name. */
  get relations(): Relations {
    return this.#relations;
  }

  /** Tables to be dropped or emptied before the transaction commits. */
  atCommit(action: OnCommit): readonly string[] {
    if (this.#before === undefined) return [];
    return [...this.#relations].flatMap(([name, { onCommit }]) =>
      onCommit === action ? [name] : [],
    );
  }

  /** Harmless where nothing was changed. What cannot be committed is rolled back. */
  async commit(): Promise<void> {
    if (this.#before === undefined) return;
    try {
      await this.#engine.endSessionTransaction(this.#workspace, this.#catalog, "commit");
      this.#ended();
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  async rollback(): Promise<void> {
    if (this.#before === undefined) return;
    this.#relations = this.#before;
    this.#ended();
    // An engine that is gone has nothing left to roll back.
    await this.#engine
      .endSessionTransaction(this.#workspace, this.#catalog, "rollback")
      .catch(() => undefined);
  }

  /** For a savepoint: how much there is that it would not undo. */
  get mark(): number {
    return this.#changes;
  }

  /** The engine can undo all changes of a transaction or none. */
  async rollbackTo(mark: number): Promise<void> {
    if (this.#changes === mark && !this.#isBroken) return;
    if (mark !== 0) {
      throw new PgError(
        "feature_not_supported",
        "changes of temporary tables cannot be rolled back to a savepoint behind others",
        { hint: "ROLLBACK the whole transaction, or set the savepoint before the first change." },
      );
    }
    await this.rollback();
  }

  /** DISCARD TEMP, and the end of the session. */
  discard(): void {
    const catalog = this.#catalog;
    // One that was never opened has nothing to close; the next one does not wait for its end.
    this.#opened?.then(
      () => this.#engine.closeSession(this.#workspace, catalog),
      () => undefined,
    );
    this.#opened = undefined;
    this.#catalog = this.#newName();
    this.#relations = NONE;
    this.#ended();
  }

  /** Nobody else can guess it, should anything ever let a client say one. */
  #newName(): string {
    return `t${this.#processId}_${randomBytes(8).toString("hex")}`;
  }

  #ended(): void {
    this.#before = undefined;
    this.#changes = 0;
    this.#isBroken = false;
  }

  #sqlOver(base: SqlContext, relations: Relations): SqlContext {
    return {
      cache: new StatementCache(CACHE_BYTES),
      schemas: new Set([...base.schemas, TEMPORARY_SCHEMA]),
      temporaryCatalog: this.#catalog,
      viewTables: new Map([...relations].map(([name, { tables }]) => [name, tables])),
      columnType: (schema, table, column) => {
        const own = this.find({ catalog: undefined, schema, name: table, location: undefined });
        const relation = own === undefined ? undefined : relations.get(table);
        return relation === undefined
          ? base.columnType(schema, table, column)
          : relation.columns.get(column);
      },
    };
  }
}
