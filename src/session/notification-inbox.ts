import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { Notification } from "./channels.ts";
import type { ClientConnection } from "./client-connection.ts";

/**
 * Notifications on their way to one client. It hears of them while it is idle outside of a
 * transaction block, and else ahead of the next ReadyForQuery that ends one (PostgreSQL
 * documentation 55.2.7). What waits is bounded, for a client that does not read.
 */
export class NotificationInbox {
  readonly #connection: ClientConnection;
  readonly #overflow: (reason: PgError) => void;
  #waiting: Notification[] = [];
  #waitingBytes = 0;
  #isIdle = false;
  /** The socket has not taken what was written to it. */
  #isFull = false;

  constructor(connection: ClientConnection, overflow: (reason: PgError) => void) {
    this.#connection = connection;
    this.#overflow = overflow;
  }

  receive(notification: Notification): void {
    const { channel, payload } = notification;
    this.#waiting.push(notification);
    this.#waitingBytes += channel.length + payload.length;
    if (this.#isIdle) this.#deliver();
    const tooMany =
      this.#waiting.length > LIMITS.waitingNotifications ||
      this.#waitingBytes > LIMITS.waitingNotificationBytes;
    if (!tooMany) return;
    this.#take();
    this.#overflow(
      new PgError(
        "program_limit_exceeded",
        "terminating connection because too many notifications wait for it",
        {
          severity: "FATAL",
          hint: "Read from the connection, and end transactions soon, while it listens.",
        },
      ),
    );
  }

  /** Ahead of a ReadyForQuery outside of a transaction block; `busy` ends it. */
  idle(): void {
    this.#isIdle = true;
    if (this.#waiting.length > 0) this.#deliver();
  }

  busy(): void {
    this.#isIdle = false;
  }

  #deliver(): void {
    if (this.#isFull) return;
    for (const notification of this.#take()) {
      this.#connection.send({ type: "NotificationResponse", ...notification });
    }
    this.#connection.flush();
    const drained = this.#connection.sendPage([]);
    if (drained === undefined) return;
    this.#isFull = true;
    void drained.then(() => {
      this.#isFull = false;
      if (this.#isIdle) this.#deliver();
    });
  }

  #take(): readonly Notification[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return taken;
  }
}
