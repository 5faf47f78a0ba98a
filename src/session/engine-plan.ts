import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type {
  CursorRun,
  EngineDescription,
  EngineSettings,
  OutputFormat,
  TemporaryScope,
} from "../engine/engine.ts";
import { pgTypeByOid } from "../pgtypes/pg-types.ts";
import type { FieldDescription } from "../protocol/field-description.ts";
import { mapPosition } from "../sql/map-position.ts";
import type { Statement } from "../sql/statement.ts";
import { type Translation, translate } from "../sql/translate.ts";
import type { SessionContext } from "./context.ts";
import type { Binding, Completion, Execution, Plan, ResultSink } from "./plan.ts";
import { shadowContext } from "./shadow-plan.ts";
import type { TemporaryTables } from "./temporary-tables.ts";
import { withoutColumns } from "./without-columns.ts";

const TEXT_OID = 25;

/** What the client sent, and what the engine is sent in its place. */
interface TranslatedStatement {
  readonly statement: Statement;
  readonly translation: Translation;
}

/** A statement over the workspace's tables and views, translated and with its parameters typed. */
interface EngineQuery extends TranslatedStatement {
  readonly parameterOids: readonly number[];
}

/** Plans a statement whose parameters and columns the client wants to know. */
export async function planForEngine(
  context: SessionContext,
  statement: Statement,
  declaredOids: readonly number[],
  signal: AbortSignal,
): Promise<Plan> {
  const { translation, parameterOids, fields } = await describeInEngine(
    context,
    statement,
    declaredOids,
    {
      translate: (oids) => translated(context, statement, oids),
      scope: () => context.temporary.scopeOf(statement),
    },
    signal,
  );
  const query = { statement, translation, parameterOids };
  return {
    parameterOids,
    fields: (translation.hasNoColumns ? undefined : fields) ?? [],
    endsTransaction: false,
    open: (binding, aborted) =>
      execution(context, query, binding, {
        signal: aborted,
        output: { kind: "rows", formats: binding.resultFormats },
        expectedTypeOids: fields?.map((field) => field.typeOid),
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
  const query = { statement, translation: translated(context, statement, []), parameterOids: [] };
  return execution(context, query, binding, { ...options, expectedTypeOids: undefined });
}

function execution(
  context: SessionContext,
  query: EngineQuery,
  binding: Binding,
  options: ExecutionOptions,
): Execution {
  if (!query.translation.hasNoColumns) {
    return new EngineExecution(context, query, binding, options);
  }
  if (options.output.kind === "copy") {
    throw new PgError("feature_not_supported", "COPY of rows without columns is not supported");
  }
  return withoutColumns(new EngineExecution(context, query, binding, options));
}

/** What varies between statements that the engine describes. */
export interface Describing {
  readonly translate: (parameterOids: readonly number[]) => Translation;
  readonly scope: () => TemporaryScope | undefined;
}

/**
 * Types of parameters come from Parse, else from the engine, else from PostgreSQL's own rules, for
 * which the shadow is asked. What nobody knows is text.
 */
export async function describeInEngine(
  context: SessionContext,
  statement: Statement,
  declaredOids: readonly number[],
  { translate, scope }: Describing,
  signal: AbortSignal,
): Promise<{
  readonly translation: Translation;
  readonly parameterOids: readonly number[];
  readonly fields: readonly FieldDescription[] | undefined;
}> {
  const declared = Array.from(
    { length: statement.parameterCount },
    (_, index) => declaredOids[index] ?? 0,
  );
  const query = { statement, translation: translate(declared) };
  const described = await ask(context, query, scope(), signal);
  const types = declared.map((oid, index) => oid || described.parameterOids[index] || 0);
  if (types.every((oid) => oid !== 0) && described.fields !== undefined) {
    return { ...query, parameterOids: types, fields: described.fields };
  }
  const known = types.every((oid) => oid !== 0)
    ? types
    : await typesByPostgres(context, statement, types, signal);
  const typed = { statement, translation: translate(known) };
  const { fields } = await ask(context, typed, scope(), signal);
  return { ...typed, parameterOids: known, fields };
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
      shadowContext(context, signal, statement.text),
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
  parameterOids: readonly number[],
): Translation {
  return translate(statement, {
    ...context.sql(),
    workspace: context.workspace,
    role: context.role,
    parameterTypes: parameterTypeNames(statement, parameterOids),
  });
}

/** Undefined for those whose type is open. */
export function parameterTypeNames(
  { parameterCount }: Statement,
  oids: readonly number[],
): readonly (string | undefined)[] {
  return Array.from({ length: parameterCount }, (_, index) => typeName(oids[index] ?? 0));
}

/** PostgreSQL's internal name, such as int4 or text[]; undefined for a type that is open. */
function typeName(oid: number): string | undefined {
  const type = pgTypeByOid(oid);
  return type && (type.isArray ? `${type.name}[]` : type.name);
}

async function ask(
  context: SessionContext,
  query: TranslatedStatement,
  temporary: TemporaryScope | undefined,
  signal: AbortSignal,
): Promise<EngineDescription> {
  try {
    return await context.engine.describe(
      {
        workspace: context.workspace,
        sql: query.translation.sql,
        dialect: dialectOf(query),
        settings: engineSettings(context),
        transaction: context.transaction.snapshot()?.name,
        temporary,
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
  readonly #temporary: TemporaryTables;
  readonly #scope: TemporaryScope | undefined;
  readonly #stream: ReturnType<SessionContext["engine"]["open"]>;

  constructor(
    context: SessionContext,
    query: EngineQuery,
    binding: Binding,
    options: ExecutionOptions,
  ) {
    this.#query = query;
    this.#temporary = context.temporary;
    this.#scope = context.temporary.scopeOf(query.statement);
    this.#stream = context.engine.open(
      {
        workspace: context.workspace,
        sql: query.translation.sql,
        dialect: dialectOf(query),
        settings: engineSettings(context),
        transaction: context.transaction.snapshot()?.name,
        temporary: this.#scope,
        parameterOids: query.parameterOids,
        parameterFormats: binding.parameterFormats,
        parameters: binding.parameters,
        output: options.output,
        expectedTypeOids: options.expectedTypeOids,
        ...(binding.scrolls === true ? { scrolls: true } : {}),
      },
      { signal: options.signal },
    );
  }

  async run(sink: ResultSink, maxRows: number, cursor?: CursorRun): Promise<Completion> {
    try {
      const { suspended, rows } = await this.#stream.run(sink, maxRows, cursor);
      return suspended
        ? { outcome: "suspended", rows }
        : { outcome: "complete", tag: `SELECT ${rows}`, rows };
    } catch (error) {
      if (this.#scope?.inTransaction === true) this.#temporary.failed();
      throw inTermsOf(this.#query, error);
    }
  }

  close(): void {
    this.#stream.close();
  }
}

/** An error whose position counts in what the engine was sent, as one of what the client sent. */
export function inTermsOf(
  { statement, translation }: TranslatedStatement,
  error: unknown,
): unknown {
  if (!(error instanceof PgError)) return error;
  // What neither grammar can read is reported as PostgreSQL's has read it.
  if (statement.syntaxError !== undefined && error.sqlstate === SQLSTATE.syntax_error) {
    return statement.syntaxError;
  }
  if (error.position === undefined) return error;
  const position = mapPosition(statement, translation, error.position);
  return PgError.fromFields({ ...error.toFields(), position });
}

function dialectOf({ statement: { route } }: TranslatedStatement): "postgresql" | "duckdb" {
  return route.to === "engine" ? route.dialect : "postgresql";
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
