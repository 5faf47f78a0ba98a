/** Above this a load takes long enough that others must not have to wait behind several of them. */
const LARGE_BYTES = 64 * 1024 * 1024;
/** Loads at a time: one can wait for its store while another converts. */
export const LOAD_SLOTS = 3;
/** The rest is for small files, which are to show soon whatever else is loaded. */
const LARGE_SLOTS = 2;

interface Waiting {
  readonly isLarge: boolean;
  readonly admit: () => void;
}

/** How many loads run at a time, first come, first served among those of a size. */
export class LoadSlots {
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #large = 0;

  /** Resolves when there is room, until the slot is disposed of. Rejects with the signal's reason. */
  take(sourceBytes: number, signal: AbortSignal): Promise<Disposable> {
    const isLarge = sourceBytes >= LARGE_BYTES;
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const waiting = {
        isLarge,
        admit: (): void => {
          signal.removeEventListener("abort", abort);
          this.#running += 1;
          if (isLarge) this.#large += 1;
          resolve({ [Symbol.dispose]: () => this.#free(isLarge) });
        },
      };
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.push(waiting);
      this.#admit();
    });
  }

  #free(isLarge: boolean): void {
    this.#running -= 1;
    if (isLarge) this.#large -= 1;
    this.#admit();
  }

  #admit(): void {
    while (this.#running < LOAD_SLOTS) {
      const next = this.#waiting.findIndex(({ isLarge }) => !isLarge || this.#large < LARGE_SLOTS);
      const [admitted] = next < 0 ? [] : this.#waiting.splice(next, 1);
      if (admitted === undefined) return;
      admitted.admit();
    }
  }
}
