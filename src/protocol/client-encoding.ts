import { isAscii } from "node:buffer";
import { PgError } from "../core/pg-error.ts";

/**
 * In what a client sends and gets text. SQL_ASCII means "as the server has it", which is UTF-8
 * (PostgreSQL documentation 24.3.4).
 */
export type ClientEncoding = "UTF8" | "SQL_ASCII" | "LATIN1";

/** What a value of a row is made of, as far as its encoding goes. */
export type CellText =
  /** In text format everything is; in binary format the types whose bytes are characters. */
  | "text"
  /** The binary format of an array of such a type: each element has a length of its own. */
  | "text array"
  | "bytes";

/** The encoding that a name means in any of PostgreSQL's spellings; undefined for all others. */
export function clientEncodingByName(name: string): ClientEncoding | undefined {
  switch (name.toLowerCase().replaceAll(/[^a-z0-9]/g, "")) {
    case "utf8":
    case "unicode":
      return "UTF8";
    case "sqlascii":
      return "SQL_ASCII";
    case "latin1":
    case "iso88591":
      return "LATIN1";
    default:
      return undefined;
  }
}

/** UTF-8 of text that came in LATIN1, whose every byte is a character. */
export function utf8FromLatin1(bytes: Buffer): Buffer {
  return isAscii(bytes) ? bytes : Buffer.from(bytes.toString("latin1"), "utf8");
}

export interface ConvertedRows {
  /** Whole messages: all, or those in front of the one that could not be converted. */
  readonly messages: Buffer;
  readonly error: PgError | undefined;
}

/**
 * Whole messages of rows (DataRow, or CopyData in its text formats) that were written in UTF-8, in
 * LATIN1. `columns` says what is text; without it everything is.
 */
export function rowsInLatin1(
  messages: Buffer,
  columns: readonly CellText[] | undefined,
): ConvertedRows {
  if (isAscii(messages)) return { messages, error: undefined };
  // No character takes more bytes in LATIN1 than in UTF-8.
  const converted = new Latin1Writer(messages, Buffer.allocUnsafe(messages.length));
  let whole = 0;
  try {
    while (converted.from < messages.length) {
      converted.message(columns);
      whole = converted.to;
    }
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    return { messages: converted.target.subarray(0, whole), error };
  }
  return { messages: converted.target.subarray(0, whole), error: undefined };
}

/** Binary parameters of arrays: the elements' text that came in LATIN1, in UTF-8. */
export function arrayFromLatin1(array: Buffer): Buffer {
  if (array.length < ARRAY_HEADER_BYTES || isAscii(array)) return array;
  const headerBytes = ARRAY_HEADER_BYTES + 8 * Math.max(0, array.readInt32BE(0));
  const pieces = [array.subarray(0, headerBytes)];
  let at = headerBytes;
  while (at + 4 <= array.length) {
    const length = array.readInt32BE(at);
    const end = at + 4 + Math.max(0, length);
    const element = utf8FromLatin1(array.subarray(at + 4, end));
    const prefix = Buffer.allocUnsafe(4);
    prefix.writeInt32BE(length < 0 ? length : element.length);
    pieces.push(prefix, element);
    at = end;
  }
  // What is no array is left as it came, and refused by whoever reads it.
  return at === array.length ? Buffer.concat(pieces) : array;
}

/** Dimensions, flags and element type; eight bytes more for each dimension. */
const ARRAY_HEADER_BYTES = 12;

class Latin1Writer {
  readonly target: Buffer;
  readonly #source: Buffer;
  from = 0;
  to = 0;

  constructor(source: Buffer, target: Buffer) {
    this.#source = source;
    this.target = target;
  }

  message(columns: readonly CellText[] | undefined): void {
    const type = this.#source[this.from];
    const end = this.from + 1 + this.#source.readInt32BE(this.from + 1);
    const lengthAt = this.to + 1;
    this.#copy(5);
    if (type === DATA_ROW) this.#row(columns);
    else this.#text(end - this.from);
    this.target.writeInt32BE(this.to - lengthAt, lengthAt);
  }

  #row(columns: readonly CellText[] | undefined): void {
    const count = this.#source.readUInt16BE(this.from);
    this.#copy(2);
    for (let column = 0; column < count; column += 1) {
      const kind = columns === undefined ? "text" : (columns[column] ?? "bytes");
      this.#measured((length) => {
        if (kind === "text") this.#text(length);
        else if (kind === "text array") this.#array(length);
        else this.#copy(length);
      });
    }
  }

  #array(length: number): void {
    const end = this.from + length;
    this.#copy(ARRAY_HEADER_BYTES + 8 * this.#source.readInt32BE(this.from));
    while (this.from < end) this.#measured((bytes) => this.#text(bytes));
  }

  /** A value behind its length, which is written anew; NULL has none. */
  #measured(write: (length: number) => void): void {
    const length = this.#source.readInt32BE(this.from);
    const lengthAt = this.to;
    this.#copy(4);
    if (length < 0) return;
    write(length);
    this.target.writeInt32BE(this.to - lengthAt - 4, lengthAt);
  }

  #copy(count: number): void {
    if (count <= FEW_BYTES) {
      for (let at = 0; at < count; at += 1) {
        this.target[this.to + at] = this.#source[this.from + at] ?? 0;
      }
    } else this.#source.copy(this.target, this.to, this.from, this.from + count);
    this.from += count;
    this.to += count;
  }

  #text(count: number): void {
    const source = this.#source;
    const target = this.target;
    const end = this.from + count;
    let to = this.to;
    for (let from = this.from; from < end; from += 1) {
      const byte = source[from] ?? 0;
      if (byte < 0x80) target[to] = byte;
      else if (byte === 0xc2 || byte === 0xc3) {
        from += 1;
        target[to] = ((byte & 3) << 6) | ((source[from] ?? 0) & 0x3f);
      } else throw untranslatable(source.subarray(from, from + sequenceLength(byte)));
      to += 1;
    }
    this.from = end;
    this.to = to;
  }
}

const DATA_ROW = 0x44;

/** So many are copied sooner than the copying is asked for. */
const FEW_BYTES = 32;

function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}

/** Throws what PostgreSQL says of text that LATIN1 has no characters for. */
export function requireLatin1(text: string): void {
  for (const character of text) {
    if ((character.codePointAt(0) ?? 0) > 0xff) throw untranslatable(Buffer.from(character));
  }
}

function untranslatable(sequence: Buffer): PgError {
  const shown = [...sequence].map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(" ");
  return new PgError(
    "untranslatable_character",
    `character with byte sequence ${shown} in encoding "UTF8" has no equivalent in encoding "LATIN1"`,
  );
}
