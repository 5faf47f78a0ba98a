import { LIMITS } from "../core/limits.ts";
import type { TransactionStatus } from "../protocol/backend.ts";
import type { ClientConnection, Encryption } from "./client-connection.ts";

export type ActivityState =
  | "active"
  | "idle"
  | "idle in transaction"
  | "idle in transaction (aborted)";

const IDLE_STATES: Readonly<Record<TransactionStatus, ActivityState>> = {
  I: "idle",
  T: "idle in transaction",
  E: "idle in transaction (aborted)",
};

/** What a session does, for pg_stat_activity. Kept for every message, so it costs a few assignments. */
export class SessionActivity {
  readonly backendStart = new Date();
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly encryption: Encryption | undefined;
  readonly #applicationName: () => string;
  #state: ActivityState = "idle";
  /** The last one, running or not. */
  #query = "";
  #queryStart: Date | undefined;
  #transactionStart: Date | undefined;
  #stateChange = this.backendStart;

  constructor(connection: ClientConnection, applicationName: () => string) {
    // A socket that takes both families shows IPv4 clients as IPv6 ones.
    this.clientAddress = connection.remoteAddress.replace(/^::ffff:(?=[\d.]+$)/, "");
    this.clientPort = connection.remotePort;
    this.encryption = connection.encryption;
    this.#applicationName = applicationName;
  }

  get state(): ActivityState {
    return this.#state;
  }

  get query(): string {
    return this.#query;
  }

  get times(): {
    readonly query: Date | undefined;
    readonly transaction: Date | undefined;
    readonly state: Date;
  } {
    return {
      query: this.#queryStart,
      transaction: this.#transactionStart,
      state: this.#stateChange,
    };
  }

  get applicationName(): string {
    return this.#applicationName();
  }

  /** A statement begins, or another message of the one before: then there is no text. */
  works(sql?: string): void {
    const now = new Date();
    if (sql !== undefined) {
      // A copy: a slice would keep a text of megabytes alive.
      this.#query = Buffer.from(sql.slice(0, LIMITS.activityQueryCharacters)).toString();
      this.#queryStart = now;
    }
    this.#transactionStart ??= now;
    this.#enter("active", now);
  }

  /** ReadyForQuery. */
  waits(status: TransactionStatus): void {
    if (status === "I") this.#transactionStart = undefined;
    this.#enter(IDLE_STATES[status], new Date());
  }

  #enter(state: ActivityState, now: Date): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#stateChange = now;
  }
}
