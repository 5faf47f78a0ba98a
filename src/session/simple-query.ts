import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import { parseStatements } from "../sql/parse.ts";
import type { Statement } from "../sql/statement.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { SessionContext } from "./context.ts";
import { movedBy } from "./error-position.ts";
import { endsTransaction, openStatement, planStatement } from "./planner.ts";
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
  if (statements.length > 1) await requireSyntax(context, statements, signal);
  for (const statement of statements) {
    // A COMMIT among them ends the block, and what follows it is another one.
    if (statements.length > 1) context.transaction.beginImplicit();
    else context.transaction.start();
    context.clock.nextStatement();
    try {
      await runStatement(context, connection, statement, signal);
    } catch (error) {
      throw movedBy(statement.offset, error);
    }
  }
}

/** Nothing of a text runs if a part of it can be read by neither grammar. */
async function requireSyntax(
  context: SessionContext,
  statements: readonly Statement[],
  signal: AbortSignal,
): Promise<void> {
  for (const statement of statements) {
    if (statement.syntaxError === undefined) continue;
    try {
      await planStatement(context, statement, [], signal);
    } catch (error) {
      // Any other failure has its turn when the statement has.
      if (error instanceof PgError && error.sqlstate === SQLSTATE.syntax_error) {
        throw movedBy(statement.offset, error);
      }
    }
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
  } finally {
    execution.close();
  }
}
