import { type ClientEncoding, requireLatin1 } from "./client-encoding.ts";

const INITIAL_BYTES = 1024;

/**
 * Collects messages behind one another, so that a reply leaves in one write. The memory belongs to
 * the writer only until `take`, which hands it over: a socket may hold it until it has drained.
 */
export class MessageWriter {
  #buffer: Buffer | undefined;
  #length = 0;
  #messageStart = 0;
  #charset: "utf8" | "latin1" = "utf8";

  get length(): number {
    return this.#length;
  }

  /** In what the text of the messages from now on is written. */
  set encoding(encoding: ClientEncoding) {
    this.#charset = encoding === "LATIN1" ? "latin1" : "utf8";
  }

  /** Takes back the message that was begun last and could not be written to its end. */
  abandon(): void {
    this.#length = this.#messageStart - 1;
  }

  /** Starts a message. Its length, which counts itself but not the type byte, is filled in by `end`. */
  begin(type: string): this {
    this.#reserve(5);
    this.#messageStart = this.#length + 1;
    this.byte(type.charCodeAt(0));
    return this.int32(0);
  }

  end(): void {
    this.#reserve(0).writeInt32BE(this.#length - this.#messageStart, this.#messageStart);
  }

  byte(value: number): this {
    this.#reserve(1).writeUInt8(value, this.#length);
    this.#length += 1;
    return this;
  }

  int16(value: number): this {
    this.#reserve(2).writeInt16BE(value, this.#length);
    this.#length += 2;
    return this;
  }

  uint16(value: number): this {
    this.#reserve(2).writeUInt16BE(value, this.#length);
    this.#length += 2;
    return this;
  }

  int32(value: number): this {
    this.#reserve(4).writeInt32BE(value, this.#length);
    this.#length += 4;
    return this;
  }

  uint32(value: number): this {
    this.#reserve(4).writeUInt32BE(value, this.#length);
    this.#length += 4;
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#reserve(value.length).set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** Text without its length and without a terminator. */
  text(value: string): this {
    const size = this.#sizeOf(value);
    this.#reserve(size).write(value, this.#length, size, this.#charset);
    this.#length += size;
    return this;
  }

  /** A zero byte would end the string early, and what follows would be read as other fields. */
  cstring(value: string): this {
    return this.text(value.includes("\0") ? value.replaceAll("\0", "") : value).byte(0);
  }

  /** An Int32 length and the text, or -1 for NULL. */
  lengthPrefixed(value: string | undefined): this {
    if (value === undefined) return this.int32(-1);
    return this.int32(this.#sizeOf(value)).text(value);
  }

  /** All messages since the last call. The writer starts anew with other memory. */
  take(): Buffer {
    const taken = this.#buffer?.subarray(0, this.#length) ?? Buffer.alloc(0);
    this.#buffer = undefined;
    this.#length = 0;
    return taken;
  }

  #sizeOf(text: string): number {
    if (this.#charset === "utf8") return Buffer.byteLength(text, "utf8");
    requireLatin1(text);
    return text.length;
  }

  #reserve(count: number): Buffer {
    const needed = this.#length + count;
    const buffer = this.#buffer;
    if (buffer !== undefined && needed <= buffer.length) return buffer;
    const grown = Buffer.allocUnsafe(Math.max(INITIAL_BYTES, needed, (buffer?.length ?? 0) * 2));
    if (buffer !== undefined) buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
    return grown;
  }
}
