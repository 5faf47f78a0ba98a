/** Randomness that is the same everywhere for the same seed: integer arithmetic only (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 up to but without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly [T, ...T[]] | readonly T[]): T {
    const choice = choices[Math.floor(this.next() * choices.length)];
    if (choice === undefined) throw new Error("nothing to pick from");
    return choice;
  }
}

/** Picks by weight, in a time that does not grow with the number of choices. */
export class WeightedChoice<T> {
  readonly #choices: T[] = [];
  readonly #ends: number[] = [];
  #total = 0;

  constructor(choices: Iterable<readonly [choice: T, weight: number]>) {
    for (const [choice, weight] of choices) this.add(choice, weight);
  }

  add(choice: T, weight: number): void {
    this.#total += weight;
    this.#choices.push(choice);
    this.#ends.push(this.#total);
  }

  pick(random: Random): T {
    const target = random.next() * this.#total;
    let low = 0;
    let high = this.#ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] ?? 0) > target) high = middle;
      else low = middle + 1;
    }
    const choice = this.#choices[low];
    if (choice === undefined) throw new Error("nothing to pick from");
    return choice;
  }
}
