import { SQLSTATE } from "../core/sqlstate.ts";
import type { EngineStream, OutputFormat } from "../engine/engine.ts";
import { pgTypeByOid } from "../pgtypes/pg-types.ts";
import { tablesBehind } from "../sql/guard.ts";
import type { Statement } from "../sql/statement.ts";
import type { TemporaryWrite } from "../sql/temporary.ts";
import type { Translation } from "../sql/translate.ts";
import { qualified } from "../sql/write-context.ts";
import type { SessionContext } from "./context.ts";
import { inTermsOf } from "./engine-plan.ts";
import type { Binding, Completion, Execution, ResultSink } from "./plan.ts";
import { openStatement, surroundings, translations } from "./temporary-statement.ts";
import type { TemporaryRelation } from "./temporary-tables.ts";
import { usedParameters } from "./used-parameters.ts";

/** Runs the statement's translations one after another in the session's transaction. */
export class TemporaryExecution implements Execution {
  readonly #context: SessionContext;
  readonly #statement: Statement;
  readonly #write: TemporaryWrite;
  readonly #parameterOids: readonly number[];
  readonly #binding: Binding;
  readonly #signal: AbortSignal;
  /** Of a RETURNING that a client reads in parts. */
  #stream: EngineStream | undefined;
  #rows = 0;

  constructor(
    context: SessionContext,
    statement: Statement,
    write: TemporaryWrite,
    parameterOids: readonly number[],
    binding: Binding,
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.#statement = statement;
    this.#write = write;
    this.#parameterOids = parameterOids;
    this.#binding = binding;
    this.#signal = signal;
  }

  async run(sink: ResultSink, maxRows: number): Promise<Completion> {
    const { temporary } = this.#context;
    try {
      this.#stream ??= await this.#begin(sink);
      const { suspended, rows } = await this.#stream.run(sink, maxRows);
      this.#rows += rows;
      if (suspended) return { outcome: "suspended", rows };
      await this.#record();
      return { outcome: "complete", tag: this.#tag(), rows: this.#returnsRows ? rows : 0 };
    } catch (error) {
      temporary.failed();
      throw error;
    }
  }

  close(): void {
    this.#stream?.close();
  }

  get #returnsRows(): boolean {
    return this.#write.kind === "rows" && this.#write.returning;
  }

  /** All but the last of the translations, whose stream it answers. */
  async #begin(sink: ResultSink): Promise<EngineStream> {
    const skipped = this.#skipped();
    for (const { sqlstate, message } of skipped.values())
      sink.notice({ severity: "NOTICE", sqlstate, message: `${message}, skipping` });
    await this.#context.temporary.beginChange();
    const all = translations(this.#context, this.#statement, this.#parameterOids);
    const kept = all.filter((_, index) => !skipped.has(index) && !skipped.has("all"));
    for (const translation of kept.slice(0, -1)) await this.#open(translation, false).run(sink, 0);
    const last = kept.at(-1);
    return last === undefined ? NOTHING : this.#open(last, this.#returnsRows);
  }

  /** What IF EXISTS and IF NOT EXISTS leave out: by the place of its translation. */
  #skipped(): ReadonlyMap<number | "all", { readonly sqlstate: string; readonly message: string }> {
    const { temporary } = this.#context;
    const write = this.#write;
    if (write.kind === "create" && write.ifNotExists && temporary.relations.has(write.name)) {
      const message = `relation "${write.name}" already exists`;
      return new Map([["all", { sqlstate: SQLSTATE.duplicate_table, message }]]);
    }
    if (write.kind !== "drop" || write.object === "index") return new Map();
    const { object, targets } = write;
    return new Map(
      targets.flatMap((target, index) => {
        if (temporary.find(target) !== undefined) return [];
        const message = `${object} "${target.name}" does not exist`;
        return [[index, { sqlstate: SQLSTATE.successful_completion, message }] as const];
      }),
    );
  }

  #open(translation: Translation, returnsRows: boolean): EngineStream {
    const output: OutputFormat = returnsRows
      ? { kind: "rows", formats: this.#binding.resultFormats }
      : { kind: "none" };
    const stream = openStatement(
      this.#context,
      translation.sql,
      usedParameters(this.#statement, this.#parameterOids, this.#binding),
      output,
      this.#signal,
    );
    return {
      run: async (sink, maxRows) => {
        try {
          return await stream.run(sink, maxRows);
        } catch (error) {
          throw inTermsOf({ statement: this.#statement, translation }, error);
        }
      },
      close: () => stream.close(),
    };
  }

  /** What the session knows of its tables now. */
  async #record(): Promise<void> {
    const { temporary } = this.#context;
    const write = this.#write;
    switch (write.kind) {
      case "create": {
        if (write.ifNotExists && temporary.relations.has(write.name)) return;
        const { object, onCommit, name } = write;
        const tables = object === "view" ? this.#tablesOfView() : 1;
        temporary.define(name, { object, onCommit, tables, columns: await this.#columnsOf(name) });
        return;
      }
      case "alter": {
        const name = write.targets[0]?.name ?? "";
        const known = temporary.relations.get(name);
        if (known === undefined) return;
        temporary.forget(name);
        const now = write.newName ?? name;
        temporary.define(now, { ...known, columns: await this.#columnsOf(now) });
        return;
      }
      case "drop":
        if (write.object === "index") return;
        for (const { name } of write.targets) temporary.forget(name);
        return;
      default:
    }
  }

  /** Some more than its query has, so that views over views come to an end, too. */
  #tablesOfView(): number {
    const { ast } = this.#statement;
    return ast === undefined ? 1 : VIEW_LEVEL + tablesBehind(ast, this.#context.sql());
  }

  async #columnsOf(name: string): Promise<TemporaryRelation["columns"]> {
    const context = this.#context;
    const { fields = [] } = await context.engine.describe(
      {
        ...surroundings(context),
        sql: `SELECT * FROM ${qualified(context.temporary.catalog, name)}`,
        temporary: context.temporary.scope,
      },
      { signal: this.#signal },
    );
    return new Map(
      fields.map(({ name: column, typeOid }) => {
        const type = pgTypeByOid(typeOid);
        return [column, type?.isArray === true ? `${type.name}[]` : type?.name] as const;
      }),
    );
  }

  #tag(): string {
    const write = this.#write;
    switch (write.kind) {
      case "create":
        if (!write.filled) return write.command;
        return this.#stream === NOTHING ? "CREATE TABLE AS" : `SELECT ${this.#rows}`;
      case "rows":
        return write.command === "INSERT"
          ? `INSERT 0 ${this.#rows}`
          : `${write.command} ${this.#rows}`;
      default:
        return write.command;
    }
  }
}

/** What a view counts for beside its tables: twenty may stand on one another. */
const VIEW_LEVEL = 3;

/** Of a DROP IF EXISTS that had nothing to drop. */
const NOTHING: EngineStream = {
  run: async () => ({ suspended: false, rows: 0 }),
  close: () => undefined,
};
