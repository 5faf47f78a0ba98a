import type { Socket } from "node:net";
import { LIMITS } from "../core/limits.ts";

/**
 * What the gateway and a shadow's process exchange over a socket pair: UInt32 length, then bytes of
 * the PostgreSQL protocol. One request is on its way at a time, so a frame needs no id.
 */
const HEADER_BYTES = 4;

/** The exit code of a process whose statement answers more than LIMITS.shadowAnswerBytes. */
export const ANSWER_TOO_LARGE = 3;

export function writeFrame(socket: Socket, pieces: readonly Uint8Array[]): void {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32BE(pieces.reduce((sum, piece) => sum + piece.length, 0));
  socket.cork();
  socket.write(header);
  for (const piece of pieces) socket.write(piece);
  socket.uncork();
}

/** Cuts what arrives into frames, whatever its chunks. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #buffered = 0;
  #length: number | undefined;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
  }

  /** The next whole frame, or undefined until more bytes come. */
  next(): Buffer | undefined {
    this.#length ??= this.#readLength();
    if (this.#length === undefined || this.#buffered < this.#length) return undefined;
    const frame = this.#take(this.#length);
    this.#length = undefined;
    return frame;
  }

  #readLength(): number | undefined {
    if (this.#buffered < HEADER_BYTES) return undefined;
    const length = this.#take(HEADER_BYTES).readUInt32BE();
    if (length > LIMITS.frameBytes) throw new Error(`frame of ${length} bytes`);
    return length;
  }

  #take(count: number): Buffer {
    const whole = this.#chunks.length === 1 ? this.#chunks[0] : undefined;
    const bytes = whole ?? Buffer.concat(this.#chunks, this.#buffered);
    const rest = bytes.subarray(count);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#buffered = rest.length;
    return bytes.subarray(0, count);
  }
}
