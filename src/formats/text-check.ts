import { isAscii, isUtf8 } from "node:buffer";

/** A byte that PostgreSQL's text cannot hold: no UTF-8, or the NUL byte. */
export interface BadByte {
  readonly offset: number;
  readonly byte: number;
  /** Whether characters beyond ASCII stood before it, all of them valid. */
  readonly isAfterUtf8: boolean;
}

const LF = 0x0a;
const CR = 0x0d;

/** Looks once at every byte of a text that comes in chunks. */
export class TextCheck {
  bytes = 0;
  #lineStart = 0;
  #longestLine = 0;
  #isBeyondAscii = false;
  #carried: Buffer = Buffer.alloc(0);

  /** No line is longer, though each may be shorter than this by a chunk. */
  get lineBytesAtMost(): number {
    return Math.max(this.#longestLine, this.bytes - this.#lineStart);
  }

  /** The first bad byte of the chunk, if there is one; the caller then ends. */
  push(chunk: Buffer): BadByte | undefined {
    const start = this.bytes;
    this.bytes += chunk.length;
    this.#measureLines(chunk, start);
    if (this.#carried.length === 0 && isAscii(chunk) && !chunk.includes(0)) return undefined;
    const text = this.#carried.length === 0 ? chunk : Buffer.concat([this.#carried, chunk]);
    const complete = text.length - incompleteTail(text);
    const bad = firstBadByte(text.subarray(0, complete));
    if (bad >= 0) return this.#bad(text, bad);
    this.#isBeyondAscii ||= !isAscii(text.subarray(0, complete));
    // A copy, because the chunk's buffer may be used again.
    this.#carried = Buffer.from(text.subarray(complete));
    return undefined;
  }

  /** A character that the text's end cuts off. */
  finish(): BadByte | undefined {
    return this.#carried.length === 0 ? undefined : this.#bad(this.#carried, 0);
  }

  #bad(text: Buffer, at: number): BadByte {
    return {
      offset: this.bytes - text.length + at,
      byte: text[at] ?? 0,
      isAfterUtf8: this.#isBeyondAscii || !isAscii(text.subarray(0, at)),
    };
  }

  /** Only the lines that cross a chunk's border are measured: the others are no longer than it. */
  #measureLines(chunk: Buffer, start: number): void {
    const first = firstOf(chunk.indexOf(LF), chunk.indexOf(CR));
    if (first < 0) return;
    const last = Math.max(chunk.lastIndexOf(LF), chunk.lastIndexOf(CR));
    const withinChunk = last - first;
    this.#longestLine = Math.max(this.#longestLine, start + first - this.#lineStart, withinChunk);
    this.#lineStart = start + last + 1;
  }
}

function firstOf(a: number, b: number): number {
  if (a < 0) return b;
  return b < 0 ? a : Math.min(a, b);
}

/** The bytes at the end that begin a character and do not finish it. */
function incompleteTail(text: Buffer): number {
  for (let back = 1; back <= Math.min(3, text.length); back += 1) {
    const byte = text[text.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? back : 0;
    }
  }
  return 0;
}

/** Of a NUL byte or of what is no UTF-8; -1 where all is well. */
function firstBadByte(text: Buffer): number {
  const nul = text.indexOf(0);
  if (isUtf8(nul < 0 ? text : text.subarray(0, nul))) return nul;
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const part = text.subarray(0, middle);
    // A prefix may only end within a character.
    if (isUtf8(part.subarray(0, middle - incompleteTail(part)))) good = middle;
    else bad = middle;
  }
  return good - incompleteTail(text.subarray(0, good));
}
