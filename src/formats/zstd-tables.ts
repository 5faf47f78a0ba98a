/** Finite-state and Huffman decoding tables of Zstandard (RFC 8878, 4). */
import { BackwardBits, ForwardBits, ZstdError } from "./zstd-bits.ts";

/** Which symbol each state stands for, and how the next state is found. */
export interface FseTable {
  readonly accuracy: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

export interface HuffmanTable {
  readonly maxBits: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

/** Reads a table's description, which ends at a whole byte. */
export function readFseTable(
  bytes: Buffer,
  start: number,
  limits: { readonly accuracy: number; readonly symbols: number },
): { readonly table: FseTable; readonly end: number } {
  const input = new ForwardBits(bytes, start);
  const accuracy = input.read(4) + 5;
  if (accuracy > limits.accuracy) throw new ZstdError("a table's accuracy is too high");
  let remaining = 1 << accuracy;
  const shares: number[] = [];
  while (remaining > 0) {
    if (shares.length > limits.symbols) throw new ZstdError("a table has too many symbols");
    const size = 32 - Math.clz32(remaining + 1);
    const value = input.read(size);
    const lowerMask = (1 << (size - 1)) - 1;
    const threshold = (1 << size) - 1 - (remaining + 1);
    let share = value;
    if ((value & lowerMask) < threshold) {
      input.unread(1);
      share = value & lowerMask;
    } else if (value > lowerMask) {
      share = value - threshold;
    }
    share -= 1;
    remaining -= Math.abs(share);
    shares.push(share);
    if (share !== 0) continue;
    for (let repeat = 3; repeat === 3; ) {
      repeat = input.read(2);
      for (let zero = 0; zero < repeat; zero += 1) shares.push(0);
    }
  }
  if (remaining < 0 || shares.length > limits.symbols + 1) {
    throw new ZstdError("a table's shares do not add up");
  }
  return { table: buildFseTable(shares, accuracy), end: input.nextByte };
}

/** `shares` of the states by symbol; -1 is less than one state. */
export function buildFseTable(shares: readonly number[], accuracy: number): FseTable {
  const size = 1 << accuracy;
  const symbols = new Uint8Array(size);
  const next = new Uint16Array(shares.length);
  let high = size;
  shares.forEach((share, symbol) => {
    if (share === -1) symbols[--high] = symbol;
    next[symbol] = Math.abs(share);
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let position = 0;
  shares.forEach((share, symbol) => {
    for (let count = 0; count < share; count += 1) {
      symbols[position] = symbol;
      do {
        position = (position + step) & (size - 1);
      } while (position >= high);
    }
  });
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  for (let state = 0; state < size; state += 1) {
    const symbol = symbols[state] ?? 0;
    const order = next[symbol] ?? 0;
    next[symbol] = order + 1;
    const width = accuracy - (31 - Math.clz32(order));
    bits[state] = width;
    bases[state] = (order << width) - size;
  }
  return { accuracy, symbols, bits, bases };
}

/** The table that knows one symbol and takes no bits. */
export function singleSymbolTable(symbol: number): FseTable {
  return {
    accuracy: 0,
    symbols: Uint8Array.of(symbol),
    bits: new Uint8Array(1),
    bases: new Uint16Array(1),
  };
}

export function readHuffmanTable(
  bytes: Buffer,
  start: number,
): { readonly table: HuffmanTable; readonly end: number } {
  const header = bytes[start] ?? 0;
  if (header >= 128) {
    const count = header - 127;
    const end = start + 1 + ((count + 1) >> 1);
    if (end > bytes.length) throw new ZstdError("a Huffman table is cut off");
    const weights = Array.from({ length: count }, (_, index) => {
      const byte = bytes[start + 1 + (index >> 1)] ?? 0;
      return index % 2 === 0 ? byte >> 4 : byte & 15;
    });
    return { table: buildHuffmanTable(weights), end };
  }
  const end = start + 1 + header;
  if (end > bytes.length) throw new ZstdError("a Huffman table is cut off");
  return { table: buildHuffmanTable(readWeights(bytes, start + 1, end)), end };
}

/** Two states take turns until the bits are used up. */
function readWeights(bytes: Buffer, start: number, end: number): number[] {
  const { table, end: from } = readFseTable(bytes, start, { accuracy: 6, symbols: 15 });
  const input = new BackwardBits(bytes, from, end);
  const states = [input.read(table.accuracy), input.read(table.accuracy)];
  const weights: number[] = [];
  for (let turn = 0; ; turn = 1 - turn) {
    if (weights.length > 254) throw new ZstdError("a Huffman table has too many weights");
    const state = states[turn] ?? 0;
    weights.push(table.symbols[state] ?? 0);
    const width = table.bits[state] ?? 0;
    if (input.left < width) {
      weights.push(table.symbols[states[1 - turn] ?? 0] ?? 0);
      return weights;
    }
    states[turn] = (table.bases[state] ?? 0) + input.read(width);
  }
}

/** The last symbol's weight is what makes the sum a power of two. */
function buildHuffmanTable(weights: readonly number[]): HuffmanTable {
  const sum = weights.reduce((total, weight) => total + (weight === 0 ? 0 : 1 << (weight - 1)), 0);
  const maxBits = 32 - Math.clz32(sum);
  const left = 2 ** maxBits - sum;
  if (sum === 0 || maxBits > 11 || (left & (left - 1)) !== 0) {
    throw new ZstdError("a Huffman table's weights do not add up");
  }
  const all = [...weights, 32 - Math.clz32(left)];
  const symbols = new Uint8Array(1 << maxBits);
  const bits = new Uint8Array(1 << maxBits);
  let position = 0;
  for (let weight = 1; weight <= maxBits; weight += 1) {
    all.forEach((own, symbol) => {
      if (own !== weight) return;
      const span = 1 << (weight - 1);
      symbols.fill(symbol, position, position + span);
      bits.fill(maxBits + 1 - weight, position, position + span);
      position += span;
    });
  }
  return { maxBits, symbols, bits };
}
