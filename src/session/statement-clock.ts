import { PgError } from "../core/pg-error.ts";

/**
 * The signal under which one statement runs: a cancel, its timeout or the end of the connection
 * abort it, each with the error that the client is to hear.
 */
export class StatementClock implements Disposable {
  readonly #controller = new AbortController();
  readonly #connectionClosed: AbortSignal;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #gone = (): void => this.#controller.abort(this.#connectionClosed.reason);

  constructor(connectionClosed: AbortSignal, timeoutMs: number) {
    this.#connectionClosed = connectionClosed;
    if (connectionClosed.aborted) this.#gone();
    else connectionClosed.addEventListener("abort", this.#gone, { once: true });
    if (timeoutMs > 0) {
      this.#timer = setTimeout(
        () =>
          this.abort(new PgError("query_canceled", "canceling statement due to statement timeout")),
        timeoutMs,
      );
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: PgError): void {
    this.#controller.abort(reason);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#connectionClosed.removeEventListener("abort", this.#gone);
  }
}
