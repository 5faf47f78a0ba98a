/** Compressed blocks of Zstandard: literals and the sequences that weave them in (RFC 8878, 3.1.1.3). */
import { BackwardBits, ZstdError } from "./zstd-bits.ts";
import {
  buildFseTable,
  type FseTable,
  type HuffmanTable,
  readFseTable,
  readHuffmanTable,
  singleSymbolTable,
} from "./zstd-tables.ts";

/** What has been unpacked so far, as far back as a match may reach. */
export interface Output {
  bytes: Buffer;
  /** Where the next byte goes. */
  end: number;
  /** How many bytes before it belong to this frame. */
  history: number;
}

interface Codes {
  readonly accuracy: number;
  readonly symbols: number;
  readonly usual: FseTable;
}

const LITERAL_LENGTHS: Codes = {
  accuracy: 9,
  symbols: 35,
  usual: buildFseTable(
    [
      4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1,
      1, -1, -1, -1, -1,
    ],
    6,
  ),
};
const MATCH_LENGTHS: Codes = {
  accuracy: 9,
  symbols: 52,
  usual: buildFseTable(
    [
      1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
    ],
    6,
  ),
};
const OFFSETS: Codes = {
  accuracy: 8,
  symbols: 31,
  usual: buildFseTable(
    [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
    5,
  ),
};

/** Extra bits by code, from which the lengths that the codes begin at follow. */
const LITERAL_BITS = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12,
  13, 14, 15, 16,
];
const MATCH_BITS = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
  1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
];
const LITERAL_BASES = basesOf(LITERAL_BITS, 0);
const MATCH_BASES = basesOf(MATCH_BITS, 3);

function basesOf(bits: readonly number[], first: number): number[] {
  let base = first;
  return bits.map((width) => {
    const own = base;
    base += 2 ** width;
    return own;
  });
}

/** Unpacks the blocks of one frame, whose tables and offsets later blocks may use again. */
export class BlockDecoder {
  #huffman: HuffmanTable | undefined;
  #literalLengths: FseTable | undefined;
  #offsets: FseTable | undefined;
  #matchLengths: FseTable | undefined;
  readonly #recent = [1, 4, 8];

  /** Appends at most `limit` bytes to the output. */
  decode(block: Buffer, output: Output, limit: number): void {
    const { literals, end } = this.#readLiterals(block, limit);
    this.#runSequences(block, end, literals, output, output.end + limit);
  }

  #readLiterals(block: Buffer, limit: number): { literals: Buffer; end: number } {
    const first = block[0] ?? 0;
    const kind = first & 3;
    const format = (first >> 2) & 3;
    if (kind < 2) {
      const [length, header] =
        (format & 1) === 0
          ? [first >> 3, 1]
          : format === 1
            ? [little(block, 0, 2) >> 4, 2]
            : [little(block, 0, 3) >> 4, 3];
      if (length > limit) throw new ZstdError("a block is too long");
      if (kind === 1) return { literals: Buffer.alloc(length, block[header]), end: header + 1 };
      return { literals: slice(block, header, header + length), end: header + length };
    }
    const width = format < 2 ? 10 : format === 2 ? 14 : 18;
    const header = format < 2 ? 3 : format === 2 ? 4 : 5;
    const sizes = Math.floor(little(block, 0, header) / 16);
    const length = sizes % 2 ** width;
    const end = header + Math.floor(sizes / 2 ** width);
    if (length > limit) throw new ZstdError("a block is too long");
    const packed = slice(block, 0, end);
    let from = header;
    if (kind === 2) {
      const huffman = readHuffmanTable(packed, header);
      this.#huffman = huffman.table;
      from = huffman.end;
    }
    return { literals: this.#unpackLiterals(packed, from, length, format === 0 ? 1 : 4), end };
  }

  #unpackLiterals(packed: Buffer, from: number, length: number, streams: 1 | 4): Buffer {
    const table = this.#huffman;
    if (table === undefined) throw new ZstdError("a block uses a table that does not exist");
    const literals = Buffer.allocUnsafe(length);
    if (streams === 1) {
      unpackStream(packed, from, packed.length, table, literals);
      return literals;
    }
    const share = (length + 3) >> 2;
    let start = from + 6;
    for (let stream = 0; stream < 4; stream += 1) {
      const isLast = stream === 3;
      const end = isLast ? packed.length : start + little(packed, from + stream * 2, 2);
      if (end > packed.length) throw new ZstdError("a stream of literals is cut off");
      const target = literals.subarray(stream * share, isLast ? length : (stream + 1) * share);
      unpackStream(packed, start, end, table, target);
      start = end;
    }
    return literals;
  }

  #runSequences(block: Buffer, start: number, literals: Buffer, output: Output, end: number): void {
    const [count, header] = sequenceCount(block, start);
    if (count === 0) {
      appendLiterals(literals, 0, literals.length, output, end);
      return;
    }
    const modes = block[header] ?? 0;
    let at = header + 1;
    const table = (mode: number, codes: Codes, last: FseTable | undefined): FseTable => {
      if (mode === 0) return codes.usual;
      if (mode === 1) return singleSymbolTable(Math.min(block[at++] ?? 0, codes.symbols));
      if (mode === 3) {
        if (last === undefined) throw new ZstdError("a block uses a table that does not exist");
        return last;
      }
      const described = readFseTable(block, at, codes);
      at = described.end;
      return described.table;
    };
    const lengths = table(modes >> 6, LITERAL_LENGTHS, this.#literalLengths);
    const offsets = table((modes >> 4) & 3, OFFSETS, this.#offsets);
    const matches = table((modes >> 2) & 3, MATCH_LENGTHS, this.#matchLengths);
    this.#literalLengths = lengths;
    this.#offsets = offsets;
    this.#matchLengths = matches;

    const input = new BackwardBits(block, at, block.length);
    let lengthState = input.read(lengths.accuracy);
    let offsetState = input.read(offsets.accuracy);
    let matchState = input.read(matches.accuracy);
    let used = 0;
    for (let sequence = 1; ; sequence += 1) {
      const offsetCode = offsets.symbols[offsetState] ?? 0;
      const matchCode = matches.symbols[matchState] ?? 0;
      const lengthCode = lengths.symbols[lengthState] ?? 0;
      const offsetValue = 2 ** offsetCode + input.read(offsetCode);
      const matchLength = (MATCH_BASES[matchCode] ?? 0) + input.read(MATCH_BITS[matchCode] ?? 0);
      const length = (LITERAL_BASES[lengthCode] ?? 0) + input.read(LITERAL_BITS[lengthCode] ?? 0);
      appendLiterals(literals, used, length, output, end);
      used += length;
      appendMatch(this.#offset(offsetValue, length === 0), matchLength, output, end);
      if (sequence === count) break;
      lengthState = (lengths.bases[lengthState] ?? 0) + input.read(lengths.bits[lengthState] ?? 0);
      matchState = (matches.bases[matchState] ?? 0) + input.read(matches.bits[matchState] ?? 0);
      offsetState = (offsets.bases[offsetState] ?? 0) + input.read(offsets.bits[offsetState] ?? 0);
    }
    if (input.left !== 0) throw new ZstdError("a block's sequences do not end where they should");
    appendLiterals(literals, used, literals.length - used, output, end);
  }

  /** Values up to 3 mean one of the offsets used last. */
  #offset(value: number, withoutLiterals: boolean): number {
    const recent = this.#recent;
    const index = value > 3 ? 3 : value - 1 + (withoutLiterals ? 1 : 0);
    const [first = 0, second = 0, third = 0] = recent;
    const offset = value > 3 ? value - 3 : index < 3 ? (recent[index] ?? 0) : first - 1;
    if (index === 1) recent.splice(0, 3, offset, first, third);
    else if (index > 1) recent.splice(0, 3, offset, first, second);
    return offset;
  }
}

function sequenceCount(block: Buffer, start: number): [count: number, next: number] {
  const first = block[start];
  if (first === undefined) throw new ZstdError("a block is cut off");
  if (first < 128) return [first, start + 1];
  if (first < 255) return [((first - 128) << 8) + (block[start + 1] ?? 0), start + 2];
  return [little(block, start + 1, 2) + 0x7f00, start + 3];
}

function unpackStream(
  packed: Buffer,
  start: number,
  end: number,
  table: HuffmanTable,
  target: Buffer,
): void {
  const input = new BackwardBits(packed, start, end);
  const { maxBits, symbols, bits } = table;
  for (let index = 0; index < target.length; index += 1) {
    const state = input.peek(maxBits);
    target[index] = symbols[state] ?? 0;
    input.left -= bits[state] ?? 0;
  }
  if (input.left !== 0) throw new ZstdError("a stream of literals does not end where it should");
}

function appendLiterals(
  literals: Buffer,
  from: number,
  length: number,
  output: Output,
  end: number,
): void {
  if (from + length > literals.length || output.end + length > end) {
    throw new ZstdError("a sequence needs more literals than there are");
  }
  if (length > SHORT) {
    literals.copy(output.bytes, output.end, from, from + length);
  } else {
    const { bytes, end: to } = output;
    for (let at = 0; at < length; at += 1) bytes[to + at] = literals[from + at] ?? 0;
  }
  output.end += length;
  output.history += length;
}

/** Up to this length a loop is faster than a call into native code. */
const SHORT = 48;

/** A match may overlap what it makes: `a` and a match of 9 bytes at offset 1 are ten `a`. */
function appendMatch(offset: number, length: number, output: Output, end: number): void {
  if (offset < 1 || offset > output.history || output.end + length > end) {
    throw new ZstdError("a sequence points outside of the data");
  }
  const { bytes, end: to } = output;
  if (offset >= length && length > SHORT) bytes.copyWithin(to, to - offset, to - offset + length);
  else for (let at = to; at < to + length; at += 1) bytes[at] = bytes[at - offset] ?? 0;
  output.end += length;
  output.history += length;
}

function little(bytes: Buffer, at: number, count: number): number {
  if (at + count > bytes.length) throw new ZstdError("a block is cut off");
  return bytes.readUIntLE(at, count);
}

function slice(bytes: Buffer, from: number, to: number): Buffer {
  if (to > bytes.length) throw new ZstdError("a block is cut off");
  return bytes.subarray(from, to);
}
