import { isUtf8 } from "node:buffer";
import { PgError } from "../core/pg-error.ts";
import type { ClientEncoding } from "./client-encoding.ts";

/**
 * A bounds-checked cursor over one message's body, whose strings are in the client's encoding. What does not fit is a protocol_violation in the words of PostgreSQL's pqformat.c.
 */
export class MessageReader {
  readonly #body: Buffer;
  readonly #encoding: ClientEncoding;
  #offset = 0;

  constructor(body: Buffer, encoding: ClientEncoding = "UTF8") {
    this.#body = body;
    this.#encoding = encoding;
  }

  get remaining(): number {
    return this.#body.length - this.#offset;
  }

  int16(): number {
    return this.#body.readInt16BE(this.#advance(2));
  }

  /** Counts are sent as Int16 and meant as unsigned, so that 65,535 parameters fit. */
  uint16(): number {
    return this.#body.readUInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.#body.readInt32BE(this.#advance(4));
  }

  uint32(): number {
    return this.#body.readUInt32BE(this.#advance(4));
  }

  byte(): number {
    if (this.remaining === 0) throw new PgError("protocol_violation", "no data left in message");
    return this.#body.readUInt8(this.#advance(1));
  }

  /** A view, not a copy: it keeps the whole message alive. */
  bytes(count: number): Buffer {
    const from = this.#advance(count);
    return this.#body.subarray(from, from + count);
  }

  rest(): Buffer {
    return this.bytes(this.remaining);
  }

  cstring(): string {
    const end = this.#body.indexOf(0, this.#offset);
    if (end < 0) throw new PgError("protocol_violation", "invalid string in message");
    const bytes = this.#body.subarray(this.#offset, end);
    this.#offset = end + 1;
    if (this.#encoding === "LATIN1") return bytes.toString("latin1");
    if (!isUtf8(bytes)) throw invalidUtf8(bytes);
    return bytes.toString("utf8");
  }

  /** Every message must be read to its end. */
  end(): void {
    if (this.remaining !== 0) throw new PgError("protocol_violation", "invalid message format");
  }

  #advance(count: number): number {
    const from = this.#offset;
    if (count < 0 || count > this.remaining) {
      throw new PgError("protocol_violation", "insufficient data left in message");
    }
    this.#offset = from + count;
    return from;
  }
}

/** The error that PostgreSQL gives for text that is not in the client encoding. */
export function invalidUtf8(bytes: Uint8Array): PgError {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  const at = Buffer.byteLength(text.slice(0, Math.max(0, text.indexOf("\ufffd"))), "utf8");
  const shown = [...bytes.subarray(at, at + characterLength(bytes[at]))]
    .map((byte) => `0x${byte.toString(16).padStart(2, "0")}`)
    .join(" ");
  return new PgError(
    "character_not_in_repertoire",
    `invalid byte sequence for encoding "UTF8": ${shown}`,
  );
}

/** How many bytes the character should have that begins with this one. */
function characterLength(first = 0): number {
  if (first >= 0xf0 && first < 0xf8) return 4;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xc0 && first < 0xe0 ? 2 : 1;
}
