import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { type BackendMessage, writeBackendMessage } from "../protocol/backend.ts";
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

const LINGER_MS = 10_000;

/** One socket as messages in and pages of bytes out, with backpressure both ways. */
export class Connection implements ClientConnection {
  readonly #socket: Socket;
  readonly #framing = new Framing(LIMITS.startupPacketBytes - 4);
  readonly #messageBytes: () => number;
  readonly #closed = new AbortController();
  readonly #writer = new MessageWriter();
  #pages: Buffer[] = [];
  #pageBytes = 0;
  #ended = false;
  #wakeReader: (() => void) | undefined;
  #drained: Promise<void> | undefined;

  constructor(socket: Socket, messageBytes: () => number) {
    this.#socket = socket;
    this.#messageBytes = messageBytes;
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

  get encryption(): Encryption | undefined {
    if (!(this.#socket instanceof TLSSocket)) return undefined;
    const { name, standardName } = this.#socket.getCipher();
    const bits = /(128|256)/.exec(name)?.[0] ?? (name.includes("CHACHA20") ? "256" : undefined);
    return {
      version: this.#socket.getProtocol() ?? "",
      cipher: standardName,
      bits: bits === undefined ? undefined : Number(bits),
    };
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
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
      const frame = await this.#nextFrame();
      if (frame === undefined) return;
      yield readFrontendMessage(frame);
    }
  }

  acceptLargeMessages(): void {
    this.#framing.expectMessages(this.#messageBytes());
  }

  send(message: BackendMessage): void {
    writeBackendMessage(this.#writer, message);
    if (this.#writer.length >= LIMITS.pageBytes) this.flush();
  }

  sendRow(values: readonly (string | undefined)[]): void {
    writeDataRow(this.#writer, values);
  }

  sendError(error: PgError): void {
    writeErrorResponse(this.#writer, error);
  }

  sendNotice(notice: Notice): void {
    writeNoticeResponse(this.#writer, notice);
  }

  sendPage(pieces: readonly Buffer[]): Promise<void> | undefined {
    this.#collect();
    for (const piece of pieces) {
      this.#pages.push(piece);
      this.#pageBytes += piece.length;
    }
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
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
    this.#wakeReader?.();
  }

  /** Gives the socket to another owner: TLS. Nothing may have been read ahead. */
  detach(): Socket {
    this.#socket.off("data", this.#receive);
    this.#socket.off("end", this.#finish);
    this.#socket.off("close", this.#finish);
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
    this.#closed.abort(
      new PgError("connection_failure", "connection to client lost", { severity: "FATAL" }),
    );
    this.#wakeReader?.();
  };

  async #nextFrame(): Promise<Frame | undefined> {
    for (;;) {
      const frame = this.#framing.next();
      if (frame !== undefined) return frame;
      if (this.closed.aborted || this.#ended) return undefined;
      this.#socket.resume();
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
      this.#wakeReader = undefined;
    }
  }

  /** Messages go out in the order in which they were made, with the pages between them. */
  #collect(): void {
    if (this.#writer.length === 0) return;
    const messages = this.#writer.take();
    this.#pages.push(messages);
    this.#pageBytes += messages.length;
  }

  #waitForDrain(): Promise<void> {
    return new Promise<void>((resolve) => {
      const done = (): void => {
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
