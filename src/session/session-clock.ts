import { PgError } from "../core/pg-error.ts";
import type { TransactionStatus } from "../protocol/backend.ts";

/** In milliseconds; 0 is none. */
export interface TimeLimits {
  readonly statement: number;
  readonly transaction: number;
  readonly idleSession: number;
  readonly idleInTransaction: number;
}

export interface SessionClockOptions {
  /** Asked whenever a time begins, so that a SET counts from the next one on. */
  readonly limits: () => TimeLimits;
  /** Aborts when the client is gone. */
  readonly closed: AbortSignal;
  /** Ends a session that waits for its client. */
  readonly endIdle: (reason: PgError) => void;
}

/** Beyond this a timer of Node.js fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * What can end the running statement, or the session itself: a cancel, the time limits and the end
 * of the connection. There is one timer for all limits of a session.
 *
 * How a cancel finds its statement: each message of the client runs under an AbortController of its
 * own, which exists from the start of its work to the end of it, and nothing else holds it. A cancel
 * is applied in the turn of the event loop that reads the CancelRequest, before that connection is
 * closed, and aborts the controller of that moment, if there is one. So a cancel that comes too late
 * finds either nothing, or a statement that the client has sent before it saw its cancel connection
 * close; and one that was applied cannot be left over for a later statement, because an aborted
 * controller is never used again. Below, an interrupt names the one stream, and thereby the one
 * engine connection, that the statement has to itself. Between the messages of a pipeline nothing
 * runs, and a cancel finds nothing, as in PostgreSQL.
 */
export class SessionClock implements Disposable {
  readonly #options: SessionClockOptions;
  readonly #gone = (): void => this.#running?.abort(this.#options.closed.reason);
  #running: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** performance.now() since when the running message works. */
  #workingSince = 0;
  /** What earlier messages of the same statement have used: Parse and Bind, for Execute. */
  #spentMs = 0;
  /** performance.now() at the begin of the transaction, be there a BEGIN or not. */
  #transactionSince: number | undefined;

  constructor(options: SessionClockOptions) {
    this.#options = options;
    options.closed.addEventListener("abort", this.#gone, { once: true });
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** A message's work begins; it ends with `rest`. */
  work(): AbortSignal {
    const controller = new AbortController();
    this.#running = controller;
    if (this.#options.closed.aborted) this.#gone();
    this.#workingSince = performance.now();
    this.#transactionSince ??= this.#workingSince;
    this.#armStatement();
    return controller.signal;
  }

  rest(): void {
    this.#spentMs += performance.now() - this.#workingSince;
    this.#running = undefined;
    this.#disarm();
  }

  /** The next statement of one Query, or what comes behind an Execute, has all its time. */
  nextStatement(): void {
    this.#spentMs = 0;
    this.#workingSince = performance.now();
    if (this.#running !== undefined) this.#armStatement();
  }

  /** ReadyForQuery was sent. `stopIdle` ends it. */
  idle(status: TransactionStatus): void {
    this.#spentMs = 0;
    const { idleSession, idleInTransaction, transaction } = this.#options.limits();
    if (status === "I") {
      this.#transactionSince = undefined;
      if (idleSession > 0) this.#arm(idleSession, idleTooLong);
      return;
    }
    const left = this.#transactionMsLeft(transaction, performance.now());
    if (idleInTransaction > 0 && idleInTransaction <= left) {
      this.#arm(idleInTransaction, idleInTransactionTooLong);
    } else if (Number.isFinite(left)) this.#arm(left, transactionTooLong);
  }

  stopIdle(): void {
    this.#disarm();
  }

  /** False where nothing runs. */
  abort(reason: PgError): boolean {
    this.#running?.abort(reason);
    return this.#running !== undefined;
  }

  [Symbol.dispose](): void {
    this.#disarm();
    this.#options.closed.removeEventListener("abort", this.#gone);
  }

  #armStatement(): void {
    const { statement, transaction } = this.#options.limits();
    const left = statement === 0 ? Number.POSITIVE_INFINITY : statement - this.#spentMs;
    const ofTransaction = this.#transactionMsLeft(transaction, this.#workingSince);
    if (ofTransaction < left) this.#arm(ofTransaction, transactionTooLong);
    else if (Number.isFinite(left)) this.#arm(left, statementTooLong);
    else this.#disarm();
  }

  #transactionMsLeft(limitMs: number, now: number): number {
    return limitMs === 0
      ? Number.POSITIVE_INFINITY
      : limitMs - (now - (this.#transactionSince ?? now));
  }

  #arm(ms: number, reason: () => PgError): void {
    this.#disarm();
    this.#timer = setTimeout(
      () => {
        if (!this.abort(reason())) this.#options.endIdle(reason());
      },
      Math.min(Math.max(0, ms), LONGEST_TIMER_MS),
    );
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function statementTooLong(): PgError {
  return new PgError("query_canceled", "canceling statement due to statement timeout");
}

function transactionTooLong(): PgError {
  return fatal("transaction_timeout", "terminating connection due to transaction timeout");
}

function idleInTransactionTooLong(): PgError {
  return fatal(
    "idle_in_transaction_session_timeout",
    "terminating connection due to idle-in-transaction timeout",
  );
}

function idleTooLong(): PgError {
  return fatal("idle_session_timeout", "terminating connection due to idle-session timeout");
}

function fatal(condition: ConstructorParameters<typeof PgError>[0], message: string): PgError {
  return new PgError(condition, message, { severity: "FATAL" });
}
