import { quoteIdentifier } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { EngineStream, OutputFormat, RowSink } from "../engine/engine.ts";
import { pgTypeByOid } from "../pgtypes/pg-types.ts";
import { readOnly } from "../sql/refusals.ts";
import type { RelationName } from "../sql/relations.ts";
import { positionOf } from "../sql/source-text.ts";
import type { Statement } from "../sql/statement.ts";
import type { TemporaryWrite } from "../sql/temporary.ts";
import { type Translation, translateTemporary } from "../sql/translate.ts";
import { qualified } from "../sql/write-context.ts";
import type { SessionContext } from "./context.ts";
import { describeInEngine, engineSettings, inTermsOf, parameterTypeNames } from "./engine-plan.ts";
import {
  type Binding,
  type Completion,
  type Execution,
  NO_BINDING,
  type Plan,
  type ResultSink,
} from "./plan.ts";
import type { TemporaryRelation } from "./temporary-tables.ts";

/** A statement that makes, changes or drops temporary tables; on anything else it is refused. */
export async function planForTemporary(
  context: SessionContext,
  statement: Statement,
  declaredOids: readonly number[],
  signal: AbortSignal,
): Promise<Plan> {
  const { route } = statement;
  if (route.to !== "temporary") throw new Error("not a change of temporary tables");
  const { write } = route;
  await requireTargets(context, write, statement, signal);
  const typed = statement.parameterCount > 0 || (write.kind === "rows" && write.returning);
  if (!typed) {
    return {
      parameterOids: [],
      fields: undefined,
      endsTransaction: false,
      open: (binding, aborted) =>
        new TemporaryExecution(context, statement, write, [], binding, aborted),
    };
  }
  await context.temporary.open();
  const translate = (oids: readonly number[]): Translation => {
    const [translation, ...more] = translations(context, statement, oids);
    if (translation === undefined || more.length > 0)
      throw new PgError("undefined_parameter", "there is no parameter $1");
    return translation;
  };
  const { parameterOids, fields } = await describeInEngine(
    context,
    statement,
    declaredOids,
    { translate, scope: () => context.temporary.scope },
    signal,
  );
  return {
    parameterOids,
    fields: write.kind === "rows" && write.returning ? fields : undefined,
    endsTransaction: false,
    open: (binding, aborted) =>
      new TemporaryExecution(context, statement, write, parameterOids, binding, aborted),
  };
}

function translations(
  context: SessionContext,
  statement: Statement,
  parameterOids: readonly number[],
): readonly Translation[] {
  return translateTemporary(statement, {
    ...context.sql(),
    workspace: context.workspace,
    role: context.role,
    parameterTypes: parameterTypeNames(statement, parameterOids),
    temporaryCatalog: context.temporary.catalog,
    columnsOf: (name) => context.temporary.columnsOf(name),
  });
}

/** What a statement changes must be the session's own: files are read-only, and the rest is unknown. */
async function requireTargets(
  context: SessionContext,
  write: TemporaryWrite,
  statement: Statement,
  signal: AbortSignal,
): Promise<void> {
  if (write.kind === "create") {
    const known = context.temporary.relations.get(write.name);
    if (known === undefined || write.ifNotExists) return;
    if (write.replace && known.object === "view") return;
    throw new PgError("duplicate_table", `relation "${write.name}" already exists`);
  }
  if (write.kind === "drop" && write.object === "index") return;
  for (const target of write.targets) {
    const known = context.temporary.find(target);
    if (known === undefined) {
      if (write.kind === "drop" && write.ifExists) continue;
      await refuseOther(context, write, statement, target, signal);
    } else if (write.kind === "drop" && write.object !== known.object) {
      throw new PgError("wrong_object_type", `"${target.name}" is not a ${write.object}`, {
        hint: `Use DROP ${known.object.toUpperCase()} to remove a ${known.object}.`,
      });
    } else if (known.object === "view" && write.kind !== "drop") {
      throw new PgError("object_not_in_prerequisite_state", `cannot change view "${target.name}"`, {
        position: positionOf(statement.text, target.location),
      });
    }
  }
}

/** PostgreSQL looks for the relation first, and then whether it may be changed. */
async function refuseOther(
  context: SessionContext,
  write: TemporaryWrite,
  { text }: Statement,
  { schema, name, location }: RelationName,
  signal: AbortSignal,
): Promise<never> {
  const position = positionOf(text, location);
  const names = [...(schema === undefined ? [] : [schema]), name];
  if (await exists(context, names, signal)) throw readOnly(write.command);
  const kind = write.kind === "drop" ? write.object : "relation";
  throw new PgError("undefined_table", `${kind} "${names.join(".")}" does not exist`, { position });
}

/** Commits what the session has changed in its temporary tables, or takes it back. */
export async function endOfChanges(
  context: SessionContext,
  outcome: "commit" | "rollback",
): Promise<void> {
  const { temporary } = context;
  if (outcome === "rollback") {
    await temporary.rollback();
    return;
  }
  for (const name of temporary.atCommit("drop")) {
    await carryOut(context, `DROP TABLE ${qualified(temporary.catalog, name)}`);
    temporary.forget(name);
  }
  for (const name of temporary.atCommit("delete rows"))
    await carryOut(context, `TRUNCATE ${qualified(temporary.catalog, name)}`);
  await temporary.commit();
}

/** In a block it is taken back with the block. */
export async function discardTemporary(context: SessionContext): Promise<void> {
  const { temporary, transaction } = context;
  if (transaction.status === "I") {
    temporary.discard();
    return;
  }
  await temporary.beginChange();
  for (const [name, { object }] of temporary.relations) {
    await carryOut(context, `DROP ${object} ${qualified(temporary.catalog, name)}`);
    temporary.forget(name);
  }
}

async function carryOut(context: SessionContext, sql: string): Promise<void> {
  const stream = openStatement(context, sql, [], NO_BINDING, { kind: "none" }, NEVER);
  await stream.run(NO_ROWS, 0);
}

async function exists(
  context: SessionContext,
  names: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await context.engine.describe(
      {
        ...surroundings(context),
        sql: `SELECT 1 FROM ${names.map(quoteIdentifier).join(".")}`,
        temporary: undefined,
      },
      { signal },
    );
    return true;
  } catch (error) {
    // One whose file has never been loaded exists as well.
    return !(error instanceof PgError && error.sqlstate === SQLSTATE.undefined_table);
  }
}

/** Runs the statement's translations one after another in the session's transaction. */
class TemporaryExecution implements Execution {
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
      this.#parameterOids,
      this.#binding,
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
        temporary.define(name, { object, onCommit, columns: await this.#columnsOf(name) });
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

/** Of a DROP IF EXISTS that had nothing to drop. */
const NOTHING: EngineStream = {
  run: async () => ({ suspended: false, rows: 0 }),
  close: () => undefined,
};

/** One of the engine's own statements, in the session's transaction. */
function openStatement(
  context: SessionContext,
  sql: string,
  parameterOids: readonly number[],
  { parameterFormats, parameters }: Binding,
  output: OutputFormat,
  signal: AbortSignal,
): EngineStream {
  return context.engine.open(
    {
      ...surroundings(context),
      sql,
      temporary: context.temporary.scope,
      parameterOids,
      parameterFormats,
      parameters,
      output,
      expectedTypeOids: undefined,
    },
    { signal },
  );
}

function surroundings(context: SessionContext) {
  return {
    workspace: context.workspace,
    dialect: "postgresql" as const,
    settings: engineSettings(context),
    transaction: context.transaction.snapshot()?.name,
  };
}

const NO_ROWS: RowSink = { fields: () => undefined, page: () => undefined };
/** The end of a transaction is short, and is not to be left half way. */
const NEVER = new AbortController().signal;
