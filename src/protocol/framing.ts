import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";

/** Close, CopyDone, CopyFail, Describe, Execute, Flush, Sync and Terminate. */
const SMALL_MESSAGES: ReadonlySet<string> = new Set(["C", "c", "f", "D", "E", "H", "S", "X"]);

/**
 * Chunks up to this size are joined to a neighbour that is no smaller, so that a message that comes
 * byte by byte takes the memory of its bytes and not of as many objects; each byte is copied some
 * fourteen times at most.
 */
const SMALL_CHUNK_BYTES = 16 * 1024;

/** One whole message: its type byte, and the bytes behind its length. */
export interface Frame {
  /** As a character; the empty string for a startup packet, which has no type byte. */
  readonly type: string;
  readonly body: Buffer;
}

/**
 * Cuts a byte stream into messages, whatever its chunks. A length is checked against the limit of
 * the phase before a byte of the body is kept (PostgreSQL documentation 55.2.1, 55.7).
 */
export class Framing {
  #chunks: Buffer[] = [];
  #buffered = 0;
  #limitBytes: number;
  #typed = false;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** What was received and does not belong to a message that `next` has returned. */
  get bufferedBytes(): number {
    return this.#buffered;
  }

  /** The first byte that was not handed out; undefined until one comes. */
  get nextByte(): number | undefined {
    return this.#chunks[0]?.[0];
  }

  /** All that was received and not handed out, for whoever reads these bytes instead. */
  takeAll(): Buffer {
    return this.#take(this.#buffered);
  }

  /** Startup packets come first, without a type byte; everything behind them has one. */
  expectMessages(limitBytes: number): void {
    this.#typed = true;
    this.#limitBytes = limitBytes;
  }

  /** How many pieces what is buffered is in. */
  get chunkCount(): number {
    return this.#chunks.length;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#buffered += chunk.length;
    let joined = chunk;
    for (let last = this.#chunks.at(-1); last !== undefined; last = this.#chunks.at(-1)) {
      if (last.length > Math.min(joined.length, SMALL_CHUNK_BYTES)) break;
      this.#chunks.pop();
      joined = Buffer.concat([last, joined]);
    }
    this.#chunks.push(joined);
  }

  /** The next whole message, or undefined until more bytes come. Throws on a length that is none. */
  next(): Frame | undefined {
    const headerBytes = this.#typed ? 5 : 4;
    if (this.#buffered < headerBytes) return undefined;
    const header = this.#peek(headerBytes);
    const type = this.#typed ? String.fromCharCode(header.readUInt8(0)) : "";
    const length = header.readUInt32BE(headerBytes - 4);
    if (length < 4) throw this.#invalidLength(type, length);
    const limitBytes = SMALL_MESSAGES.has(type)
      ? Math.min(this.#limitBytes, LIMITS.smallMessageBytes - 4)
      : this.#limitBytes;
    if (length - 4 > limitBytes) throw this.#tooLong(type, length, limitBytes);
    const total = headerBytes - 4 + length;
    if (this.#buffered < total) return undefined;
    const whole = this.#take(total);
    return { type, body: whole.subarray(headerBytes) };
  }

  #invalidLength(type: string, length: number): PgError {
    const where = type === "" ? "startup packet" : `message type ${printable(type)}`;
    return new PgError("protocol_violation", `invalid length ${length} of ${where}`, {
      severity: "FATAL",
      hint: "The bytes received are not the PostgreSQL protocol; check what is connecting to this port.",
    });
  }

  #tooLong(type: string, length: number, limitBytes: number): PgError {
    if (type === "") return this.#invalidLength(type, length);
    return new PgError(
      "program_limit_exceeded",
      `message of type ${printable(type)} has ${length} bytes, more than the ${limitBytes} allowed`,
      {
        severity: "FATAL",
        hint:
          limitBytes < this.#limitBytes
            ? undefined
            : "Send less at once, or raise limits.message_size.",
      },
    );
  }

  #peek(count: number): Buffer {
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= count) return first;
    return this.#join().subarray(0, count);
  }

  #take(count: number): Buffer {
    let first = this.#chunks[0];
    if (first === undefined || first.length < count) first = this.#join();
    this.#buffered -= count;
    if (first.length === count) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(count);
    return first.subarray(0, count);
  }

  #join(): Buffer {
    const joined = Buffer.concat(this.#chunks, this.#buffered);
    this.#chunks = [joined];
    return joined;
  }
}

function printable(type: string): string {
  return /^[!-~]$/.test(type)
    ? `"${type}"`
    : `0x${type.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
