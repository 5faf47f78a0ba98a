import { setImmediate } from "node:timers/promises";

/** Other loads of the same process, cancels and log lines wait no longer than about this. */
const LONGEST_RUN_MS = 10;

/** Lets long work on memory give way to everything else that the process does. */
export class Pace {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Rejects with the reason of the signal, if it was aborted. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#since >= LONGEST_RUN_MS) {
      await setImmediate();
      this.#since = performance.now();
    }
    this.#signal?.throwIfAborted();
  }
}
