/**
 * Where the records and fields of a CSV begin and end, byte by byte, by the rules of DuckDB's reader
 * in strict mode. It serves where DuckDB's reader cannot: to find out a file's shape before it is
 * read, and to say what is wrong with a file that DuckDB refuses.
 */

export interface CsvDialect {
  readonly delimiter: string;
  /** Empty where fields are never quoted. */
  readonly quote: string;
  readonly escape: string;
}

/** What makes the rest of a file unreadable, because nobody can tell where the next record begins. */
export type BrokenRecord = "unterminated quote" | "text after a closing quote";

export type ScanOutcome = "record" | "incomplete" | BrokenRecord;

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

/** Scans one record at a time. Its fields describe the record that was scanned last. */
export class RecordScanner {
  /** Where the record's text ends, without its line end. */
  end = 0;
  /** Where the next record begins. */
  next = 0;
  /** The lines that the record takes, which is more than one where a quoted field has line ends. */
  lines = 1;
  /** Where each field ends. */
  readonly fieldEnds: number[] = [];
  readonly #delimiter: Buffer;
  readonly #quote: number;
  readonly #escape: number;

  constructor(dialect: CsvDialect) {
    this.#delimiter = Buffer.from(dialect.delimiter);
    this.#quote = codeOf(dialect.quote);
    this.#escape = dialect.escape === "" ? this.#quote : codeOf(dialect.escape);
  }

  /**
   * Scans the record that begins at `start`. It is incomplete when `bytes` end before it does,
   * unless they are the end of the file.
   */
  scan(bytes: Buffer, start: number, isEndOfFile: boolean): ScanOutcome {
    const delimiterStart = this.#delimiter[0];
    this.fieldEnds.length = 0;
    this.lines = 1;
    let at = this.#skipQuoted(bytes, start);
    for (;;) {
      if (at < 0) return this.#unfinished(at, isEndOfFile);
      // Here a field's unquoted rest begins; after a quoted field there must be none.
      let byte = bytes[at];
      while (byte !== undefined && byte !== delimiterStart && byte !== LF && byte !== CR) {
        byte = bytes[++at];
      }
      if (byte === undefined) {
        if (!isEndOfFile) return "incomplete";
        return this.#finish(at, at);
      }
      if (byte === LF) return this.#finish(at, at + 1);
      if (byte === CR) {
        if (at + 1 === bytes.length && !isEndOfFile) return "incomplete";
        return this.#finish(at, bytes[at + 1] === LF ? at + 2 : at + 1);
      }
      if (this.#isDelimiter(bytes, at)) {
        this.fieldEnds.push(at);
        at = this.#skipQuoted(bytes, at + this.#delimiter.length);
      } else {
        if (at + this.#delimiter.length > bytes.length && !isEndOfFile) return "incomplete";
        at += 1;
      }
    }
  }

  /** The text of each field of the record that began at `start`. */
  fields(bytes: Buffer, start: number): string[] {
    let from = start;
    return this.fieldEnds.map((end) => {
      const text = this.#unquoted(bytes.toString("utf8", from, end));
      from = end + this.#delimiter.length;
      return text;
    });
  }

  #isDelimiter(bytes: Buffer, at: number): boolean {
    for (let index = 1; index < this.#delimiter.length; index += 1) {
      if (bytes[at + index] !== this.#delimiter[index]) return false;
    }
    return true;
  }

  /** Behind the quoted field at `at`, if there is one; UNTERMINATED or JUNK where it is broken. */
  #skipQuoted(bytes: Buffer, at: number): number {
    if (this.#quote < 0) return at;
    // DuckDB lets one space stand before a quote, and any number behind it.
    let position = bytes[at] === SPACE && bytes[at + 1] === this.#quote ? at + 1 : at;
    if (bytes[position] !== this.#quote) return at;
    position += 1;
    for (;;) {
      const byte = bytes[position];
      if (byte === undefined) return UNTERMINATED;
      if (byte === this.#escape && this.#escapes(bytes[position + 1])) {
        position += 2;
      } else if (byte === this.#quote) {
        break;
      } else {
        if (byte === LF || (byte === CR && bytes[position + 1] !== LF)) this.lines += 1;
        position += 1;
      }
    }
    position += 1;
    while (bytes[position] === SPACE && this.#delimiter[0] !== SPACE) position += 1;
    const byte = bytes[position];
    const isEnd = byte === undefined || byte === LF || byte === CR;
    return isEnd || byte === this.#delimiter[0] ? position : JUNK;
  }

  #escapes(byte: number | undefined): boolean {
    return byte === this.#quote || byte === this.#escape;
  }

  #unfinished(state: number, isEndOfFile: boolean): ScanOutcome {
    if (state === JUNK) return "text after a closing quote";
    return isEndOfFile ? "unterminated quote" : "incomplete";
  }

  #finish(end: number, next: number): "record" {
    this.fieldEnds.push(end);
    this.end = end;
    this.next = next;
    return "record";
  }

  #unquoted(text: string): string {
    if (this.#quote < 0) return text;
    const quote = String.fromCharCode(this.#quote);
    const opened = text.startsWith(` ${quote}`) ? text.slice(1) : text;
    if (!opened.startsWith(quote)) return text;
    const inner = opened.slice(1, opened.lastIndexOf(quote));
    const escape = String.fromCharCode(this.#escape);
    let plain = "";
    for (let at = 0; at < inner.length; at += 1) {
      const isEscape = inner[at] === escape && this.#escapes(inner.charCodeAt(at + 1));
      if (isEscape) at += 1;
      plain += inner[at];
    }
    return plain;
  }
}

const UNTERMINATED = -1;
const JUNK = -2;

function codeOf(character: string): number {
  return character === "" ? -1 : character.charCodeAt(0);
}
