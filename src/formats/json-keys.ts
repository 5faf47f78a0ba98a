import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";

/**
 * The keys of a file's records, each with its place among the columns: in the order in which they
 * first come. Records of one file mostly have the same keys in the same order, so a key is first
 * compared with the one that stood at its place in the record before.
 */
export class JsonKeys {
  readonly #file: string;
  readonly #headers: string[] = [];
  readonly #byHeader = new Map<string, number>();
  /** By the bytes as they are written, in which escapes may stand. */
  readonly #byBytes = new Map<string, number>();
  readonly #expected: { bytes: Buffer; place: number }[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  get headers(): readonly string[] {
    return this.#headers;
  }

  /** The place of the key between `start` and `end`, the `nth` of its record. */
  place(bytes: Buffer, start: number, end: number, nth: number): number {
    const expected = this.#expected[nth];
    if (expected !== undefined && equals(expected.bytes, bytes, start, end)) return expected.place;
    const written = bytes.toString("latin1", start, end);
    const place = this.#byBytes.get(written) ?? this.#add(bytes.toString("utf8", start, end));
    this.#byBytes.set(written, place);
    this.#expected[nth] = { bytes: Buffer.from(bytes.subarray(start, end)), place };
    return place;
  }

  #add(written: string): number {
    // A string that was scanned parses to a string.
    const text = JSON.parse(`"${written}"`) as string;
    // Half of a character, which a key can be written with, becomes a replacement character.
    const header = Buffer.from(text).toString();
    const known = this.#byHeader.get(header);
    if (known !== undefined) return known;
    const place = this.#headers.length;
    if (place >= LIMITS.csv.columns) throw tooManyKeys(this.#file);
    this.#headers.push(header);
    this.#byHeader.set(header, place);
    return place;
  }
}

function equals(expected: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (expected.length !== end - start) return false;
  for (let index = 0; index < expected.length; index += 1) {
    if (expected[index] !== bytes[start + index]) return false;
  }
  return true;
}

function tooManyKeys(file: string): PgError {
  return new PgError(
    "too_many_columns",
    `the objects of file "${file}" have more than ${LIMITS.csv.columns} different keys, but tables can have at most ${LIMITS.csv.columns} columns`,
    { hint: "Keys that are data, such as names or dates, belong into a nested object." },
  );
}
