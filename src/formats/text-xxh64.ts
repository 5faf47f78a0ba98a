/** The lower half of XXH64 with seed 0, which ends a Zstandard frame (RFC 8878, 3.1.1). */
export class Xxh64 {
  /** Four accumulators, each as its low and its high half. */
  readonly #state = new Int32Array(8);
  readonly #stripe = Buffer.alloc(32);
  #filled = 0;
  /** Frames beyond 8 PB are not foreseen. */
  #length = 0;

  constructor() {
    add(this.#state, 0, P1L, P1H);
    add(this.#state, 0, P2L, P2H);
    add(this.#state, 2, P2L, P2H);
    add(this.#state, 6, ~P1L + 1, ~P1H + (P1L === 0 ? 1 : 0));
  }

  update(bytes: Buffer): void {
    this.#length += bytes.length;
    let at = 0;
    if (this.#filled > 0) {
      at = Math.min(32 - this.#filled, bytes.length);
      bytes.copy(this.#stripe, this.#filled, 0, at);
      this.#filled += at;
      if (this.#filled < 32) return;
      this.#take(this.#stripe, 0);
      this.#filled = 0;
    }
    for (; at + 32 <= bytes.length; at += 32) this.#take(bytes, at);
    this.#filled = bytes.copy(this.#stripe, 0, at);
  }

  /** As an unsigned 32-bit number. */
  digest(): number {
    const hash = new Int32Array(2);
    if (this.#length >= 32) {
      [1, 7, 12, 18].forEach((bits, lane) => {
        const rotated = this.#state.slice(lane * 2, lane * 2 + 2);
        rotate(rotated, 0, bits);
        add(hash, 0, rotated[0] ?? 0, rotated[1] ?? 0);
      });
      for (let lane = 0; lane < 8; lane += 2) {
        const round = new Int32Array(2);
        mix(round, 0, this.#state[lane] ?? 0, this.#state[lane + 1] ?? 0);
        xor(hash, round[0] ?? 0, round[1] ?? 0);
        multiply(hash, 0, P1L, P1H);
        add(hash, 0, P4L, P4H);
      }
    } else {
      add(hash, 0, P5L, P5H);
    }
    add(hash, 0, this.#length | 0, Math.floor(this.#length / 2 ** 32));
    this.#finish(hash);
    return (hash[0] ?? 0) >>> 0;
  }

  #take(bytes: Buffer, at: number): void {
    for (let lane = 0; lane < 4; lane += 1) {
      const from = at + lane * 8;
      mix(this.#state, lane * 2, bytes.readInt32LE(from), bytes.readInt32LE(from + 4));
    }
  }

  #finish(hash: Int32Array): void {
    const rest = this.#stripe;
    let at = 0;
    for (; at + 8 <= this.#filled; at += 8) {
      const round = new Int32Array(2);
      mix(round, 0, rest.readInt32LE(at), rest.readInt32LE(at + 4));
      xor(hash, round[0] ?? 0, round[1] ?? 0);
      rotate(hash, 0, 27);
      multiply(hash, 0, P1L, P1H);
      add(hash, 0, P4L, P4H);
    }
    if (at + 4 <= this.#filled) {
      const word = Int32Array.of(rest.readInt32LE(at), 0);
      multiply(word, 0, P1L, P1H);
      xor(hash, word[0] ?? 0, word[1] ?? 0);
      rotate(hash, 0, 23);
      multiply(hash, 0, P2L, P2H);
      add(hash, 0, P3L, P3H);
      at += 4;
    }
    for (; at < this.#filled; at += 1) {
      const byte = Int32Array.of(rest[at] ?? 0, 0);
      multiply(byte, 0, P5L, P5H);
      xor(hash, byte[0] ?? 0, byte[1] ?? 0);
      rotate(hash, 0, 11);
      multiply(hash, 0, P1L, P1H);
    }
    shiftXor(hash, 33);
    multiply(hash, 0, P2L, P2H);
    shiftXor(hash, 29);
    multiply(hash, 0, P3L, P3H);
    shiftXor(hash, 32);
  }
}

const [P1L, P1H] = [0x85ebca87 | 0, 0x9e3779b1 | 0];
const [P2L, P2H] = [0x27d4eb4f | 0, 0xc2b2ae3d | 0];
const [P3L, P3H] = [0x9e3779f9 | 0, 0x165667b1 | 0];
const [P4L, P4H] = [0xc2b2ae63 | 0, 0x85ebca77 | 0];
const [P5L, P5H] = [0x165667c5 | 0, 0x27d4eb2f | 0];

/** The round of XXH64: accumulator + lane * P2, rotated by 31, times P1. */
function mix(words: Int32Array, at: number, low: number, high: number): void {
  LANE[0] = low;
  LANE[1] = high;
  multiply(LANE, 0, P2L, P2H);
  add(words, at, LANE[0] ?? 0, LANE[1] ?? 0);
  rotate(words, at, 31);
  multiply(words, at, P1L, P1H);
}

/** Scratch of `mix`, which runs to its end without a pause. */
const LANE = new Int32Array(2);

function add(words: Int32Array, at: number, low: number, high: number): void {
  const sum = ((words[at] ?? 0) >>> 0) + (low >>> 0);
  words[at] = sum | 0;
  words[at + 1] = ((words[at + 1] ?? 0) + high + (sum > 0xffffffff ? 1 : 0)) | 0;
}

function multiply(words: Int32Array, at: number, low: number, high: number): void {
  const a = words[at] ?? 0;
  const b = words[at + 1] ?? 0;
  // The upper half of a * low, from products of 16 bits, which fit 32.
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const low0 = low & 0xffff;
  const low1 = low >>> 16;
  const middle = (Math.imul(a1, low0) >>> 0) + (Math.imul(a0, low0) >>> 16);
  const other = (middle & 0xffff) + (Math.imul(a0, low1) >>> 0);
  const carried = (Math.imul(a1, low1) + (middle >>> 16) + (other >>> 16)) | 0;
  words[at] = Math.imul(a, low);
  words[at + 1] = (carried + Math.imul(a, high) + Math.imul(b, low)) | 0;
}

function rotate(words: Int32Array, at: number, bits: number): void {
  const low = words[at] ?? 0;
  const high = words[at + 1] ?? 0;
  words[at] = (low << bits) | (high >>> (32 - bits));
  words[at + 1] = (high << bits) | (low >>> (32 - bits));
}

function xor(words: Int32Array, low: number, high: number): void {
  words[0] = (words[0] ?? 0) ^ low;
  words[1] = (words[1] ?? 0) ^ high;
}

/** hash ^= hash >>> bits */
function shiftXor(words: Int32Array, bits: number): void {
  const low = words[0] ?? 0;
  const high = words[1] ?? 0;
  if (bits >= 32) xor(words, high >>> (bits - 32), 0);
  else xor(words, (low >>> bits) | (high << (32 - bits)), high >>> bits);
}
