import type { FrontendMessage } from "../protocol/frontend.ts";

/**
 * The client's messages, pulled one at a time by whoever's turn it is: the session, or a COPY FROM
 * STDIN that is running. Who gives up waiting leaves the message to the next one who asks.
 */
export class IncomingMessages implements AsyncIterator<FrontendMessage> {
  readonly #messages: AsyncIterator<FrontendMessage>;
  /** Asked for, and taken by nobody yet. */
  #pending: Promise<IteratorResult<FrontendMessage>> | undefined;

  constructor(messages: AsyncIterable<FrontendMessage>) {
    this.#messages = messages[Symbol.asyncIterator]();
  }

  async next(): Promise<IteratorResult<FrontendMessage>> {
    const pending = (this.#pending ??= this.#messages.next());
    try {
      return await pending;
    } finally {
      this.#pending = undefined;
    }
  }

  /** The next message, or undefined at the end; rejects with the signal's reason when it aborts. */
  async nextUnlessAborted(signal: AbortSignal): Promise<FrontendMessage | undefined> {
    signal.throwIfAborted();
    const pending = (this.#pending ??= this.#messages.next());
    let abort: (() => void) | undefined;
    const aborted = new Promise<never>((_resolve, reject) => {
      // Every abort of a statement has a PgError for its reason.
      abort = () => reject(signal.reason as Error);
      signal.addEventListener("abort", abort, { once: true });
    });
    try {
      const { value, done } = await Promise.race([pending, aborted]);
      this.#pending = undefined;
      return done === true ? undefined : value;
    } finally {
      if (abort !== undefined) signal.removeEventListener("abort", abort);
    }
  }
}
