import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { type BackendMessage, writeBackendMessage } from "../protocol/backend.ts";
import { type CellText, type ClientEncoding, rowsInLatin1 } from "../protocol/client-encoding.ts";
import { writeDataRow } from "../protocol/data-row.ts";
import {
  type Notice,
  writeErrorResponse,
  writeNoticeResponse,
} from "../protocol/error-response.ts";
import { type Frame, Framing } from "../protocol/framing.ts";
import { type FrontendMessage, readFrontendMessage } from "../protocol/frontend.ts";
import { MessageWriter } from "../protocol/message-writer.ts";
import { readStartupPacket, type StartupPacket } from "../protocol/startup.ts";
import type { ClientConnection, Encryption } from "../session/client-connection.ts";

/** A client that sends faster than it is served is not read further than this. */
const READ_AHEAD_BYTES = 1024 * 1024;

/** Asked anew whenever they count, since a reload may change them. */
export interface ConnectionBounds {
  /** The largest message after the login. */
  readonly messageBytes: number;
  /** How long a client may read nothing of what waits for it; 0 is for ever. */
  readonly writeTimeoutMs: number;
}

/** Made once: an error takes longer to make than all else that a flood of connections costs us. */
const CLIENT_LOST = new PgError("connection_failure", "connection to client lost", {
  severity: "FATAL",
});

/** One socket as messages in and pages of bytes out, with backpressure both ways. */
export class Connection implements ClientConnection {
  readonly #socket: Socket;
  readonly #framing = new Framing(LIMITS.startupPacketBytes);
  readonly bounds: () => ConnectionBounds;
  readonly #closed = new AbortController();
  readonly #writer = new MessageWriter();
  #pages: Buffer[] = [];
  #pageBytes = 0;
  #ended = false;
  /** performance.now() when other connections last had their turn. */
  #turnSince = 0;
  #wakeReader: (() => void) | undefined;
  #drained: Promise<void> | undefined;
  #encodingNow: () => ClientEncoding = () => "UTF8";
  readonly encryption: Encryption | undefined;

  constructor(socket: Socket, bounds: () => ConnectionBounds, encryption?: Encryption) {
    this.#socket = socket;
    this.bounds = bounds;
    this.encryption = encryption;
    socket.on("data", this.#receive);
    socket.on("end", this.#finish);
    socket.on("close", this.#finish);
    // Every error is followed by "close".
    socket.on("error", () => undefined);
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? "";
  }

  get remotePort(): number {
    return this.#socket.remotePort ?? -1;
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  get encoding(): ClientEncoding {
    return this.#encodingNow();
  }

  useEncoding(encoding: () => ClientEncoding): void {
    this.#encodingNow = encoding;
  }

  /** The first byte of what comes next; undefined where the client has left instead. */
  async nextByte(): Promise<number | undefined> {
    while (this.#framing.nextByte === undefined) {
      if (this.closed.aborted || this.#ended) return undefined;
      await this.#received();
    }
    return this.#framing.nextByte;
  }

  /** Bytes that came behind what has been read: none may stand behind an SSLRequest. */
  get bufferedBytes(): number {
    return this.#framing.bufferedBytes;
  }

  /** The next packet before login; undefined where the client has left instead. */
  async startupPacket(): Promise<StartupPacket | undefined> {
    const frame = await this.#nextFrame();
    if (frame === undefined) return undefined;
    const packet = readStartupPacket(frame.body);
    if (packet.type === "StartupMessage")
      this.#framing.expectMessages(LIMITS.authenticationMessageBytes);
    return packet;
  }

  async *messages(): AsyncGenerator<FrontendMessage> {
    for (;;) {
      // Whoever asks and does not read the answers is not asked what else there is.
      await this.#drained;
      await this.#leaveTurns();
      const frame = await this.#nextFrame();
      if (frame === undefined) return;
      yield readFrontendMessage(frame, this.encoding);
    }
  }

  acceptLargeMessages(): void {
    this.#framing.expectMessages(this.bounds().messageBytes);
  }

  send(message: BackendMessage): void {
    this.#write(() => writeBackendMessage(this.#writer, message));
    if (this.#writer.length >= LIMITS.pageBytes) this.flush();
  }

  sendRow(values: readonly (string | undefined)[]): void {
    this.#write(() => writeDataRow(this.#writer, values));
  }

  sendError(error: PgError): void {
    try {
      this.#write(() => writeErrorResponse(this.#writer, error));
    } catch (failure) {
      if (!(failure instanceof PgError)) throw failure;
      // As in PostgreSQL: that the error cannot be told becomes the error.
      const { severity } = error;
      writeErrorResponse(this.#writer, PgError.fromFields({ ...failure.toFields(), severity }));
    }
  }

  sendNotice(notice: Notice): void {
    this.#write(() => writeNoticeResponse(this.#writer, notice));
  }

  sendPage(pieces: readonly Buffer[], columns?: readonly CellText[]): Promise<void> | undefined {
    this.#collect();
    if (this.encoding === "LATIN1") {
      const { messages, error } = rowsInLatin1(Buffer.concat(pieces), columns);
      this.#addPage(messages);
      if (error !== undefined) throw error;
    } else for (const piece of pieces) this.#addPage(piece);
    // A small answer leaves together with what ends it.
    if (this.#pageBytes >= LIMITS.pageBytes) this.flush();
    return this.#drained;
  }

  /** One byte in answer to a request for encryption, which is no message. */
  sendByte(byte: "S" | "N"): void {
    this.#socket.write(byte);
  }

  flush(): void {
    this.#collect();
    if (this.#pages.length === 0 || this.#socket.destroyed || this.#ended) return;
    const pages = this.#pages;
    this.#pages = [];
    this.#pageBytes = 0;
    this.#socket.cork();
    let roomLeft = true;
    for (const page of pages) roomLeft = this.#socket.write(page);
    this.#socket.uncork();
    if (!roomLeft) this.#drained ??= this.#waitForDrain();
  }

  end(): void {
    if (this.#ended) return;
    this.flush();
    this.#ended = true;
    this.#socket.end();
    // A client that neither reads its last message nor closes its side is not waited for.
    setTimeout(() => this.#socket.destroy(), LIMITS.lingerMs).unref();
    this.#wakeReader?.();
  }

  /** Closes it at once. The client hears why, if it has read everything before. */
  drop(error: PgError): void {
    if (this.#ended || this.#socket.writableLength > 0) return this.destroy();
    this.sendError(error);
    this.end();
    this.#socket.destroySoon();
  }

  /** Gives the socket to another owner: TLS. What was received and not read is read there. */
  detach(): Socket {
    this.#ended = true;
    this.#socket.pause();
    this.#socket.off("data", this.#receive);
    this.#socket.off("end", this.#finish);
    this.#socket.off("close", this.#finish);
    const unread = this.#framing.takeAll();
    if (unread.length > 0) this.#socket.unshift(unread);
    return this.#socket;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #receive = (chunk: Buffer): void => {
    this.#framing.push(chunk);
    // A message larger than the read-ahead is let in all the same, when it is being waited for.
    const waiting = this.#wakeReader !== undefined;
    if (!waiting && this.#framing.bufferedBytes > READ_AHEAD_BYTES) this.#socket.pause();
    this.#wakeReader?.();
  };

  /** The client has left: what runs for it ends too. */
  readonly #finish = (): void => {
    this.#closed.abort(CLIENT_LOST);
    this.#wakeReader?.();
  };

  async #nextFrame(): Promise<Frame | undefined> {
    for (;;) {
      const frame = this.#framing.next();
      if (frame !== undefined) return frame;
      if (this.closed.aborted || this.#ended) return undefined;
      await this.#received();
    }
  }

  async #received(): Promise<void> {
    this.#socket.resume();
    await new Promise<void>((resolve) => {
      this.#wakeReader = resolve;
    });
    this.#wakeReader = undefined;
    this.#turnSince = performance.now();
  }

  /** A pipeline whose messages need nobody else would keep all other clients waiting. */
  async #leaveTurns(): Promise<void> {
    if (performance.now() - this.#turnSince < LIMITS.turnMs) return;
    await setImmediate();
    this.#turnSince = performance.now();
  }

  /** Nothing is left of a message that has no form in the client's encoding. */
  #write(message: () => void): void {
    this.#writer.encoding = this.encoding;
    try {
      message();
    } catch (error) {
      this.#writer.abandon();
      throw error;
    }
  }

  #addPage(page: Buffer): void {
    this.#pages.push(page);
    this.#pageBytes += page.length;
  }

  /** Messages go out in the order in which they were made, with the pages between them. */
  #collect(): void {
    if (this.#writer.length === 0) return;
    this.#addPage(this.#writer.take());
  }

  #waitForDrain(): Promise<void> {
    return new Promise<void>((resolve) => {
      const { writeTimeoutMs } = this.bounds();
      const timer =
        writeTimeoutMs > 0 ? setTimeout(() => this.destroy(), writeTimeoutMs) : undefined;
      const done = (): void => {
        clearTimeout(timer);
        this.#socket.off("drain", done);
        this.#socket.off("close", done);
        this.#drained = undefined;
        resolve();
      };
      this.#socket.once("drain", done);
      this.#socket.once("close", done);
    });
  }
}
