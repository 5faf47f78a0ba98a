import { PgError } from "../core/pg-error.ts";
import { parseStatements } from "../sql/parse.ts";
import type { Statement } from "../sql/statement.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { SessionContext } from "./context.ts";
import { endsTransaction, openStatement } from "./planner.ts";
import { ClientSink } from "./results.ts";
import { abortedTransaction } from "./transaction.ts";

/**
 * Query: statements one after another, each with its own answer, until one fails (PostgreSQL
 * documentation 55.2.2). ReadyForQuery is the caller's.
 */
export async function simpleQuery(
  context: SessionContext,
  connection: ClientConnection,
  sql: string,
  signal: AbortSignal,
): Promise<void> {
  const statements = parseStatements(sql, context.sql());
  if (statements.length === 0) {
    connection.send({ type: "EmptyQueryResponse" });
    return;
  }
  if (statements.length > 1) context.transaction.beginImplicit();
  try {
    for (const statement of statements) {
      context.clock.nextStatement();
      try {
        await runStatement(context, connection, statement, signal);
      } catch (error) {
        throw shifted(error, statement.offset);
      }
    }
  } finally {
    context.transaction.endImplicit();
  }
}

async function runStatement(
  context: SessionContext,
  connection: ClientConnection,
  statement: Statement,
  signal: AbortSignal,
): Promise<void> {
  if (context.transaction.status === "E" && !endsTransaction(statement)) throw abortedTransaction();
  const execution = await openStatement(context, statement, signal);
  try {
    const completion = await execution.run(
      new ClientSink(connection, context.sent, "sent first"),
      0,
    );
    context.sent.rows += completion.rows;
    const tag = completion.outcome === "complete" ? completion.tag : "";
    connection.send({ type: "CommandComplete", tag });
    for (const change of context.parameters.takeChanges()) {
      connection.send({ type: "ParameterStatus", ...change });
    }
  } finally {
    execution.close();
  }
}

/** A position counts in the whole message, not in one of its statements. */
function shifted(error: unknown, offset: number): unknown {
  if (!(error instanceof PgError) || error.position === undefined || offset === 0) return error;
  return PgError.fromFields({ ...error.toFields(), position: error.position + offset });
}
