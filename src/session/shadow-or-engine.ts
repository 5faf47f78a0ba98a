/**
 * Statements without a relation are PostgreSQL's to answer; a function that it has not may be one of
 * the engine's. If it is not, what PostgreSQL has said of it is what the client hears.
 */
import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { Statement } from "../sql/statement.ts";
import type { SessionContext } from "./context.ts";
import { planForEngine } from "./engine-plan.ts";
import { type Binding, type Execution, NO_BINDING, type Plan } from "./plan.ts";
import { openInShadow, planForShadow } from "./shadow-plan.ts";

export async function planForShadowOrEngine(
  context: SessionContext,
  statement: Statement,
  declaredOids: readonly number[],
  signal: AbortSignal,
): Promise<Plan> {
  try {
    return await planForShadow(context, statement.text, declaredOids, signal);
  } catch (error) {
    return await planInstead(context, statement, declaredOids, signal, error);
  }
}

/** The same for a statement that runs without having been planned. */
export function openInShadowOrEngine(
  context: SessionContext,
  statement: Statement,
  signal: AbortSignal,
  binding: Binding = NO_BINDING,
): Execution {
  let current = openInShadow(context, statement.text, [], binding, signal);
  return {
    run: async (sink, maxRows) => {
      try {
        return await current.run(sink, maxRows);
      } catch (error) {
        const plan = await planInstead(context, statement, [], signal, error);
        current = plan.open(binding, signal);
        return await current.run(sink, maxRows);
      }
    },
    close: () => current.close(),
  };
}

async function planInstead(
  context: SessionContext,
  statement: Statement,
  declaredOids: readonly number[],
  signal: AbortSignal,
  failure: unknown,
): Promise<Plan> {
  const isUnknownFunction =
    failure instanceof PgError && failure.sqlstate === SQLSTATE.undefined_function;
  if (!isUnknownFunction) throw failure;
  return await planForEngine(context, statement, declaredOids, signal).catch(() => {
    throw failure;
  });
}
