import type { EngineStream, OutputFormat, RowSink } from "../engine/engine.ts";
import type { Statement } from "../sql/statement.ts";
import { type Translation, translateTemporary } from "../sql/translate.ts";
import type { SessionContext } from "./context.ts";
import { engineSettings, parameterTypeNames } from "./engine-plan.ts";
import type { Binding } from "./plan.ts";

/** What the engine runs for a statement about temporary tables, in this order. */
export function translations(
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

/** One of the engine's own statements, in the session's transaction. */
export function openStatement(
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

/** What each request to the engine says of the session. */
export function surroundings(context: SessionContext) {
  return {
    workspace: context.workspace,
    dialect: "postgresql" as const,
    settings: engineSettings(context),
    transaction: context.transaction.snapshot()?.name,
  };
}

export const NO_ROWS: RowSink = { fields: () => undefined, page: () => undefined };
