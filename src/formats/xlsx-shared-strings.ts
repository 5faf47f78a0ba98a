import { assert } from "../core/assert.ts";
import type { PgError } from "../core/pg-error.ts";
import type { XmlAttributes } from "./xml-attributes.ts";
import type { TextForm } from "./xml-text.ts";
import { XmlTextBuffer } from "./xml-text-buffer.ts";
import type { XmlHandler } from "./xml-tokenizer.ts";

const CHUNK_BYTES = 1024 * 1024;
const LENGTH_BYTES = 4;
const FIRST_STRINGS = 1024;
const CACHE_SLOTS = 4096;

/**
 * The texts of a workbook that cells refer to by number. They are kept as UTF-8, a third of what
 * as many JavaScript strings take, and become strings when a row is served.
 */
export class SharedStrings {
  /** Each holds whole strings behind their lengths; a string longer than a chunk has one of its own. */
  readonly #chunks: Buffer[] = [];
  #room = 0;
  /** Where each string lies: its chunk's number times CHUNK_BYTES, and its offset there. */
  #places = new Uint32Array(FIRST_STRINGS);
  #count = 0;
  readonly #cachedIndex = new Int32Array(CACHE_SLOTS).fill(-1);
  readonly #cachedText: string[] = Array.from({ length: CACHE_SLOTS }, () => "");

  get count(): number {
    return this.#count;
  }

  isEmpty(index: number): boolean {
    const place = this.#places[index] ?? 0;
    return this.#chunkOf(place).readUInt32LE(place % CHUNK_BYTES) === 0;
  }

  /** The string of an index below `count`. Columns repeat themselves, so the latest are kept. */
  get(index: number): string {
    const slot = index % CACHE_SLOTS;
    const cached = this.#cachedText[slot];
    if (this.#cachedIndex[slot] === index && cached !== undefined) return cached;
    const place = this.#places[index] ?? 0;
    const chunk = this.#chunkOf(place);
    const start = (place % CHUNK_BYTES) + LENGTH_BYTES;
    const text = chunk.toString("utf8", start, start + chunk.readUInt32LE(start - LENGTH_BYTES));
    this.#cachedIndex[slot] = index;
    this.#cachedText[slot] = text;
    return text;
  }

  add(text: XmlTextBuffer): void {
    const needed = LENGTH_BYTES + text.length;
    if (needed > this.#room) {
      this.#room = Math.max(needed, CHUNK_BYTES);
      this.#chunks.push(Buffer.allocUnsafe(this.#room));
    }
    const number = this.#chunks.length - 1;
    const chunk = this.#chunkOf(number * CHUNK_BYTES);
    const offset = chunk.length - this.#room;
    chunk.writeUInt32LE(text.length, offset);
    text.bytes.copy(chunk, offset + LENGTH_BYTES, 0, text.length);
    this.#room -= needed;
    if (this.#count === this.#places.length) {
      const grown = new Uint32Array(this.#places.length * 2);
      grown.set(this.#places);
      this.#places = grown;
    }
    this.#places[this.#count++] = number * CHUNK_BYTES + offset;
  }

  #chunkOf(place: number): Buffer {
    const chunk = this.#chunks[Math.floor(place / CHUNK_BYTES)];
    assert(chunk !== undefined, "a place lies in a chunk");
    return chunk;
  }
}

/**
 * Reads the shared strings part: `sst` of `si`, each plain text or runs of rich text. The phonetic
 * runs (`rPh`) of East Asian texts say how to pronounce them and are no part of the value.
 */
export class SharedStringsHandler implements XmlHandler {
  readonly strings = new SharedStrings();
  readonly #fail: (reason: string) => PgError;
  readonly #maxStrings: number;
  readonly #text: XmlTextBuffer;
  #inString = false;
  #inText = false;
  #phoneticDepth = 0;

  constructor(maxStrings: number, fail: (reason: string) => PgError) {
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
