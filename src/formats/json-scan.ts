/**
 * Where JSON values begin and end, byte by byte, by RFC 8259 and nothing more lenient. DuckDB's own
 * reader would take NaN and trailing commas, and would give `1.10` back as `1.1`; what is found here
 * is handed on as it is written.
 */
import { LIMITS } from "../core/limits.ts";

/** What a value is, and what is special about it. A column has the union of its values'. */
export const JSON_KIND = {
  null: 1,
  boolean: 2,
  /** Whole, without an exponent, and sure to fit 64 bits. */
  integer: 4,
  number: 8,
  string: 16,
  nested: 32,
  /** Besides the kind: a string with a backslash. */
  escaped: 64,
  /** Besides the kind: a string that is no ISO date and time for sure. */
  notDated: 128,
} as const;

/** Instead of a position: the bytes end before the value does. */
export const INCOMPLETE = -1;
/** Instead of a position: the scanner's `problem` says why. */
export const INVALID = -2;

export interface JsonProblem {
  readonly at: number;
  /** What is wrong there, as the rest of a sentence. */
  readonly what: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

const LITERALS: ReadonlyMap<number, { readonly bytes: Buffer; readonly kind: number }> = new Map([
  [0x74, { bytes: Buffer.from("true"), kind: JSON_KIND.boolean }],
  [0x66, { bytes: Buffer.from("false"), kind: JSON_KIND.boolean }],
  [0x6e, { bytes: Buffer.from("null"), kind: JSON_KIND.null }],
]);

/** Digits that fit 64 bits whatever they are. */
const INTEGER_DIGITS = 18;
/** From `2024-01-01` to `2024-01-01T00:00:00.000000000+00:00`. */
const DATED_BYTES = { min: 10, max: 40 };

export class JsonScanner {
  /** Of the value that was scanned last: a union of JSON_KIND. */
  kind = 0;
  /** An escape in that value that no text of PostgreSQL can hold. */
  badEscape: string | undefined;
  problem: JsonProblem = { at: 0, what: "" };
  readonly #isObject = new Uint8Array(LIMITS.json.depth + 1);

  /** The position behind the value at `at`. Space before it is not skipped. */
  value(bytes: Buffer, at: number): number {
    this.badEscape = undefined;
    const first = bytes[at];
    if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
      const end = this.#nested(bytes, at);
      this.kind = JSON_KIND.nested;
      return end;
    }
    return this.#scalar(bytes, at);
  }

  /** The position behind the string whose first quote is at `at`. */
  string(bytes: Buffer, at: number): number {
    let kind: number = JSON_KIND.string;
    let position = at + 1;
    for (;;) {
      const byte = bytes[position];
      if (byte === undefined) return INCOMPLETE;
      if (byte === QUOTE) break;
      if (byte < 0x20) return this.#fail(position, "a control character in a string");
      position += 1;
      if (byte !== BACKSLASH) continue;
      kind |= JSON_KIND.escaped;
      position = this.#escape(bytes, position);
      if (position < 0) return position;
    }
    this.kind = mayBeDated(bytes, at + 1, position) ? kind : kind | JSON_KIND.notDated;
    return position + 1;
  }

  /** Notes what stands at `at` instead of what was expected. */
  expected(bytes: Buffer, at: number, what: string): typeof INCOMPLETE | typeof INVALID {
    const byte = bytes[at];
    if (byte === undefined) return INCOMPLETE;
    const character = bytes.toString("utf8", at, at + 4);
    const shown = byte < 0x20 ? "a control character" : JSON.stringify([...character][0] ?? "");
    return this.#fail(at, `expected ${what}, but found ${shown}`);
  }

  #scalar(bytes: Buffer, at: number): number {
    const first = bytes[at];
    if (first === undefined) return INCOMPLETE;
    if (first === QUOTE) return this.string(bytes, at);
    if (first === MINUS || isDigit(first)) return this.#number(bytes, at);
    const literal = LITERALS.get(first);
    if (literal === undefined) return this.expected(bytes, at, "a value");
    for (let index = 1; index < literal.bytes.length; index += 1) {
      if (bytes[at + index] !== literal.bytes[index]) {
        return this.expected(bytes, at + index, `"${literal.bytes.toString()}"`);
      }
    }
    this.kind = literal.kind;
    return at + literal.bytes.length;
  }

  #number(bytes: Buffer, at: number): number {
    const start = bytes[at] === MINUS ? at + 1 : at;
    let position = skipDigits(bytes, start);
    const digits = position - start;
    if (digits === 0) return this.expected(bytes, position, "a digit");
    if (bytes[start] === ZERO && digits > 1) {
      return this.#fail(start, "a number with a leading zero");
    }
    // -0 is a number that no integer is.
    const isZero = bytes[start] === ZERO;
    let isWhole = digits <= INTEGER_DIGITS && !(isZero && start > at);
    if (bytes[position] === POINT) {
      isWhole = false;
      const end = skipDigits(bytes, position + 1);
      if (end === position + 1) return this.expected(bytes, end, "a digit");
      position = end;
    }
    if (((bytes[position] ?? 0) | 0x20) === 0x65) {
      isWhole = false;
      const sign = bytes[position + 1];
      const exponent = sign === MINUS || sign === PLUS ? position + 2 : position + 1;
      const end = skipDigits(bytes, exponent);
      if (end === exponent) return this.expected(bytes, end, "a digit");
      position = end;
    }
    // Every number stands in an object, so that something follows it.
    if (bytes[position] === undefined) return INCOMPLETE;
    this.kind = isWhole ? JSON_KIND.integer : JSON_KIND.number;
    return position;
  }

  #nested(bytes: Buffer, at: number): number {
    const isObject = this.#isObject;
    let depth = 0;
    let position = at;
    for (;;) {
      const byte = bytes[position];
      let isClosed = false;
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        depth += 1;
        if (depth > LIMITS.json.depth) {
          return this.#fail(position, `more than ${LIMITS.json.depth} levels of nesting`);
        }
        isObject[depth] = byte === OPEN_OBJECT ? 1 : 0;
        position = skipSpace(bytes, position + 1);
        const close = byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
        if (bytes[position] === close) isClosed = true;
        else {
          if (byte === OPEN_OBJECT) position = this.#key(bytes, position);
          if (position < 0) return position;
          continue;
        }
      } else {
        position = this.#scalar(bytes, position);
        if (position < 0) return position;
      }
      // Behind a value: what follows it in whatever it stands in.
      for (;;) {
        if (isClosed) {
          depth -= 1;
          position += 1;
          if (depth === 0) return position;
        }
        position = skipSpace(bytes, position);
        const close = isObject[depth] === 1 ? CLOSE_OBJECT : CLOSE_ARRAY;
        isClosed = bytes[position] === close;
        if (!isClosed) break;
      }
      if (bytes[position] !== COMMA) {
        return this.expected(bytes, position, isObject[depth] === 1 ? '"," or "}"' : '"," or "]"');
      }
      position = skipSpace(bytes, position + 1);
      if (isObject[depth] === 1) position = this.#key(bytes, position);
      if (position < 0) return position;
    }
  }

  /** The position of the value that belongs to the key at `at`. */
  #key(bytes: Buffer, at: number): number {
    if (bytes[at] !== QUOTE) return this.expected(bytes, at, "a key in double quotes");
    const end = this.string(bytes, at);
    return end < 0 ? end : this.colon(bytes, end);
  }

  /** The position of the value behind the colon that has to follow. */
  colon(bytes: Buffer, at: number): number {
    const position = skipSpace(bytes, at);
    if (bytes[position] !== COLON) return this.expected(bytes, position, '":"');
    return skipSpace(bytes, position + 1);
  }

  /** `at` is behind the backslash. */
  #escape(bytes: Buffer, at: number): number {
    const byte = bytes[at];
    if (byte === undefined) return INCOMPLETE;
    if (byte !== 0x75) {
      return '"\\/bfnrt'.includes(String.fromCharCode(byte))
        ? at + 1
        : this.#fail(at, `an unknown escape in a string`);
    }
    const unit = hexOf(bytes, at + 1);
    if (unit < 0) return bytes.length < at + 5 ? INCOMPLETE : this.#fail(at, "a wrong \\u escape");
    if (unit === 0) this.badEscape ??= "\\u0000, which no text can hold";
    if (unit < 0xd800 || unit > 0xdfff) return at + 5;
    // Two escapes make one character beyond the first 65,536.
    if (bytes.length < at + 11) return INCOMPLETE;
    const low = bytes[at + 5] === BACKSLASH && bytes[at + 6] === 0x75 ? hexOf(bytes, at + 7) : -1;
    if (unit < 0xdc00 && low >= 0xdc00 && low <= 0xdfff) return at + 11;
    const digits = bytes.toString("latin1", at + 1, at + 5);
    this.badEscape ??= `\\u${digits}, which is half of a character`;
    return at + 5;
  }

  #fail(at: number, what: string): typeof INVALID {
    this.problem = { at, what };
    return INVALID;
  }
}

export function skipSpace(bytes: Buffer, at: number): number {
  let position = at;
  for (;;) {
    const byte = bytes[position];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return position;
    position += 1;
  }
}

function skipDigits(bytes: Buffer, at: number): number {
  let position = at;
  while (isDigit(bytes[position])) position += 1;
  return position;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/** The number of four hexadecimal digits, or -1. */
function hexOf(bytes: Buffer, at: number): number {
  const digits = bytes.toString("latin1", at, at + 4);
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}

function mayBeDated(bytes: Buffer, from: number, to: number): boolean {
  const length = to - from;
  return (
    length >= DATED_BYTES.min &&
    length <= DATED_BYTES.max &&
    bytes[from + 4] === MINUS &&
    bytes[from + 7] === MINUS &&
    isDigit(bytes[from])
  );
}
