import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { EngineDescription, EngineSettings, OutputFormat } from "../engine/engine.ts";
import { pgTypeByOid } from "../pgtypes/pg-types.ts";
import { mapPosition } from "../sql/map-position.ts";
import type { Statement } from "../sql/statement.ts";
import { type Translation, translate } from "../sql/translate.ts";
import type { SessionContext } from "./context.ts";
import type { Binding, Completion, Execution, Plan, ResultSink } from "./plan.ts";
import { shadowContext } from "./shadow-plan.ts";

const TEXT_OID = 25;

/** A statement over the workspace's tables and views, translated and with its parameters typed. */
export interface EngineQuery {
  readonly translation: Translation;
  readonly dialect: "postgresql" | "duckdb";
  readonly parameterOids: readonly number[];
  readonly statement: Statement;
}

/** Plans a statement whose parameters and columns the client wants to know. */
export async function planForEngine(
  context: SessionContext,
  statement: Statement,
  declaredOids: readonly number[],
  signal: AbortSignal,
): Promise<Plan> {
  const { query, described } = await describe(context, statement, declaredOids, signal);
  return {
    parameterOids: query.parameterOids,
    fields: described.fields ?? [],
    endsTransaction: false,
    open: (binding, aborted) =>
      new EngineExecution(context, query, binding, {
        signal: aborted,
        output: { kind: "rows", formats: binding.resultFormats },
        expectedTypeOids: described.fields?.map((field) => field.typeOid),
      }),
  };
}

/** Runs without a description first: the engine sends it ahead of the rows. */
export function openInEngine(
  context: SessionContext,
  statement: Statement,
  binding: Binding,
  options: { readonly signal: AbortSignal; readonly output: OutputFormat },
): Execution {
  const query = translated(context, statement, []);
  return new EngineExecution(context, query, binding, { ...options, expectedTypeOids: undefined });
}

/**
 * Types of parameters come from Parse, else from the engine, else from PostgreSQL's own rules, for
 * which the shadow is asked. What nobody knows is text.
 */
async function describe(
  context: SessionContext,
  statement: Statement,
  declaredOids: readonly number[],
  signal: AbortSignal,
): Promise<{ readonly query: EngineQuery; readonly described: EngineDescription }> {
  const query = translated(context, statement, declaredOids);
  const described = await ask(context, query, signal);
  const types = query.parameterOids.map((oid, index) => oid || described.parameterOids[index] || 0);
  if (types.every((oid) => oid !== 0) && described.fields !== undefined) {
    return { query: { ...query, parameterOids: types }, described };
  }
  const known = types.every((oid) => oid !== 0)
    ? types
    : await typesByPostgres(context, statement, types, signal);
  const typed = translated(context, statement, known);
  return { query: typed, described: await ask(context, typed, signal) };
}

async function typesByPostgres(
  context: SessionContext,
  statement: Statement,
  known: readonly number[],
  signal: AbortSignal,
): Promise<readonly number[]> {
  try {
    const described = await context.shadow.describe(
      { sql: statement.text, parameterOids: known },
      shadowContext(context, signal),
    );
    return known.map((oid, index) => oid || described.parameterOids[index] || TEXT_OID);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PgError)) throw error;
    // It may be the engine's own SQL, or the shadow may be away: the statement is none the worse.
    return known.map((oid) => oid || TEXT_OID);
  }
}

function translated(
  context: SessionContext,
  statement: Statement,
  declaredOids: readonly number[],
): EngineQuery {
  const { route, parameterCount } = statement;
  const dialect = route.to === "engine" ? route.dialect : "postgresql";
  const parameterOids = Array.from(
    { length: parameterCount },
    (_, index) => declaredOids[index] ?? 0,
  );
  const translation = translate(statement, {
    ...context.sql(),
    workspace: context.workspace,
    role: context.role,
    parameterTypes: parameterOids.map(typeName),
  });
  return { translation, dialect, parameterOids, statement };
}

/** PostgreSQL's internal name, such as int4 or text[]; undefined for a type that is open. */
function typeName(oid: number): string | undefined {
  const type = pgTypeByOid(oid);
  return type && (type.isArray ? `${type.name}[]` : type.name);
}

async function ask(
  context: SessionContext,
  query: EngineQuery,
  signal: AbortSignal,
): Promise<EngineDescription> {
  try {
    return await context.engine.describe(
      {
        workspace: context.workspace,
        sql: query.translation.sql,
        dialect: query.dialect,
        settings: engineSettings(context),
        transaction: context.transaction.snapshot()?.name,
      },
      { signal },
    );
  } catch (error) {
    throw inTermsOf(query, error);
  }
}

interface ExecutionOptions {
  readonly signal: AbortSignal;
  readonly output: OutputFormat;
  readonly expectedTypeOids: readonly number[] | undefined;
}

class EngineExecution implements Execution {
  readonly #query: EngineQuery;
  readonly #stream: ReturnType<SessionContext["engine"]["open"]>;

  constructor(
    context: SessionContext,
    query: EngineQuery,
    binding: Binding,
    options: ExecutionOptions,
  ) {
    this.#query = query;
    this.#stream = context.engine.open(
      {
        workspace: context.workspace,
        sql: query.translation.sql,
        dialect: query.dialect,
        settings: engineSettings(context),
        transaction: context.transaction.snapshot()?.name,
        parameterOids: query.parameterOids,
        parameterFormats: binding.parameterFormats,
        parameters: binding.parameters,
        output: options.output,
        expectedTypeOids: options.expectedTypeOids,
      },
      { signal: options.signal },
    );
  }

  async run(sink: ResultSink, maxRows: number): Promise<Completion> {
    try {
      const { suspended, rows } = await this.#stream.run(sink, maxRows);
      return suspended
        ? { outcome: "suspended", rows }
        : { outcome: "complete", tag: `SELECT ${rows}`, rows };
    } catch (error) {
      throw inTermsOf(this.#query, error);
    }
  }

  close(): void {
    this.#stream.close();
  }
}

/** An error whose position counts in what the engine was sent, as one of what the client sent. */
function inTermsOf({ statement, translation }: EngineQuery, error: unknown): unknown {
  if (!(error instanceof PgError)) return error;
  // What neither grammar can read is reported as PostgreSQL's has read it.
  if (statement.syntaxError !== undefined && error.sqlstate === SQLSTATE.syntax_error) {
    return statement.syntaxError;
  }
  if (error.position === undefined) return error;
  const position = mapPosition(statement, translation, error.position);
  return PgError.fromFields({ ...error.toFields(), position });
}

export function engineSettings({ parameters }: SessionContext): EngineSettings {
  return {
    timeZone: parameters.get("TimeZone"),
    searchPath: schemasOf(parameters.get("search_path")),
  };
}

/** The schemas of a search_path, quotes removed; `"$user"` names none of ours. */
export function schemasOf(searchPath: string): readonly string[] {
  const names: string[] = [];
  for (const match of searchPath.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)) {
    const name = match[1]?.replaceAll('""', '"') ?? match[2]?.toLowerCase();
    if (name !== undefined && name !== "$user") names.push(name);
  }
  return names;
}
