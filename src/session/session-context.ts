import { type Listener, SessionChannels } from "./channels.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { SessionContext, SqlContext } from "./context.ts";
import { CopyInChannel } from "./copy-in-channel.ts";
import type { IncomingMessages } from "./incoming-messages.ts";
import { durationMs, showDuration } from "./parameter-values.ts";
import { SessionParameters } from "./parameters.ts";
import { Portals } from "./portals.ts";
import { PreparedStatements } from "./prepared-statements.ts";
import { SessionActivity } from "./session-activity.ts";
import { SessionClock, type SessionClockOptions } from "./session-clock.ts";
import type { SessionServices } from "./session-services.ts";
import type { Login } from "./startup.ts";
import { TemporaryTables } from "./temporary-tables.ts";
import { Transaction } from "./transaction.ts";

export interface SessionParts {
  readonly processId: number;
  readonly connection: ClientConnection;
  readonly messages: IncomingMessages;
  readonly notified: Listener;
  readonly endIdle: SessionClockOptions["endIdle"];
}

/** All that the statements of a new session work with. */
export function sessionContext(
  { role, workspace, parameters: startup }: Login,
  services: SessionServices,
  { processId, connection, messages, notified, endIdle }: SessionParts,
): SessionContext {
  const { engine, shadow, workspaces, sessions } = services;
  const parameters = new SessionParameters(services.serverVersion, role);
  const defaults = {
    statement_timeout: workspaces.statementTimeoutMs(workspace),
    idle_session_timeout: services.idleTimeoutMs(),
  };
  for (const [name, ms] of Object.entries(defaults)) parameters.initialize(name, showDuration(ms));
  for (const [name, value] of startup) parameters.initialize(name, value);
  const portals = new Portals();
  const temporary = new TemporaryTables(engine, workspace, processId);
  let snapshots = 0;
  const latestSql = (): SqlContext => workspaces.sqlContext(workspace);
  const channels = new SessionChannels(services.channels, workspace, processId, notified);
  const transaction = new Transaction(parameters, channels, {
    take: () => ({ name: `${processId}.${++snapshots}`, sql: latestSql() }),
    release: ({ name }) => engine.endTransaction(workspace, name),
    ended: (outcome) => (outcome === "committed" ? portals.commit() : portals.rollback()),
  });
  const limit = (name: string): number => durationMs(parameters.get(name));
  return {
    id: processId,
    workspace,
    role,
    engine,
    shadow,
    sql: () => temporary.sql(transaction.taken?.sql ?? latestSql()),
    parameters,
    transaction,
    portals,
    temporary,
    channels,
    clock: new SessionClock({
      limits: () => ({
        statement: limit("statement_timeout"),
        transaction: limit("transaction_timeout"),
        idleSession: limit("idle_session_timeout"),
        idleInTransaction: limit("idle_in_transaction_session_timeout"),
      }),
      closed: connection.closed,
      endIdle,
    }),
    activity: new SessionActivity(connection, () => parameters.get("application_name")),
    statements: new PreparedStatements(),
    copyIn: new CopyInChannel(connection, messages),
    sent: { rows: 0, bytes: 0 },
    refresh: (schema, table, signal) => workspaces.refresh(workspace, schema, table, signal),
    sessions: sessions.seenBy({ workspace, role }),
    serverStartedAt: services.startedAt,
    log: services.log.child({ session: processId, workspace, role }),
  };
}
