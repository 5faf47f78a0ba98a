import type { ShadowContext } from "../shadow/shadow.ts";
import { BufferedExecution } from "./buffered-execution.ts";
import type { SessionContext } from "./context.ts";
import type { Binding, Execution, Plan } from "./plan.ts";

/** What the session is, as far as a PostgreSQL answer depends on it. */
export function shadowContext(context: SessionContext, signal: AbortSignal): ShadowContext {
  return {
    workspace: context.workspace,
    role: context.role,
    session: context.id,
    settings: context.parameters.changed(),
    signal,
  };
}

/** A statement that only reads system catalogs, or no relation at all: a real PostgreSQL answers. */
export async function planForShadow(
  context: SessionContext,
  sql: string,
  parameterOids: readonly number[],
  signal: AbortSignal,
): Promise<Plan> {
  const described = await context.shadow.describe(
    { sql, parameterOids },
    shadowContext(context, signal),
  );
  return {
    parameterOids: described.parameterOids,
    fields: described.fields,
    endsTransaction: false,
    open: (binding, aborted) =>
      openInShadow(context, sql, described.parameterOids, binding, aborted),
  };
}

/** Runs without a description first: the answer brings it. */
export function openInShadow(
  context: SessionContext,
  sql: string,
  parameterOids: readonly number[],
  { parameterFormats, parameters, resultFormats }: Binding,
  signal: AbortSignal,
): Execution {
  return new BufferedExecution(async (sink, formats) => {
    const answer = await context.shadow.execute(
      { sql, parameterOids, parameterFormats, parameters, resultFormats: formats },
      shadowContext(context, signal),
    );
    for (const notice of answer.notices) await sink.page([notice]);
    return answer;
  }, resultFormats);
}
