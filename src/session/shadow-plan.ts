import { asksForLive } from "../shadow/live-catalog.ts";
import type { ShadowContext } from "../shadow/shadow.ts";
import { BufferedExecution } from "./buffered-execution.ts";
import type { SessionContext } from "./context.ts";
import { carryOutEffect } from "./effects.ts";
import { liveFacts, sessionFacts } from "./live-facts.ts";
import type { Binding, Execution, Plan } from "./plan.ts";

/** What the session is, as far as a PostgreSQL answer depends on it. */
export function shadowContext(
  context: SessionContext,
  signal: AbortSignal,
  sql: string,
): ShadowContext {
  return {
    facts: sessionFacts(context),
    live: asksForLive(sql) ? liveFacts(context) : undefined,
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
    shadowContext(context, signal, sql),
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
    // From its first query on a transaction sees one version of everything.
    context.transaction.snapshot();
    const answer = await context.shadow.execute(
      { sql, parameterOids, parameterFormats, parameters, resultFormats: formats },
      shadowContext(context, signal, sql),
    );
    for (const notice of answer.notices) await sink.page([notice]);
    for (const effect of answer.effects) carryOutEffect(context, effect);
    // One may have ended this very statement.
    signal.throwIfAborted();
    return answer;
  }, resultFormats);
}
