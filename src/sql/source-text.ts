/**
 * SQL text whose offsets come from libpg-query. It counts UTF-8 bytes; PostgreSQL's error positions
 * count characters, which are code points; JavaScript counts UTF-16 units. All are the same in ASCII.
 */
export class SourceText {
  readonly text: string;
  /** Undefined while bytes, units and characters are the same. */
  readonly #bytes: Buffer | undefined;

  constructor(text: string) {
    this.text = text;
    this.#bytes = Buffer.byteLength(text) === text.length ? undefined : Buffer.from(text);
  }

  /** The text between two byte offsets. */
  slice(start: number, end: number): string {
    return this.#bytes?.toString("utf8", start, end) ?? this.text.slice(start, end);
  }

  get byteLength(): number {
    return this.#bytes?.length ?? this.text.length;
  }

  /** How many characters stand before a byte offset. */
  characters(byteOffset: number): number {
    return this.#bytes === undefined ? byteOffset : codePoints(this.slice(0, byteOffset));
  }
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** The 1-based character position of a node's location, as in the ErrorResponse; none for none. */
export function positionOf(text: string, location: number | undefined): number | undefined {
  // The parser leaves zeros out, and says -1 where it does not know; both are of no use to a
  // reader.
  if (location === undefined || location < 0) return undefined;
  return new SourceText(text).characters(location) + 1;
}
