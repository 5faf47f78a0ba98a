import { randomUUID } from "node:crypto";
import { unreachable } from "../core/assert.ts";
import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { FrontendMessage } from "../protocol/frontend.ts";
import type { StartupMessage } from "../protocol/startup.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { SessionContext } from "./context.ts";
import { ExtendedQuery } from "./extended-query.ts";
import { IncomingMessages } from "./incoming-messages.ts";
import { NotificationInbox } from "./notification-inbox.ts";
import type { SessionActivity } from "./session-activity.ts";
import type { SessionClock } from "./session-clock.ts";
import { sessionContext } from "./session-context.ts";
import type { SessionServices } from "./session-services.ts";
import { simpleQuery } from "./simple-query.ts";
import { ClientLeft, type Login, logIn, requireStillAllowed } from "./startup.ts";
import { endOfChanges } from "./temporary-end.ts";

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
  readonly #messages: IncomingMessages;
  readonly #services: SessionServices;
  readonly #inbox: NotificationInbox;
  /** From login on. */
  #clock: SessionClock | undefined;
  #activity: SessionActivity | undefined;
  #termination: PgError | undefined;
  #hasBegun = false;
  readonly #began: () => void;

  constructor(connection: ClientConnection, services: SessionServices, began: () => void) {
    this.#connection = connection;
    this.#messages = new IncomingMessages(connection.messages());
    this.#services = services;
    this.#began = began;
    this.#inbox = new NotificationInbox(connection, (reason) => this.#end(reason));
  }

  /** Undefined before login. */
  get activity(): SessionActivity | undefined {
    return this.#activity;
  }

  /** Runs to the end of the connection, and answers whatever goes wrong. */
  async run(startup: StartupMessage): Promise<ConnectionOutcome> {
    const connection = this.#connection;
    const messages = this.#messages;
    try {
      const login = await logIn(startup, connection, messages, this.#services);
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
    const reason = new PgError("query_canceled", "canceling statement due to user request");
    return this.#clock?.abort(reason) ?? false;
  }

  /** Ends the session: now if it is idle, else with the statement that runs. */
  terminate(message = "terminating connection due to administrator command"): void {
    this.#end(new PgError("admin_shutdown", message, { severity: "FATAL" }));
  }

  /** Like `terminate`, but lets a running statement finish. */
  drain(): void {
    this.#termination ??= new PgError(
      "admin_shutdown",
      "terminating connection due to administrator command",
      { severity: "FATAL" },
    );
    if (this.#clock?.isRunning !== true) this.#endIdle(this.#termination);
  }

  async #converse(login: Login, messages: AsyncIterator<FrontendMessage>): Promise<void> {
    const { sessions, workspaces } = this.#services;
    using registration = sessions.register(this, login);
    requireStillAllowed(login, this.#services);
    this.#hasBegun = true;
    this.#began();
    workspaces.opened(login.workspace);
    const context = sessionContext(login, this.#services, {
      processId: registration.processId,
      connection: this.#connection,
      messages: this.#messages,
      notified: (notification) => this.#inbox.receive(notification),
      endIdle: (reason) => this.#endIdle(reason),
    });
    using clock = context.clock;
    this.#clock = clock;
    this.#activity = context.activity;
    this.#connection.useEncoding(() => context.parameters.clientEncoding);
    const { processId, secretKey } = registration;
    for (const status of context.parameters.takeChanges()) {
      this.#connection.send({ type: "ParameterStatus", ...status });
    }
    this.#connection.send({ type: "BackendKeyData", processId, secretKey });
    this.#connection.acceptLargeMessages();
    const application = context.parameters.get("application_name");
    const isEncrypted = this.#connection.encryption !== undefined;
    context.log.debug(
      { protocol: login.minorVersion, isEncrypted, application },
      "session started",
    );
    try {
      await this.#serve(context, messages);
    } finally {
      context.portals.closeAll();
      context.transaction.close();
      context.temporary.discard();
      context.log.debug("session ended");
    }
  }

  async #serve(context: SessionContext, messages: AsyncIterator<FrontendMessage>): Promise<void> {
    const extended = new ExtendedQuery(context, this.#connection);
    let phase = this.#ready(context);
    for await (const message of { [Symbol.asyncIterator]: () => messages }) {
      phase = await this.#handle(message, phase, context, extended);
      if (phase.name === "closed") return;
    }
  }

  async #handle(
    message: FrontendMessage,
    phase: Phase,
    context: SessionContext,
    extended: ExtendedQuery,
  ): Promise<Phase> {
    if (message.type === "Terminate") return CLOSED;
    context.clock.stopIdle();
    this.#inbox.busy();
    if (phase.name === "discarding" && !isSync(message)) return phase;
    switch (message.type) {
      case "Query":
        this.#begin(context, message.sql);
        return await this.#query(message.sql, context);
      case "Sync":
        await this.#finish(context);
        return this.#ready(context);
      case "Parse":
        this.#begin(context, message.sql);
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
        if ((await this.#fail(context, message.error)) === "session ends") return CLOSED;
        this.#connection.flush();
        return message.of === "other" ? DISCARDING : this.#ready(context);
      case "FunctionCall":
        await this.#fail(context, extended.refusalOfFunctionCall());
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

  /** The end of what a client has sent in one go: unless a block is open, it is final. */
  async #finish(context: SessionContext): Promise<void> {
    if (context.transaction.status === "I" && context.temporary.isChanged) {
      const error = await this.#timed(context, () => endOfChanges(context, "commit"));
      if (error !== undefined) await this.#fail(context, error);
    }
    context.transaction.finish();
  }

  async #query(sql: string, context: SessionContext): Promise<Phase> {
    context.portals.close("");
    context.statements.close("");
    context.transaction.start();
    const error = await this.#timed(context, (signal) =>
      simpleQuery(context, this.#connection, sql, signal),
    );
    if (error !== undefined) {
      if ((await this.#fail(context, error)) === "session ends") return CLOSED;
    }
    await this.#finish(context);
    return this.#ready(context);
  }

  async #extended(
    context: SessionContext,
    work: (signal: AbortSignal) => Promise<void> | void,
  ): Promise<Phase> {
    context.transaction.start();
    const error = await this.#timed(context, work);
    if (error === undefined) return READY;
    if ((await this.#fail(context, error)) === "session ends") return CLOSED;
    // The client may be waiting for nothing else: Sync can come much later.
    this.#connection.flush();
    return DISCARDING;
  }

  /** Runs one message's work under a clock; its failure comes back as what the client is to hear. */
  async #timed(
    context: SessionContext,
    work: (signal: AbortSignal) => Promise<void> | void,
  ): Promise<PgError | undefined> {
    const { clock, activity } = context;
    const startedAt = performance.now();
    const signal = clock.work();
    activity.works();
    let failure: PgError | undefined;
    try {
      await work(signal);
    } catch (error) {
      failure = this.#inWords(error);
    } finally {
      clock.rest();
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

  async #fail(
    context: SessionContext,
    error: PgError,
  ): Promise<"session ends" | "session goes on"> {
    context.transaction.fail();
    // A block keeps them until it is rolled back itself.
    if (context.transaction.status === "I") await context.temporary.rollback();
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
    if (transactionStatus === "I") this.#inbox.idle();
    this.#connection.send({ type: "ReadyForQuery", transactionStatus });
    this.#connection.flush();
    context.activity.waits(transactionStatus);
    context.clock.idle(transactionStatus);
    return READY;
  }

  #begin(context: SessionContext, sql: string): void {
    context.activity.works(sql);
    if (this.#services.logStatements()) context.log.info({ sql }, "statement");
  }

  #outcome(error: unknown): ConnectionOutcome {
    if (this.#hasBegun) return "accepted";
    const isLimit = error instanceof PgError && error.sqlstate === SQLSTATE.too_many_connections;
    return isLimit ? "rejected" : "failed";
  }

  /** Now if it is idle, else with the statement that runs. */
  #end(reason: PgError): void {
    this.#termination ??= reason;
    if (this.#clock?.abort(this.#termination) !== true) this.#endIdle(this.#termination);
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

/** What ends the dropping of messages behind an error, also where it is malformed. */
function isSync(message: FrontendMessage): boolean {
  return message.type === "Sync" || (message.type === "Malformed" && message.of === "Sync");
}
