import { randomUUID } from "node:crypto";
import { unreachable } from "../core/assert.ts";
import type { WorkspaceName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { Engine } from "../engine/engine.ts";
import type { Logger } from "../observe/logger.ts";
import type { FrontendMessage } from "../protocol/frontend.ts";
import type { Shadow } from "../shadow/shadow.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { SessionContext, SqlContext } from "./context.ts";
import { ExtendedQuery } from "./extended-query.ts";
import { durationMs, showDuration } from "./parameter-table.ts";
import { SessionParameters } from "./parameters.ts";
import { Portals } from "./portals.ts";
import { PreparedStatements } from "./prepared-statements.ts";
import type { SessionRegistry } from "./session-registry.ts";
import { simpleQuery } from "./simple-query.ts";
import {
  ClientLeft,
  type Login,
  logIn,
  type StartupMessage,
  type StartupServices,
} from "./startup.ts";
import { StatementClock } from "./statement-clock.ts";
import { endOfChanges } from "./temporary-plan.ts";
import { TemporaryTables } from "./temporary-tables.ts";
import { Transaction } from "./transaction.ts";

export interface SessionServices extends StartupServices {
  readonly engine: Engine;
  readonly shadow: Shadow;
  readonly sessions: SessionRegistry;
  readonly workspaces: SessionWorkspaces;
  readonly serverVersion: string;
  readonly observer: StatementObserver;
  /** Whether the SQL text of statements is logged; their parameters never are. */
  readonly logStatements: () => boolean;
  readonly log: Logger;
}

/** What a session asks of the workspaces beside its engine and shadow. */
export interface SessionWorkspaces {
  /** A session has begun there: what it will need soon can be started. */
  opened(workspace: WorkspaceName): void;
  /** 0 is none. */
  statementTimeoutMs(workspace: string): number;
  sqlContext(workspace: string): SqlContext;
  refresh(workspace: string, schema: string, table: string, signal: AbortSignal): Promise<void>;
}

/** Hears of every statement, for the metrics. */
export interface StatementObserver {
  statement(outcome: {
    readonly workspace: string;
    /** Undefined where it succeeded. */
    readonly sqlstate: string | undefined;
    readonly durationMs: number;
    readonly rows: number;
    readonly bytes: number;
  }): void;
  authenticationFailed(reason: "password" | "throttled" | "protocol"): void;
}

/** It became a session; it met a limit; it did not log in. */
export type ConnectionOutcome = "accepted" | "rejected" | "failed";

/** What may come next from the client. */
type Phase =
  | { readonly name: "ready" }
  /** After an error in the extended protocol: everything up to Sync is dropped. */
  | { readonly name: "discarding" }
  | { readonly name: "closed" };

const READY: Phase = { name: "ready" };
const DISCARDING: Phase = { name: "discarding" };
const CLOSED: Phase = { name: "closed" };

/** One client's conversation, from its startup packet to its end. */
export class Session {
  readonly #connection: ClientConnection;
  readonly #services: SessionServices;
  #clock: StatementClock | undefined;
  #termination: PgError | undefined;
  #hasBegun = false;
  readonly #began: () => void;

  constructor(connection: ClientConnection, services: SessionServices, began: () => void) {
    this.#connection = connection;
    this.#services = services;
    this.#began = began;
  }

  /** Runs to the end of the connection, and answers whatever goes wrong. */
  async run(startup: StartupMessage): Promise<ConnectionOutcome> {
    const connection = this.#connection;
    const messages = connection.messages()[Symbol.asyncIterator]();
    try {
      const login = await this.#logIn(startup, messages);
      await this.#converse(login, messages);
      return "accepted";
    } catch (error) {
      if (!(error instanceof ClientLeft)) this.#sendLast(error);
      return this.#outcome(error);
    } finally {
      connection.end();
    }
  }

  /** Interrupts the running statement, and nothing else: false where the session is idle. */
  cancel(): boolean {
    this.#clock?.abort(new PgError("query_canceled", "canceling statement due to user request"));
    return this.#clock !== undefined;
  }

  /** Ends the session: now if it is idle, else with the statement that runs. */
  terminate(message = "terminating connection due to administrator command"): void {
    this.#termination ??= new PgError("admin_shutdown", message, { severity: "FATAL" });
    if (this.#clock !== undefined) this.#clock.abort(this.#termination);
    else this.#endIdle(this.#termination);
  }

  /** Like `terminate`, but lets a running statement finish. */
  drain(): void {
    this.#termination ??= new PgError(
      "admin_shutdown",
      "terminating connection due to administrator command",
      { severity: "FATAL" },
    );
    if (this.#clock === undefined) this.#endIdle(this.#termination);
  }

  async #logIn(startup: StartupMessage, messages: AsyncIterator<FrontendMessage>): Promise<Login> {
    try {
      return await logIn(startup, this.#connection, messages, this.#services);
    } catch (error) {
      if (error instanceof PgError) {
        this.#services.observer.authenticationFailed(failureReason(error));
      }
      throw error;
    }
  }

  async #converse(login: Login, messages: AsyncIterator<FrontendMessage>): Promise<void> {
    const { sessions, workspaces, log } = this.#services;
    using registration = sessions.register(this, login.workspace, login.role);
    this.#hasBegun = true;
    this.#began();
    workspaces.opened(login.workspace);
    const context = this.#contextOf(login, registration.processId);
    const { processId, secretKey } = registration;
    for (const status of context.parameters.takeChanges()) {
      this.#connection.send({ type: "ParameterStatus", ...status });
    }
    this.#connection.send({ type: "BackendKeyData", processId, secretKey });
    this.#connection.acceptLargeMessages();
    const application = context.parameters.get("application_name");
    log.debug(
      { session: processId, ...login, parameters: undefined, application },
      "session started",
    );
    const portals = new Portals();
    try {
      await this.#serve(context, portals, messages);
    } finally {
      portals.closeAll();
      context.transaction.close();
      context.temporary.discard();
      log.debug({ session: processId }, "session ended");
    }
  }

  async #serve(
    context: SessionContext,
    portals: Portals,
    messages: AsyncIterator<FrontendMessage>,
  ): Promise<void> {
    const extended = new ExtendedQuery(context, this.#connection, portals);
    let phase = this.#ready(context);
    for await (const message of { [Symbol.asyncIterator]: () => messages }) {
      phase = await this.#handle(message, phase, context, extended, portals);
      if (phase.name === "closed") return;
    }
  }

  async #handle(
    message: FrontendMessage,
    phase: Phase,
    context: SessionContext,
    extended: ExtendedQuery,
    portals: Portals,
  ): Promise<Phase> {
    if (message.type === "Terminate") return CLOSED;
    if (phase.name === "discarding" && message.type !== "Sync") return phase;
    switch (message.type) {
      case "Query":
        this.#logStatement(context, message.sql);
        return await this.#query(message.sql, context, portals);
      case "Sync":
        return await this.#sync(context, portals, phase);
      case "Parse":
        this.#logStatement(context, message.sql);
        return await this.#extended(context, (signal) => extended.parse(message, signal));
      case "Bind":
        return await this.#extended(context, () => extended.bind(message));
      case "Describe":
        return await this.#extended(context, () => extended.describe(message));
      case "Execute":
        return await this.#extended(context, (signal) => extended.execute(message, signal));
      case "Close":
        return await this.#extended(context, () => extended.close(message));
      case "Flush":
        this.#connection.flush();
        return phase;
      case "Malformed":
        if (this.#fail(context, message.error) === "session ends") return CLOSED;
        return message.isQuery ? this.#ready(context) : DISCARDING;
      case "FunctionCall":
        this.#fail(
          context,
          new PgError("feature_not_supported", "function calls by OID are not supported"),
        );
        return this.#ready(context);
      // What is left of a COPY that has failed already.
      case "CopyData":
      case "CopyDone":
      case "CopyFail":
        return phase;
      case "AuthenticationResponse":
        throw new PgError("protocol_violation", "invalid frontend message type 112", {
          severity: "FATAL",
        });
      default:
        return unreachable(message);
    }
  }

  /** The end of what the messages since the last Sync have done, unless a block is open. */
  async #sync(context: SessionContext, portals: Portals, phase: Phase): Promise<Phase> {
    if (context.transaction.status === "I") {
      const outcome = phase.name === "discarding" ? "rollback" : "commit";
      const error = await this.#timed(context, () => endOfChanges(context, outcome));
      if (error !== undefined) this.#fail(context, error);
      portals.closeAll();
    }
    return this.#ready(context);
  }

  async #query(sql: string, context: SessionContext, portals: Portals): Promise<Phase> {
    portals.close("");
    const before = context.parameters.snapshot();
    const error = await this.#timed(context, async (signal) => {
      await simpleQuery(context, this.#connection, sql, signal);
      if (context.transaction.status === "I") await endOfChanges(context, "commit");
    });
    if (error !== undefined) {
      if (context.transaction.status === "I") await endOfChanges(context, "rollback");
      // The statements of one Query stand and fall together, where no block says otherwise.
      if (context.transaction.status === "I") context.parameters.restore(before);
      if (this.#fail(context, error) === "session ends") return CLOSED;
    }
    if (context.transaction.status === "I") portals.closeAll();
    return this.#ready(context);
  }

  async #extended(
    context: SessionContext,
    work: (signal: AbortSignal) => Promise<void> | void,
  ): Promise<Phase> {
    const error = await this.#timed(context, work);
    if (error === undefined) return READY;
    return this.#fail(context, error) === "session ends" ? CLOSED : DISCARDING;
  }

  /** Runs one message's work under a clock; its failure comes back as what the client is to hear. */
  async #timed(
    context: SessionContext,
    work: (signal: AbortSignal) => Promise<void> | void,
  ): Promise<PgError | undefined> {
    const startedAt = performance.now();
    const timeoutMs = durationMs(context.parameters.get("statement_timeout"));
    using clock = new StatementClock(this.#connection.closed, timeoutMs);
    this.#clock = clock;
    let failure: PgError | undefined;
    try {
      await work(clock.signal);
    } catch (error) {
      failure = this.#inWords(error);
    } finally {
      this.#clock = undefined;
    }
    this.#services.observer.statement({
      workspace: context.workspace,
      sqlstate: failure?.sqlstate,
      durationMs: performance.now() - startedAt,
      ...context.sent,
    });
    context.sent.rows = 0;
    context.sent.bytes = 0;
    return failure;
  }

  #fail(context: SessionContext, error: PgError): "session ends" | "session goes on" {
    context.transaction.fail();
    context.log.debug({ sqlstate: error.sqlstate, detail: error.message }, "statement failed");
    this.#connection.sendError(error);
    if (error.severity !== "FATAL") return "session goes on";
    return "session ends";
  }

  #ready(context: SessionContext): Phase {
    if (this.#termination !== undefined) {
      this.#connection.sendError(this.#termination);
      return CLOSED;
    }
    const transactionStatus = context.transaction.status;
    for (const status of context.parameters.takeChanges()) {
      this.#connection.send({ type: "ParameterStatus", ...status });
    }
    this.#connection.send({ type: "ReadyForQuery", transactionStatus });
    this.#connection.flush();
    return READY;
  }

  #contextOf({ role, workspace, parameters: startup }: Login, processId: number): SessionContext {
    const { engine, shadow, workspaces, sessions, serverVersion, log } = this.#services;
    const parameters = new SessionParameters(serverVersion, role);
    parameters.initialize(
      "statement_timeout",
      showDuration(workspaces.statementTimeoutMs(workspace)),
    );
    for (const [name, value] of startup) parameters.initialize(name, value);
    const temporary = new TemporaryTables(engine, workspace, processId);
    let snapshots = 0;
    const latestSql = (): SqlContext => workspaces.sqlContext(workspace);
    const transaction = new Transaction(parameters, {
      take: () => ({ name: `${processId}.${++snapshots}`, sql: latestSql() }),
      release: ({ name }) => engine.endTransaction(workspace, name),
    });
    return {
      id: processId,
      workspace,
      role,
      engine,
      shadow,
      sql: () => temporary.sql(transaction.taken?.sql ?? latestSql()),
      parameters,
      transaction,
      temporary,
      statements: new PreparedStatements(),
      sent: { rows: 0, bytes: 0 },
      refresh: (schema, table, signal) => workspaces.refresh(workspace, schema, table, signal),
      cancelSession: (other) => {
        const session = sessions.ofRole(other, role);
        session?.cancel();
        return session !== undefined;
      },
      terminateSession: (other) => {
        const session = sessions.ofRole(other, role);
        session?.terminate();
        return session !== undefined;
      },
      log: log.child({ session: processId, workspace, role }),
    };
  }

  #logStatement(context: SessionContext, sql: string): void {
    if (this.#services.logStatements()) context.log.info({ sql }, "statement");
  }

  #outcome(error: unknown): ConnectionOutcome {
    if (this.#hasBegun) return "accepted";
    const isLimit = error instanceof PgError && error.sqlstate === SQLSTATE.too_many_connections;
    return isLimit ? "rejected" : "failed";
  }

  #endIdle(termination: PgError): void {
    this.#connection.sendError(termination);
    this.#connection.end();
  }

  #sendLast(error: unknown): void {
    const { severity: _severity, ...fields } = this.#inWords(error).toFields();
    this.#connection.sendError(PgError.fromFields({ ...fields, severity: "FATAL" }));
  }

  /** What is no PgError is our bug: the log has the stack, the client the id under which it is found. */
  #inWords(error: unknown): PgError {
    if (error instanceof PgError) return error;
    const id = randomUUID();
    this.#services.log.error({ err: error, id }, "internal error");
    return PgError.fromFields({
      sqlstate: SQLSTATE.internal_error,
      message: `internal error ${id}`,
      hint: "The server's log has the details under this id.",
    });
  }
}

function failureReason({ sqlstate }: PgError): "password" | "throttled" | "protocol" {
  if (sqlstate === SQLSTATE.invalid_password) return "password";
  return sqlstate === SQLSTATE.invalid_authorization_specification ? "throttled" : "protocol";
}
