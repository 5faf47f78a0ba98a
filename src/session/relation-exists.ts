import { quoteIdentifier } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { SessionContext } from "./context.ts";
import { surroundings } from "./temporary-statement.ts";

/** Whether the workspace has a table or view of this name: its schema, if it is given, and its own. */
export async function relationExists(
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
