import { INCOMPLETE, INVALID, type JsonProblem, JsonScanner, skipSpace } from "./json-scan.ts";

/** A member of a record, as positions in the bytes it was scanned from. */
export interface JsonMember {
  /** Without the quotes. */
  keyStart: number;
  keyEnd: number;
  valueStart: number;
  valueEnd: number;
  /** A union of JSON_KIND. */
  kind: number;
  /** An escape that no text can hold. */
  badEscape: string | undefined;
}

/** Scans one object at a time into its members. They describe the one that was scanned last. */
export class RecordScanner {
  readonly #members: JsonMember[] = [];
  readonly #scanner = new JsonScanner();
  /** How many of the members are the record's. */
  count = 0;

  get problem(): JsonProblem {
    return this.#scanner.problem;
  }

  member(index: number): JsonMember {
    const member = this.#members[index];
    if (member === undefined) throw new Error(`there is no member ${index}`);
    return member;
  }

  /** The position behind the object at `at`, INCOMPLETE or INVALID. */
  scan(bytes: Buffer, at: number): number {
    this.count = 0;
    if (bytes[at] !== 0x7b) return this.#notAnObject(bytes, at);
    let position = skipSpace(bytes, at + 1);
    if (bytes[position] === 0x7d) return position + 1;
    for (;;) {
      position = this.#member(bytes, position);
      if (position < 0) return position;
      position = skipSpace(bytes, position);
      const byte = bytes[position];
      if (byte === 0x7d) return position + 1;
      if (byte !== 0x2c) return this.expected(bytes, position, '"," or "}"');
      position = skipSpace(bytes, position + 1);
    }
  }

  expected(bytes: Buffer, at: number, what: string): typeof INCOMPLETE | typeof INVALID {
    return this.#scanner.expected(bytes, at, what);
  }

  #member(bytes: Buffer, at: number): number {
    if (bytes[at] !== 0x22) return this.expected(bytes, at, "a key in double quotes");
    const keyEnd = this.#scanner.string(bytes, at);
    if (keyEnd < 0) return keyEnd;
    const valueStart = this.#scanner.colon(bytes, keyEnd);
    if (valueStart < 0) return valueStart;
    const valueEnd = this.#scanner.value(bytes, valueStart);
    if (valueEnd < 0) return valueEnd;
    const { kind, badEscape } = this.#scanner;
    const member = this.#members[this.count];
    if (member === undefined) {
      this.#members.push({
        keyStart: at + 1,
        keyEnd: keyEnd - 1,
        valueStart,
        valueEnd,
        kind,
        badEscape,
      });
    } else {
      // The same objects serve every record: there are as many members as cells in a file.
      member.keyStart = at + 1;
      member.keyEnd = keyEnd - 1;
      member.valueStart = valueStart;
      member.valueEnd = valueEnd;
      member.kind = kind;
      member.badEscape = badEscape;
    }
    this.count += 1;
    return valueEnd;
  }

  #notAnObject(bytes: Buffer, at: number): typeof INCOMPLETE | typeof INVALID {
    return this.expected(bytes, at, "an object for every row");
  }
}
