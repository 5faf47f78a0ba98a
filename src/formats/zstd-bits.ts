/** Bit streams of Zstandard: forward ones describe tables, backward ones hold the data. */

/** What is wrong with the compressed data, as the end of a sentence. */
export class ZstdError extends Error {
  override readonly name = "ZstdError";
}

export class ForwardBits {
  readonly #bytes: Buffer;
  readonly #start: number;
  #bit = 0;

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes;
    this.#start = start;
  }

  /** At most 16 bits. */
  read(count: number): number {
    const at = this.#start + (this.#bit >> 3);
    if (at >= this.#bytes.length) throw new ZstdError("it ends too early");
    const [a = 0, b = 0, c = 0] = this.#bytes.subarray(at, at + 3);
    const value = ((a | (b << 8) | (c << 16)) >> (this.#bit & 7)) & ((1 << count) - 1);
    this.#bit += count;
    return value;
  }

  unread(count: number): void {
    this.#bit -= count;
  }

  get nextByte(): number {
    return this.#start + ((this.#bit + 7) >> 3);
  }
}

/** Read from its last bit, which a 1 marks, to its first. */
export class BackwardBits {
  readonly #bytes: Buffer;
  readonly #start: number;
  /** How many bits are left. Below 0 more was read than there is. */
  left: number;

  constructor(bytes: Buffer, start: number, end: number) {
    const last = end > start ? (bytes[end - 1] ?? 0) : 0;
    if (last === 0) throw new ZstdError("a bit stream has no end mark");
    this.#bytes = bytes;
    this.#start = start;
    this.left = (end - start) * 8 - 1 - Math.clz32(last << 24);
  }

  /** At most 32 bits; those before the first are 0. */
  read(count: number): number {
    if (count > 16) {
      const high = this.read(count - 16);
      return high * 65536 + this.read(16);
    }
    this.left -= count;
    return this.#at(this.left) & ((1 << count) - 1);
  }

  /** At most 16 bits, without taking them. */
  peek(count: number): number {
    return this.#at(this.left - count) & ((1 << count) - 1);
  }

  /** At least 24 bits from this one on. */
  #at(bit: number): number {
    if (bit < 0) return bit <= -16 ? 0 : this.#at(0) << -bit;
    const at = this.#start + (bit >> 3);
    const bytes = this.#bytes;
    const word =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    return word >>> (bit & 7);
  }
}
