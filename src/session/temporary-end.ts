import { qualified } from "../sql/write-context.ts";
import type { SessionContext } from "./context.ts";
import { NO_BINDING } from "./plan.ts";
import { NO_ROWS, openStatement } from "./temporary-statement.ts";

/** The end of a transaction is short, and is not to be left half way. */
const NEVER = new AbortController().signal;

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
