import { PgError } from "../core/pg-error.ts";
import type { TransactionOptions } from "../sql/statement.ts";
import type { SessionContext } from "./context.ts";
import { readBoolean } from "./parameter-values.ts";
import type { TransactionParameters } from "./parameters.ts";

/** BEGIN … and SET TRANSACTION …: of the open transaction. */
export function setTransactionOptions(context: SessionContext, options: TransactionOptions): void {
  for (const [name, value] of entriesOf(options)) {
    checkTransactionMode(context, `transaction_${name}`, value);
    context.parameters.set(`transaction_${name}`, value, "local");
  }
}

/** SET SESSION CHARACTERISTICS AS TRANSACTION …: of those to come. */
export function setDefaultOptions(
  { parameters }: SessionContext,
  options: TransactionOptions,
): void {
  for (const [name, value] of entriesOf(options)) {
    parameters.set(`default_transaction_${name}`, value, "session");
  }
}

/** AND CHAIN: a transaction like the one that has ended. */
export function beginAgain(
  { transaction, parameters }: SessionContext,
  like: TransactionParameters,
): void {
  transaction.begin();
  for (const [name, value] of like) parameters.set(name, value, "local");
}

function entriesOf({
  isolation,
  readOnly,
  deferrable,
}: TransactionOptions): readonly (readonly [name: string, value: string])[] {
  const entries: (readonly [string, string])[] = [];
  if (isolation !== undefined) entries.push(["isolation", isolation]);
  if (readOnly !== undefined) entries.push(["read_only", readOnly ? "on" : "off"]);
  if (deferrable !== undefined) entries.push(["deferrable", deferrable ? "on" : "off"]);
  return entries;
}

/** What a transaction is cannot change under what it has seen already (PostgreSQL's variable.c). */
export function checkTransactionMode(
  { transaction, parameters }: SessionContext,
  name: string,
  value: string | undefined,
): void {
  if (transaction.status !== "T" || value === undefined) return;
  const key = name.toLowerCase();
  if (key === "transaction_isolation" && parameters.get(key) !== value.toLowerCase()) {
    if (transaction.taken !== undefined) {
      throw tooLate("SET TRANSACTION ISOLATION LEVEL must be called before any query");
    }
    if (transaction.isInSavepoint) {
      throw tooLate("SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction");
    }
  }
  const opensWriting =
    key === "transaction_read_only" && readBoolean(value) === "off" && parameters.get(key) === "on";
  if (!opensWriting) return;
  if (transaction.isInSavepoint) {
    throw tooLate("cannot set transaction read-write mode inside a read-only transaction");
  }
  if (transaction.taken !== undefined) {
    throw tooLate("transaction read-write mode must be set before any query");
  }
}

function tooLate(message: string): PgError {
  return new PgError("active_sql_transaction", message);
}
