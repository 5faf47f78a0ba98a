/** Lets callers in one at a time, in the order in which they came. */
export class Turns {
  #busy = false;
  readonly #waiting: Set<() => void> = new Set();

  /** Nobody is in, and nobody waits. */
  get idle(): boolean {
    return !this.#busy;
  }

  /** Resolves when it is the caller's turn; whoever gives up meanwhile leaves the queue. */
  async take(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#busy) await this.#wait(signal);
    this.#busy = true;
    return { [Symbol.dispose]: () => this.#next() };
  }

  async #wait(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.delete(enter);
        // Whoever aborts gives the reason as an error.
        reject(signal.reason as Error);
      };
      this.#waiting.add(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  #next(): void {
    const [enter] = this.#waiting;
    // The turn goes from hand to hand, so that nobody can slip in between.
    if (enter === undefined) {
      this.#busy = false;
      return;
    }
    this.#waiting.delete(enter);
    enter();
  }
}
