import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import { writeDataRow } from "../protocol/data-row.ts";
import type { FieldDescription } from "../protocol/field-description.ts";
import { MessageWriter } from "../protocol/message-writer.ts";
import type { GatewayCommand, SetConfig } from "../sql/statement.ts";
import { BufferedExecution, type BufferedResult, collect } from "./buffered-execution.ts";
import type { SessionContext } from "./context.ts";
import { closeCursors } from "./cursors.ts";
import { NO_BINDING, type Plan, type ResultSink } from "./plan.ts";
import { setParameter } from "./set-parameter.ts";
import { openInShadow } from "./shadow-plan.ts";
import { discardTemporary, endOfChanges } from "./temporary-end.ts";
import { beginAgain, setDefaultOptions, setTransactionOptions } from "./transaction-options.ts";

const TEXT_FIELD = { tableOid: 0, columnNumber: 0, typeOid: 25, typeSize: -1, typeModifier: -1 };
const JSONB_OID = 3802;
const SHOW_ALL_FIELDS = ["name", "setting", "description"].map(textField);

/** Commands that are the session's own affair and run no other plan, as EXECUTE does. */
export type SessionCommand = Exclude<
  GatewayCommand,
  { kind: "prepare" | "execute" | "call" | "declare" | "fetch" }
>;

/** A plan for a command that the gateway itself carries out when it is executed. */
export function planForCommand(context: SessionContext, command: SessionCommand): Plan {
  return {
    parameterOids: [],
    fields: fieldsOf(context, command),
    endsTransaction: ["commit", "rollback", "rollback-to"].includes(command.kind),
    open: (_binding, signal) =>
      new BufferedExecution((sink) => carryOut(context, command, sink, signal)),
  };
}

function fieldsOf(
  { parameters }: SessionContext,
  command: SessionCommand,
): readonly FieldDescription[] | undefined {
  if (command.kind === "set-config") return command.settings.map(setConfigField);
  if (command.kind !== "show") return undefined;
  if (command.name === "all") return SHOW_ALL_FIELDS;
  // A name that is unknown is an error here already.
  parameters.show(command.name);
  return [textField(parameters.canonicalName(command.name))];
}

async function carryOut(
  context: SessionContext,
  command: SessionCommand,
  sink: ResultSink,
  signal: AbortSignal,
): Promise<BufferedResult> {
  const { parameters, transaction, portals } = context;
  switch (command.kind) {
    case "set":
      if (command.local) transaction.warnOutside("SET LOCAL", sink);
      setParameter(context, command);
      return done("SET");
    case "set-config": {
      for (const setting of command.settings) setParameter(context, setting);
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
      if (command.name === "all") return await showAll(context, signal);
      return oneValue(
        textField(parameters.canonicalName(command.name)),
        parameters.show(command.name),
        "SHOW",
      );
    case "begin":
      if (transaction.begin()) setTransactionOptions(context, command.options);
      else
        sink.notice(
          warning(SQLSTATE.active_sql_transaction, "there is already a transaction in progress"),
        );
      return done(command.tag);
    case "commit": {
      if (command.chain) transaction.requireBlock("COMMIT AND CHAIN");
      await endOfChanges(context, transaction.status === "E" ? "rollback" : "commit").catch(
        (error: unknown) => {
          // What cannot be committed ends its transaction all the same.
          transaction.rollback();
          throw error;
        },
      );
      const chained = parameters.ofTransaction();
      const outcome = transaction.commit();
      if (outcome === "no transaction") sink.notice(noTransactionInProgress());
      if (command.chain) beginAgain(context, chained);
      return done(outcome === "rolled back" ? "ROLLBACK" : "COMMIT");
    }
    case "rollback": {
      if (command.chain) transaction.requireBlock("ROLLBACK AND CHAIN");
      await endOfChanges(context, "rollback");
      const chained = parameters.ofTransaction();
      if (!transaction.rollback()) sink.notice(noTransactionInProgress());
      if (command.chain) beginAgain(context, chained);
      return done("ROLLBACK");
    }
    case "savepoint":
      transaction.savepoint(command.name, {
        temporary: context.temporary.mark,
        portals: portals.mark,
      });
      return done("SAVEPOINT");
    case "release":
      transaction.release(command.name);
      return done("RELEASE");
    case "rollback-to": {
      const marks = transaction.marksOf(command.name);
      await context.temporary.rollbackTo(marks.temporary);
      transaction.rollbackTo(command.name);
      portals.rollbackTo(marks.portals);
      return done("ROLLBACK");
    }
    case "set-transaction":
      if (command.session) setDefaultOptions(context, command.options);
      else {
        transaction.warnOutside("SET TRANSACTION", sink);
        setTransactionOptions(context, command.options);
      }
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
    case "close":
      return done(closeCursors(context, command.name));
    case "refresh":
      await context.refresh(command.schema ?? "public", command.name, signal);
      return done("REFRESH MATERIALIZED VIEW");
    case "maintain":
      return done(command.tag);
    case "lock":
      transaction.requireOpen("LOCK TABLE");
      return done("LOCK TABLE");
    case "set-constraints":
      // There are none that could be deferred.
      transaction.warnOutside("SET CONSTRAINTS", sink);
      return done("SET CONSTRAINTS");
    case "listen":
      context.channels.listen(command.channel);
      return done("LISTEN");
    case "unlisten":
      context.channels.unlisten(command.channel);
      return done("UNLISTEN");
    case "notify":
      context.channels.notify(command.channel, command.payload);
      return done("NOTIFY");
  }
}

/** SHOW ALL: PostgreSQL's own words on each parameter come from the shadow. */
async function showAll(context: SessionContext, signal: AbortSignal): Promise<BufferedResult> {
  const values = JSON.stringify(Object.fromEntries(context.parameters.all()));
  const execution = openInShadow(
    context,
    `SELECT name, setting, coalesce(short_desc, '') FROM jsonb_each_text($1) AS shown (name, setting)
     LEFT JOIN (SELECT name, short_desc FROM pg_settings) AS known USING (name) ORDER BY lower(name)`,
    [JSONB_OID],
    { ...NO_BINDING, parameters: [Buffer.from(values)] },
    signal,
  );
  const { rows } = await collect(execution);
  return { fields: SHOW_ALL_FIELDS, rows, tag: "SHOW" };
}

function textField(name: string): FieldDescription {
  return { name, ...TEXT_FIELD };
}

function setConfigField({ label }: SetConfig): FieldDescription {
  return textField(label);
}

async function discard(
  context: SessionContext,
  target: "all" | "plans" | "sequences" | "temp",
): Promise<string> {
  if (target === "all") {
    if (context.transaction.isInBlock) {
      throw new PgError(
        "active_sql_transaction",
        "DISCARD ALL cannot run inside a transaction block",
      );
    }
    if (context.transaction.isInPipeline) {
      throw new PgError(
        "active_sql_transaction",
        "DISCARD ALL cannot be executed within a pipeline",
      );
    }
    context.parameters.resetAll();
    context.statements.clear();
    context.channels.unlisten(undefined);
    context.portals.closeAll();
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
