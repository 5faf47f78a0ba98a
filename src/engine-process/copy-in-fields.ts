import { PgError } from "../core/pg-error.ts";
import type { CopyLines, LineFormat } from "./copy-in-lines.ts";

const BACKSLASH = 0x5c;
/** The end of a field that is NULL. */
export const NULL_FIELD = -1;

export interface FieldFormat extends LineFormat {
  readonly delimiter: string;
  /** As the data have it, in their encoding after conversion: UTF-8. */
  readonly nullText: string;
}

/** What the letters behind a backslash stand for, by byte; 0 where the byte stands for itself. */
const LETTERS = new Uint8Array(256);
for (const [letter, byte] of [
  ["b", 8],
  ["f", 12],
  ["n", 10],
  ["r", 13],
  ["t", 9],
  ["v", 11],
] as const) {
  LETTERS[letter.charCodeAt(0)] = byte;
}

/**
 * The fields of one line of COPY's text or csv, without escapes and quotes. They lie in `bytes` from
 * `starts[i]` to before `ends[i]`, or are NULL where that is NULL_FIELD.
 */
export class CopyFields {
  bytes: Buffer = Buffer.alloc(0);
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** How many the line has; only as many as there are columns are kept. */
  count = 0;
  /** An escape has made a byte that no character in ASCII has. */
  hasMadeBytes = false;
  readonly #columnCount: number;
  readonly #isCsv: boolean;
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #escape: number;
  readonly #nullBytes: Buffer;
  /** Values that differ from what the line has. */
  #unescaped: Buffer = Buffer.alloc(4096);

  constructor(format: FieldFormat, columnCount: number) {
    this.#columnCount = columnCount;
    this.starts = new Int32Array(columnCount);
    this.ends = new Int32Array(columnCount);
    this.#isCsv = format.format === "csv";
    this.#delimiter = format.delimiter.charCodeAt(0);
    this.#quote = format.quote.charCodeAt(0);
    this.#escape = format.escape.charCodeAt(0);
    this.#nullBytes = Buffer.from(format.nullText);
  }

  /** Splits the line that was read last. */
  split(lines: CopyLines): void {
    this.count = 0;
    this.hasMadeBytes = false;
    const { bytes, start, end } = lines;
    if (lines.isPlain) {
      this.#splitPlain(bytes, start, end);
      return;
    }
    if (this.#unescaped.length < end - start) {
      this.#unescaped = Buffer.allocUnsafe((end - start) * 2);
    }
    this.bytes = this.#unescaped;
    if (this.#isCsv) this.#splitCsv(bytes, start, end);
    else this.#splitText(bytes, start, end);
  }

  #splitPlain(bytes: Buffer, start: number, end: number): void {
    const delimiter = this.#delimiter;
    this.bytes = bytes;
    let from = start;
    for (let at = start; at < end; at += 1) {
      if (bytes[at] !== delimiter) continue;
      this.#add(from, this.#isNull(bytes, from, at) ? NULL_FIELD : at);
      from = at + 1;
    }
    this.#add(from, this.#isNull(bytes, from, end) ? NULL_FIELD : end);
  }

  #splitText(bytes: Buffer, start: number, end: number): void {
    const out = this.#unescaped;
    let to = 0;
    let at = start;
    for (;;) {
      const [rawStart, outStart] = [at, to];
      let byte = NULL_FIELD;
      while (at < end) {
        byte = bytes[at++] ?? 0;
        if (byte === this.#delimiter) break;
        if (byte !== BACKSLASH) {
          out[to++] = byte;
        } else if (at < end) {
          byte = bytes[at++] ?? 0;
          const octal = octalLength(bytes, at - 1, end);
          const hex = byte === 0x78 ? hexLength(bytes, at, end) : 0;
          if (octal > 0) {
            const digits = bytes.toString("latin1", at - 1, at - 1 + octal);
            out[to++] = this.#made(Number.parseInt(digits, 8) & 0xff);
            at += octal - 1;
          } else if (hex > 0) {
            out[to++] = this.#made(Number.parseInt(bytes.toString("latin1", at, at + hex), 16));
            at += hex;
          } else {
            out[to++] = LETTERS[byte] || byte;
          }
          // An escaped delimiter is a value's.
          byte = NULL_FIELD;
        }
      }
      const isDelimited = byte === this.#delimiter;
      const rawEnd = isDelimited ? at - 1 : at;
      this.#add(outStart, this.#isNull(bytes, rawStart, rawEnd) ? NULL_FIELD : to);
      if (!isDelimited) return;
    }
  }

  #splitCsv(bytes: Buffer, start: number, end: number): void {
    const out = this.#unescaped;
    let to = 0;
    let at = start;
    for (;;) {
      const [rawStart, outStart] = [at, to];
      let isQuoted = false;
      let isDelimited = false;
      while (at < end && !isDelimited) {
        const byte = bytes[at++] ?? 0;
        if (byte === this.#delimiter) isDelimited = true;
        else if (byte !== this.#quote) out[to++] = byte;
        else {
          isQuoted = true;
          for (;;) {
            if (at >= end)
              throw new PgError("bad_copy_file_format", "unterminated CSV quoted field");
            const inside = bytes[at++] ?? 0;
            const next = at < end ? bytes[at] : NULL_FIELD;
            if (inside === this.#escape && (next === this.#escape || next === this.#quote)) {
              out[to++] = next;
              at += 1;
            } else if (inside === this.#quote) break;
            else out[to++] = inside;
          }
        }
      }
      const rawEnd = isDelimited ? at - 1 : at;
      const isNull = !isQuoted && this.#isNull(bytes, rawStart, rawEnd);
      this.#add(outStart, isNull ? NULL_FIELD : to);
      if (!isDelimited) return;
    }
  }

  #made(byte: number): number {
    if (byte === 0 || byte >= 0x80) this.hasMadeBytes = true;
    return byte;
  }

  #add(start: number, end: number): void {
    if (this.count < this.#columnCount) {
      this.starts[this.count] = start;
      this.ends[this.count] = end;
    }
    this.count += 1;
  }

  #isNull(bytes: Buffer, start: number, end: number): boolean {
    const nulls = this.#nullBytes;
    if (end - start !== nulls.length) return false;
    for (let index = 0; index < nulls.length; index += 1) {
      if (bytes[start + index] !== nulls[index]) return false;
    }
    return true;
  }
}

function octalLength(bytes: Buffer, at: number, end: number): number {
  let length = 0;
  while (length < 3 && at + length < end && ((bytes[at + length] ?? 0) & 0xf8) === 0x30)
    length += 1;
  return length;
}

function hexLength(bytes: Buffer, at: number, end: number): number {
  let length = 0;
  while (length < 2 && at + length < end && isHexDigit(bytes[at + length] ?? 0)) length += 1;
  return length;
}

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}
