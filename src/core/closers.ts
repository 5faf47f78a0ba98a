/** What was opened, to be closed in the opposite order: also when a later step of opening fails. */
export class Closers implements AsyncDisposable {
  #closers: (() => Promise<void> | void)[] = [];

  add(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  /** Hands everything over to another owner; this one then closes nothing. */
  move(): Closers {
    const moved = new Closers();
    moved.#closers = this.#closers;
    this.#closers = [];
    return moved;
  }

  /** Closes all, whatever fails; the first failure is reported when all were tried. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closers = this.#closers.toReversed();
    this.#closers = [];
    const failures: unknown[] = [];
    for (const close of closers) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
