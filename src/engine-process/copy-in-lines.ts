import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";

const BACKSLASH = 0x5c;
const DOT = 0x2e;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** No byte: the escape of a format that has none of its own. */
const NONE = -1;

export interface LineFormat {
  readonly format: "text" | "csv";
  readonly quote: string;
  readonly escape: string;
}

/** How the lines of the data so far end; the first line decides. */
type LineEnd = "unknown" | "\n" | "\r" | "\r\n";

/**
 * Cuts the bytes of COPY FROM STDIN into lines, whatever the chunks in which they come. The rules are
 * PostgreSQL's: in text a backslash takes the next byte with it and `\.` ends the data, in csv
 * newlines in quotes belong to the value and only a line of `\.` ends the data, and all lines end
 * alike. After `next` has said "line", the line lies in `bytes` from `start` to before `end`, until
 * the next call.
 */
export class CopyLines {
  bytes: Buffer = Buffer.alloc(64 * 1024);
  start = 0;
  end = 0;
  /** Of the line that is read, from 1; newlines in quotes count. */
  lineNumber = 0;
  /** The line has neither a backslash (text) nor a quote (csv). */
  isPlain = true;
  /** Every byte of it is a character of its own. */
  isAscii = true;
  readonly #isCsv: boolean;
  readonly #quote: number;
  readonly #escape: number;
  #lineEnd: LineEnd = "unknown";
  /** How far the line was looked at; what is behind `#length` is no data. */
  #at = 0;
  #length = 0;
  #nextStart = 0;
  #isBetweenLines = true;
  #inQuote = false;
  #lastWasEscape = false;
  #isComplete = false;
  #isOver = false;

  constructor({ format, quote, escape }: LineFormat) {
    this.#isCsv = format === "csv";
    this.#quote = this.#isCsv ? quote.charCodeAt(0) : NONE;
    this.#escape = this.#isCsv && escape !== quote ? escape.charCodeAt(0) : NONE;
  }

  /** What was received, as far as it is in `bytes`. */
  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#makeRoom(chunk.length);
    chunk.copy(this.bytes, this.#length);
    this.#length += chunk.length;
  }

  /** Nothing comes behind what was pushed: the last line may lack its end. */
  complete(): void {
    this.#isComplete = true;
  }

  next(): "line" | "more" | "end" {
    if (this.#isBetweenLines) this.#begin();
    if (this.#isOver) return "end";
    const { bytes } = this;
    for (let at = this.#at; ; at += 1) {
      if (at >= this.#length) return this.#pause(at);
      const byte = bytes[at] ?? 0;
      if (byte >= 0x80 || byte === 0) this.isAscii = false;
      if (byte === BACKSLASH || byte === RETURN) {
        // What follows decides. Nothing has changed yet, so that chunks make no difference.
        if (at + this.#lookahead(at) >= this.#length && !this.#isComplete) return this.#pause(at);
      }
      if (this.#isCsv) {
        this.#followQuotes(byte);
        if (byte === BACKSLASH && at === this.start && this.#isEndMarker(at)) return this.#last(at);
        if (this.#inQuote) continue;
      }
      if (byte === RETURN) return this.#finish(at, at + this.#afterReturn(at));
      if (byte === NEWLINE) return this.#finish(at, at + this.#afterNewline());
      if (byte !== BACKSLASH || this.#isCsv) continue;
      this.isPlain = false;
      if (at + 1 >= this.#length) return this.#last(at + 1);
      if (this.#isEndMarker(at)) return this.#last(at);
      // What stands behind a backslash is a value's.
      at += 1;
      if ((bytes[at] ?? 0) >= 0x80 || bytes[at] === 0) this.isAscii = false;
    }
  }

  #begin(): void {
    this.#isBetweenLines = false;
    this.lineNumber += 1;
    this.start = this.#nextStart;
    this.#at = this.start;
    this.isPlain = true;
    this.isAscii = true;
    this.#inQuote = false;
    this.#lastWasEscape = false;
  }

  #pause(at: number): "line" | "more" | "end" {
    if (this.#isComplete) return this.#last(at);
    this.#at = at;
    return "more";
  }

  #finish(end: number, nextStart: number): "line" {
    this.end = end;
    this.#nextStart = nextStart;
    this.#isBetweenLines = true;
    return "line";
  }

  /** The data end here. A line that was begun is one all the same. */
  #last(end: number): "line" | "end" {
    this.#isOver = true;
    if (end === this.start) return "end";
    this.end = end;
    return "line";
  }

  /** How many bytes behind `at` have to be known before it can be judged. */
  #lookahead(at: number): number {
    if (this.bytes[at] === RETURN || at + 1 >= this.#length || this.bytes[at + 1] !== DOT) return 1;
    return this.#lineEnd === "\r\n" ? 3 : 2;
  }

  #followQuotes(byte: number | undefined): void {
    if (this.#inQuote && byte === this.#escape) this.#lastWasEscape = !this.#lastWasEscape;
    if (byte === this.#quote) {
      this.isPlain = false;
      if (!this.#lastWasEscape) this.#inQuote = !this.#inQuote;
    }
    if (byte !== this.#escape) this.#lastWasEscape = false;
    const counted = this.#lineEnd === "\n" ? NEWLINE : RETURN;
    if (this.#inQuote && byte === counted) this.lineNumber += 1;
  }

  /** The length of the line's end that begins with a carriage return. */
  #afterReturn(at: number): number {
    const isPair = at + 1 < this.#length && this.bytes[at + 1] === NEWLINE;
    if (this.#lineEnd === "\n" || (this.#lineEnd === "\r\n" && !isPair)) {
      throw this.#strayLineEnd("carriage return", "\\r");
    }
    if (this.#lineEnd === "unknown") this.#lineEnd = isPair ? "\r\n" : "\r";
    return this.#lineEnd.length;
  }

  #afterNewline(): number {
    if (this.#lineEnd === "\r" || this.#lineEnd === "\r\n") {
      throw this.#strayLineEnd("newline", "\\n");
    }
    this.#lineEnd = "\n";
    return 1;
  }

  #strayLineEnd(name: string, escape: string): PgError {
    return this.#isCsv
      ? new PgError("bad_copy_file_format", `unquoted ${name} found in data`, {
          hint: `Use quoted CSV field to represent ${name}.`,
        })
      : new PgError("bad_copy_file_format", `literal ${name} found in data`, {
          hint: `Use "${escape}" to represent ${name}.`,
        });
  }

  /** Whether the backslash begins `\.` and nothing else is on its line. */
  #isEndMarker(at: number): boolean {
    if (this.#byteAt(at + 1) !== DOT) return false;
    let next = at + 2;
    if (this.#lineEnd === "\r\n") {
      const byte = this.#byteAt(next);
      if (byte !== RETURN) return this.#noMarker(byte === NEWLINE ? MISMATCH : CORRUPT);
      next += 1;
    }
    const byte = this.#byteAt(next);
    if (byte !== RETURN && byte !== NEWLINE) return this.#noMarker(CORRUPT);
    const expected = this.#lineEnd === "\r" ? RETURN : NEWLINE;
    if (this.#lineEnd !== "unknown" && byte !== expected) {
      throw new PgError("bad_copy_file_format", MISMATCH);
    }
    return true;
  }

  /** In csv what looks like the mark may be a value. */
  #noMarker(message: string): false {
    if (this.#isCsv) return false;
    throw new PgError("bad_copy_file_format", message);
  }

  #byteAt(index: number): number {
    return index < this.#length ? (this.bytes[index] ?? 0) : 0;
  }

  /** Moves the line that is being read to the front, and grows where it is long. */
  #makeRoom(count: number): void {
    if (this.#length + count <= this.bytes.length) return;
    const from = this.#isBetweenLines ? this.#nextStart : this.start;
    const kept = this.#length - from;
    if (kept + count > LIMITS.copyLineBytes) {
      throw new PgError(
        "program_limit_exceeded",
        `a line of COPY data is longer than ${LIMITS.copyLineBytes} bytes`,
        { hint: "An opening quote without a closing one makes the rest of the data one line." },
      );
    }
    const target =
      kept + count <= this.bytes.length
        ? this.bytes
        : Buffer.allocUnsafe(Math.max(this.bytes.length * 2, kept + count));
    this.bytes.copy(target, 0, from, this.#length);
    this.bytes = target;
    this.#length = kept;
    this.#at -= from;
    this.start -= from;
    this.#nextStart -= from;
  }
}

const MISMATCH = "end-of-copy marker does not match previous newline style";
const CORRUPT = "end-of-copy marker corrupt";
