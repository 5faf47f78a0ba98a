import { decodeText, isLiteral, TEXT_ENCODED, TEXT_PLAIN, type TextForm } from "./xml-text.ts";

const FIRST_BYTES = 4096;
/** Below this a loop is faster than a call into native code. */
const LOOP_BYTES = 48;
const UNDERSCORE = 0x5f;

/**
 * The text of one element, gathered from runs into one reused buffer of UTF-8. Sheets hold tens of
 * millions of values, most of which never have to become a JavaScript string.
 */
export class XmlTextBuffer {
  bytes = Buffer.alloc(FIRST_BYTES);
  length = 0;
  readonly #fail: (reason: string) => Error;

  constructor(fail: (reason: string) => Error) {
    this.#fail = fail;
  }

  clear(): void {
    this.length = 0;
  }

  append(bytes: Buffer, start: number, end: number, form: TextForm): void {
    if (form !== TEXT_PLAIN && !(form === TEXT_ENCODED && isLiteral(bytes, start, end))) {
      this.#appendString(decodeText(bytes, start, end, form, this.#fail));
      return;
    }
    const count = end - start;
    this.#reserve(count);
    if (count > LOOP_BYTES) {
      bytes.copy(this.bytes, this.length, start, end);
    } else {
      const target = this.bytes;
      const offset = this.length - start;
      for (let index = start; index < end; index++) target[offset + index] = bytes[index] ?? 0;
    }
    this.length += count;
  }

  toString(): string {
    return this.bytes.toString("utf8", 0, this.length);
  }

  /**
   * Resolves `_x000D_`, by which SpreadsheetML writes characters that XML cannot hold, and
   * `_x005F_`, which keeps an underscore from beginning such an escape (ECMA-376 part 1, 22.4.2.4).
   */
  unescape(): void {
    let index = 0;
    while (index < this.length && this.bytes[index] !== UNDERSCORE) index++;
    if (index === this.length) return;
    const text = this.toString();
    const unescaped = text.replace(/_x([0-9A-Fa-f]{4})_/g, (escape, digits: string) =>
      // The character 0 fits into no text of PostgreSQL, so its escape stays as it is.
      digits === "0000" ? escape : String.fromCharCode(Number.parseInt(digits, 16)),
    );
    if (unescaped === text) return;
    this.length = 0;
    this.#appendString(unescaped);
  }

  #appendString(text: string): void {
    // No UTF-16 unit takes more than three bytes of UTF-8.
    this.#reserve(text.length * 3);
    this.length += this.bytes.write(text, this.length);
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.alloc(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}
