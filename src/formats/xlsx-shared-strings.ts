import { assert } from "../core/assert.ts";
import type { PgError } from "../core/pg-error.ts";
import { ScratchFile } from "./xlsx-scratch-file.ts";
import type { XmlAttributes } from "./xml-attributes.ts";
import type { TextForm } from "./xml-text.ts";
import { XmlTextBuffer } from "./xml-text-buffer.ts";
import type { XmlHandler } from "./xml-tokenizer.ts";

const CHUNK_BYTES = 64 * 1024;
/** 96 MB: more than a million strings of a usual length. */
const CHUNKS_IN_MEMORY = 1536;
/** Of the others, those that were used last: 16 MB. */
const CHUNKS_CACHED = 256;
const LENGTH_BYTES = 4;
const FIRST_STRINGS = 1024;
/** Below this a loop is faster than a call into native code. */
const LOOP_BYTES = 48;

/**
 * The texts of a workbook that cells refer to by number. They are kept as UTF-8, a third of what
 * as many JavaScript strings take, and only the first of them in memory: how many there are is
 * the file's choice.
 */
export class SharedStrings {
  readonly #file: ScratchFile;
  /** The first chunks. Each holds whole strings behind their lengths; a long string has its own. */
  readonly #chunks: Buffer[] = [];
  /** Of the chunks behind them: where they lie in the file, and how long they are. */
  readonly #filed: { readonly position: number; readonly length: number }[] = [];
  readonly #cachedNumber = new Int32Array(CHUNKS_CACHED).fill(-1);
  readonly #cached: Buffer[] = [];
  /** The chunk that is being filled, from the front. */
  #last = Buffer.alloc(0);
  #lastLength = 0;
  /** Where each string lies: its chunk's number times CHUNK_BYTES, and its offset there. */
  #places = new Uint32Array(FIRST_STRINGS);
  #count = 0;

  constructor(directory: string) {
    this.#file = new ScratchFile(directory);
  }

  get count(): number {
    return this.#count;
  }

  /** Of a string of an index below `count`, as everywhere here. */
  byteLength(index: number): number {
    const place = this.#places[index] ?? 0;
    return lengthAt(this.#chunkOf(place), place % CHUNK_BYTES);
  }

  get(index: number): string {
    const place = this.#places[index] ?? 0;
    const chunk = this.#chunkOf(place);
    const start = (place % CHUNK_BYTES) + LENGTH_BYTES;
    return chunk.toString("utf8", start, start + lengthAt(chunk, start - LENGTH_BYTES));
  }

  /** Copies a string in UTF-8 and returns its length. */
  copy(index: number, target: Buffer, offset: number): number {
    const place = this.#places[index] ?? 0;
    const chunk = this.#chunkOf(place);
    const start = (place % CHUNK_BYTES) + LENGTH_BYTES;
    const length = lengthAt(chunk, start - LENGTH_BYTES);
    if (length > LOOP_BYTES) return chunk.copy(target, offset, start, start + length);
    for (let at = 0; at < length; at++) target[offset + at] = chunk[start + at] ?? 0;
    return length;
  }

  add(text: XmlTextBuffer): void {
    const needed = LENGTH_BYTES + text.length;
    if (this.#lastLength + needed > this.#last.length) this.#startChunk(needed);
    this.#last.writeUInt32LE(text.length, this.#lastLength);
    text.bytes.copy(this.#last, this.#lastLength + LENGTH_BYTES, 0, text.length);
    if (this.#count === this.#places.length) {
      const grown = new Uint32Array(this.#places.length * 2);
      grown.set(this.#places);
      this.#places = grown;
    }
    this.#places[this.#count++] = this.#lastNumber * CHUNK_BYTES + this.#lastLength;
    this.#lastLength += needed;
  }

  close(): void {
    this.#file.close();
  }

  get #lastNumber(): number {
    return this.#chunks.length + this.#filed.length;
  }

  #startChunk(needed: number): void {
    if (this.#lastLength > 0) {
      const full = this.#last.subarray(0, this.#lastLength);
      // What is in memory comes first, so a chunk behind one in the file goes there too.
      const isFirst = this.#filed.length === 0 && this.#chunks.length < CHUNKS_IN_MEMORY;
      if (isFirst && full.length <= CHUNK_BYTES) this.#chunks.push(full);
      else this.#filed.push({ position: this.#file.append(full), length: full.length });
    }
    this.#last = Buffer.allocUnsafe(Math.max(needed, CHUNK_BYTES));
    this.#lastLength = 0;
  }

  #chunkOf(place: number): Buffer {
    const number = Math.floor(place / CHUNK_BYTES);
    const chunk = this.#chunks[number];
    if (chunk !== undefined) return chunk;
    return number === this.#lastNumber ? this.#last : this.#filedChunk(number);
  }

  #filedChunk(number: number): Buffer {
    const slot = number % CHUNKS_CACHED;
    const cached = this.#cached[slot];
    if (this.#cachedNumber[slot] === number && cached !== undefined) return cached;
    const filed = this.#filed[number - this.#chunks.length];
    assert(filed !== undefined, "a place lies in a chunk");
    const isRoomy = cached !== undefined && cached.length >= filed.length;
    const chunk = isRoomy ? cached : Buffer.allocUnsafe(Math.max(filed.length, CHUNK_BYTES));
    this.#file.readInto(chunk, filed.position, filed.length);
    this.#cachedNumber[slot] = number;
    this.#cached[slot] = chunk;
    return chunk;
  }
}

function lengthAt(chunk: Buffer, offset: number): number {
  return (
    (chunk[offset] ?? 0) +
    (chunk[offset + 1] ?? 0) * 0x100 +
    (chunk[offset + 2] ?? 0) * 0x10000 +
    (chunk[offset + 3] ?? 0) * 0x1000000
  );
}

/**
 * Reads the shared strings part: `sst` of `si`, each plain text or runs of rich text. The phonetic
 * runs (`rPh`) of East Asian texts say how to pronounce them and are no part of the value.
 */
export class SharedStringsHandler implements XmlHandler {
  readonly strings: SharedStrings;
  readonly #fail: (reason: string) => PgError;
  readonly #maxStrings: number;
  readonly #text: XmlTextBuffer;
  #inString = false;
  #inText = false;
  #phoneticDepth = 0;

  constructor(strings: SharedStrings, maxStrings: number, fail: (reason: string) => PgError) {
    this.strings = strings;
    this.#fail = fail;
    this.#maxStrings = maxStrings;
    this.#text = new XmlTextBuffer(fail);
  }

  open(name: string, _attributes: XmlAttributes): void {
    if (name === "si") {
      this.#inString = true;
      this.#text.clear();
    } else if (name === "rPh") this.#phoneticDepth++;
    else if (name === "t") this.#inText = this.#inString && this.#phoneticDepth === 0;
  }

  text(bytes: Buffer, start: number, end: number, form: TextForm): void {
    if (this.#inText) this.#text.append(bytes, start, end, form);
  }

  close(name: string): void {
    if (name === "t") this.#inText = false;
    else if (name === "rPh") this.#phoneticDepth--;
    else if (name === "si") {
      this.#inString = false;
      this.#text.unescape();
      if (this.strings.count >= this.#maxStrings) throw this.#fail("it holds too many strings");
      this.strings.add(this.#text);
    }
  }
}
