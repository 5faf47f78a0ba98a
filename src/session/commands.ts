import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import { writeDataRow } from "../protocol/data-row.ts";
import type { FieldDescription } from "../protocol/field-description.ts";
import { MessageWriter } from "../protocol/message-writer.ts";
import type { GatewayCommand, SetConfig, TransactionOptions } from "../sql/statement.ts";
import { BufferedExecution, type BufferedResult, collect } from "./buffered-execution.ts";
import type { SessionContext } from "./context.ts";
import { NO_BINDING, type Plan, type ResultSink } from "./plan.ts";
import { openInShadow } from "./shadow-plan.ts";
import { discardTemporary, endOfChanges } from "./temporary-plan.ts";

const TEXT_FIELD = { tableOid: 0, columnNumber: 0, typeOid: 25, typeSize: -1, typeModifier: -1 };

/** Commands that are the session's own affair and run no other plan, as EXECUTE does. */
export type SessionCommand = Exclude<GatewayCommand, { kind: "prepare" | "execute" | "call" }>;

/** A plan for a command that the gateway itself carries out when it is executed. */
export async function planForCommand(
  context: SessionContext,
  command: SessionCommand,
  signal: AbortSignal,
): Promise<Plan> {
  return {
    parameterOids: [],
    fields: await fieldsOf(context, command, signal),
    endsTransaction: ["commit", "rollback", "rollback-to"].includes(command.kind),
    open: (_binding, aborted) =>
      new BufferedExecution((sink) => carryOut(context, command, sink, aborted)),
  };
}

async function fieldsOf(
  context: SessionContext,
  command: SessionCommand,
  signal: AbortSignal,
): Promise<readonly FieldDescription[] | undefined> {
  if (command.kind === "set-config") return command.settings.map(setConfigField);
  if (command.kind !== "show") return undefined;
  if (context.parameters.isKnown(command.name)) return [showField(context, command.name)];
  return (
    await context.shadow.describe(
      { sql: showSql(command.name), parameterOids: [] },
      {
        workspace: context.workspace,
        role: context.role,
        session: context.id,
        settings: context.parameters.changed(),
        signal,
      },
    )
  ).fields;
}

async function carryOut(
  context: SessionContext,
  command: SessionCommand,
  sink: ResultSink,
  signal: AbortSignal,
): Promise<BufferedResult> {
  const { parameters, transaction } = context;
  switch (command.kind) {
    case "set":
      await setParameter(context, command, signal);
      return done("SET");
    case "set-config": {
      for (const setting of command.settings) await setParameter(context, setting, signal);
      const row = new MessageWriter();
      writeDataRow(
        row,
        command.settings.map(({ name }) => parameters.get(name)),
      );
      return { fields: command.settings.map(setConfigField), rows: row.take(), tag: "SELECT 1" };
    }
    case "reset":
      if (command.name === "all") parameters.resetAll();
      else parameters.set(command.name, undefined, "session");
      return done("RESET");
    case "show":
      return await show(context, command.name, sink, signal);
    case "begin":
      if (transaction.begin()) applyOptions(context, command.options, "local");
      else
        sink.notice(
          warning(SQLSTATE.active_sql_transaction, "there is already a transaction in progress"),
        );
      return done(command.tag);
    case "commit": {
      await endOfChanges(context, transaction.status === "E" ? "rollback" : "commit").catch(
        (error: unknown) => {
          // What cannot be committed ends its transaction all the same.
          transaction.rollback();
          throw error;
        },
      );
      const outcome = transaction.commit();
      if (outcome === "no transaction") sink.notice(noTransactionInProgress());
      if (command.chain && outcome !== "no transaction") transaction.begin();
      return done(outcome === "rolled back" ? "ROLLBACK" : "COMMIT");
    }
    case "rollback": {
      await endOfChanges(context, "rollback");
      const open = transaction.rollback();
      if (!open) sink.notice(noTransactionInProgress());
      if (command.chain && open) transaction.begin();
      return done("ROLLBACK");
    }
    case "savepoint":
      transaction.savepoint(command.name, context.temporary.mark);
      return done("SAVEPOINT");
    case "release":
      transaction.release(command.name);
      return done("RELEASE");
    case "rollback-to":
      await context.temporary.rollbackTo(transaction.markOf(command.name));
      transaction.rollbackTo(command.name);
      return done("ROLLBACK");
    case "set-transaction":
      applyOptions(context, command.options, command.session ? "session" : "local");
      return done("SET");
    case "discard":
      return done(await discard(context, command.target));
    case "deallocate":
      if (command.name === "all") context.statements.clear();
      else {
        context.statements.get(command.name);
        context.statements.close(command.name);
      }
      return done(command.name === "all" ? "DEALLOCATE ALL" : "DEALLOCATE");
    case "refresh":
      await context.refresh(command.schema ?? "public", command.name, signal);
      return done("REFRESH MATERIALIZED VIEW");
    case "maintain":
      return done(command.tag);
    case "lock":
      transaction.requireOpen("LOCK TABLE");
      return done("LOCK TABLE");
    case "listen":
    case "notify":
      throw new PgError("feature_not_supported", `${command.kind.toUpperCase()} is not supported`, {
        hint: "Files are only read here, so that nothing would ever notify; poll bucketgres.tables instead.",
      });
    case "unlisten":
      return done("UNLISTEN");
  }
}

/** Names that are not ours are PostgreSQL's, or nobody's: the shadow knows. */
async function setParameter(
  context: SessionContext,
  command: { readonly name: string; readonly value: string | undefined; readonly local: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { name, value, local } = command;
  const isCustom = name.includes(".");
  if (!context.parameters.isKnown(name) && !isCustom) {
    await askShadow(context, showSql(name), signal);
  }
  context.parameters.set(name, value, local ? "local" : "session");
}

async function show(
  context: SessionContext,
  name: string,
  sink: ResultSink,
  signal: AbortSignal,
): Promise<BufferedResult> {
  if (context.parameters.isKnown(name)) {
    return oneValue(showField(context, name), context.parameters.get(name), "SHOW");
  }
  return await askShadow(context, showSql(name), signal, sink);
}

async function askShadow(
  context: SessionContext,
  sql: string,
  signal: AbortSignal,
  sink?: ResultSink,
): Promise<BufferedResult> {
  const execution = openInShadow(context, sql, [], NO_BINDING, signal);
  return await collect(execution, (notice) => sink?.notice(notice));
}

function showSql(name: string): string {
  return name === "all" ? "SHOW ALL" : `SHOW ${name.split(".").map(identifier).join(".")}`;
}

function identifier(part: string): string {
  return `"${part.replaceAll('"', '""')}"`;
}

function setConfigField({ label }: SetConfig): FieldDescription {
  return { name: label, ...TEXT_FIELD };
}

function showField(context: SessionContext, name: string): FieldDescription {
  return { name: context.parameters.canonicalName(name), ...TEXT_FIELD };
}

function applyOptions(
  { parameters }: SessionContext,
  { isolation, readOnly }: TransactionOptions,
  scope: "session" | "local",
): void {
  const prefix = scope === "session" ? "default_transaction" : "transaction";
  if (isolation !== undefined) parameters.set(`${prefix}_isolation`, isolation, scope);
  if (readOnly !== undefined) parameters.set(`${prefix}_read_only`, readOnly ? "on" : "off", scope);
}

async function discard(
  context: SessionContext,
  target: "all" | "plans" | "sequences" | "temp",
): Promise<string> {
  if (target === "all") {
    if (context.transaction.status !== "I") {
      throw new PgError(
        "active_sql_transaction",
        "DISCARD ALL cannot run inside a transaction block",
      );
    }
    context.parameters.resetAll();
    context.statements.clear();
  }
  if (target === "all" || target === "temp") await discardTemporary(context);
  return `DISCARD ${target.toUpperCase()}`;
}

function done(tag: string): BufferedResult {
  return { fields: undefined, rows: Buffer.alloc(0), tag };
}

function oneValue(field: FieldDescription, value: string, tag: string): BufferedResult {
  const row = new MessageWriter();
  writeDataRow(row, [value]);
  return { fields: [field], rows: row.take(), tag };
}

function noTransactionInProgress(): ReturnType<typeof warning> {
  return warning(SQLSTATE.no_active_sql_transaction, "there is no transaction in progress");
}

function warning(sqlstate: string, message: string) {
  return { severity: "WARNING" as const, sqlstate, message };
}
