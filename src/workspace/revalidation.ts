/** Node.js takes a longer wait for none. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** One look at a time, again and again: whoever asks during one waits for its end. */
export class Revalidation {
  readonly #intervalMs: number | undefined;
  readonly #look: () => Promise<void>;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Without an interval it only looks when it is told to. `look` must not reject. */
  constructor(intervalMs: number | undefined, look: () => Promise<void>) {
    this.#intervalMs = intervalMs;
    this.#look = look;
  }

  run(): Promise<void> {
    clearTimeout(this.#timer);
    this.#running ??= this.#look().finally(() => {
      this.#running = undefined;
      this.#schedule();
    });
    return this.#running;
  }

  /** A look that begins now or later: one that runs already may have missed what is asked for. */
  async fresh(): Promise<void> {
    await this.#running;
    await this.run();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** All tables of one interval are looked at together, so that one listing can answer for many. */
  #schedule(): void {
    if (this.#intervalMs === undefined || this.#isClosed) return;
    const untilNextMs = this.#intervalMs - (performance.now() % this.#intervalMs);
    this.#timer = setTimeout(() => void this.run(), Math.min(untilNextMs, LONGEST_TIMER_MS));
    this.#timer.unref();
  }
}
