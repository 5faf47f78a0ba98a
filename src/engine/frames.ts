/**
 * The frames that the gateway and its engine processes exchange over a socket pair:
 * Int32 length of what follows, a kind, an Int32 id of the request, then the payload.
 */
import type { Socket } from "node:net";
import { deserialize, serialize } from "node:v8";
import type { WorkspaceName } from "../core/brands.ts";
import { LIMITS } from "../core/limits.ts";
import type { PgErrorFields } from "../core/pg-error.ts";
import type { FieldDescription } from "../protocol/field-description.ts";
import type {
  CopyInRequest,
  CursorRun,
  DescribeRequest,
  EngineWorkspace,
  ExecuteRequest,
} from "./engine.ts";

/** From the gateway to an engine process. */
export type DownFrame =
  | { readonly type: "start"; readonly options: EngineProcessOptions }
  | {
      readonly type: "configure";
      readonly workspace: WorkspaceName;
      readonly definition: EngineWorkspace;
    }
  | { readonly type: "remove"; readonly workspace: WorkspaceName }
  /** Nothing answers. */
  | {
      readonly type: "end-transaction";
      readonly workspace: WorkspaceName;
      readonly transaction: string;
    }
  | { readonly type: "open-session"; readonly workspace: WorkspaceName; readonly session: string }
  | {
      readonly type: "end-session-transaction";
      readonly workspace: WorkspaceName;
      readonly session: string;
      readonly outcome: "commit" | "rollback";
    }
  /** Nothing answers. */
  | { readonly type: "close-session"; readonly workspace: WorkspaceName; readonly session: string }
  | { readonly type: "describe"; readonly request: DescribeRequest }
  | {
      readonly type: "execute";
      readonly request: ExecuteRequest;
      readonly maxRows: number;
      readonly cursor: CursorRun | undefined;
      readonly creditBytes: number;
    }
  /** Goes on with a stream that `maxRows` has suspended. */
  | {
      readonly type: "fetch";
      readonly maxRows: number;
      readonly cursor: CursorRun | undefined;
    }
  /** The client has taken this much; as much more may be sent. */
  | { readonly type: "credit"; readonly bytes: number }
  | { readonly type: "interrupt" }
  /** Answered by copy-ready; pages of what the client sends follow, as far as the credit reaches. */
  | { readonly type: "copy-in"; readonly request: CopyInRequest }
  | { readonly type: "copy-done" }
  /** The data end with this error: it comes back as "failed", with its place in the data. */
  | { readonly type: "copy-fail"; readonly error: PgErrorFields }
  /** Ends the stream; nothing answers. */
  | { readonly type: "close" };

/** From an engine process to the gateway. */
export type UpFrame =
  /** Answers start, configure, remove, describe and what concerns a session. */
  | { readonly type: "result"; readonly value: unknown }
  | { readonly type: "fields"; readonly fields: readonly FieldDescription[] }
  | { readonly type: "suspended"; readonly rows: number }
  /** The table is there; the data may come. */
  | { readonly type: "copy-ready"; readonly columnCount: number }
  /** This much of them was read; as much more may be sent. */
  | { readonly type: "credit"; readonly bytes: number }
  | { readonly type: "complete"; readonly rows: number }
  | { readonly type: "failed"; readonly error: PgErrorFields };

export interface EngineProcessOptions {
  /** This process's own; emptied at its start. */
  readonly tempDirectory: string;
}

/** Called with whole frames, in the order in which they were sent. */
export interface FrameHandler<Incoming> {
  frame(id: number, frame: Incoming): void;
  /** DataRow or CopyData messages (upwards), or what CopyData messages hold, in the pieces in which they arrived: nothing is copied. */
  page(id: number, pieces: readonly Buffer[]): void;
  closed(): void;
}

const HEADER_BYTES = 9;
const OBJECT = 0;
const PAGE = 1;

/** Both ends of the socket speak through this. */
export class FrameSocket<Outgoing, Incoming> {
  readonly #socket: Socket;
  readonly #handler: FrameHandler<Incoming>;
  #pieces: Buffer[] = [];
  #buffered = 0;
  #corked = false;
  #header:
    | { readonly kind: number; readonly id: number; readonly payloadBytes: number }
    | undefined;

  constructor(socket: Socket, handler: FrameHandler<Incoming>) {
    this.#socket = socket;
    this.#handler = handler;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("close", () => handler.closed());
    // Every error is followed by "close", which is what is acted upon.
    socket.on("error", () => undefined);
  }

  send(id: number, frame: Outgoing): void {
    this.#write(OBJECT, id, serialize(frame));
  }

  sendPage(id: number, page: Buffer): void {
    this.#write(PAGE, id, page);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #write(kind: number, id: number, payload: Buffer): void {
    if (this.#socket.destroyed) return;
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    header.writeUInt32BE(HEADER_BYTES - 4 + payload.length, 0);
    header.writeUInt8(kind, 4);
    header.writeUInt32BE(id, 5);
    // What is sent in one go leaves in one write: a system call costs more than a small frame.
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(header);
    this.#socket.write(payload);
  }

  #receive(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#buffered += chunk.length;
    for (;;) {
      if (this.#header === undefined) {
        if (this.#buffered < HEADER_BYTES) return;
        const header = Buffer.concat(this.#take(HEADER_BYTES));
        const payloadBytes = header.readUInt32BE(0) - (HEADER_BYTES - 4);
        if (payloadBytes > LIMITS.frameBytes) {
          this.#socket.destroy(new Error(`frame of ${payloadBytes} bytes`));
          return;
        }
        this.#header = { kind: header.readUInt8(4), id: header.readUInt32BE(5), payloadBytes };
      }
      const { kind, id, payloadBytes } = this.#header;
      if (this.#buffered < payloadBytes) return;
      this.#header = undefined;
      const payload = this.#take(payloadBytes);
      if (kind === PAGE) this.#handler.page(id, payload);
      // The other end is our own program of the same version, which types what it sends.
      else this.#handler.frame(id, deserialize(Buffer.concat(payload)) as Incoming);
    }
  }

  #take(count: number): Buffer[] {
    const taken: Buffer[] = [];
    let missing = count;
    while (missing > 0) {
      const first = this.#pieces[0];
      if (first === undefined) break;
      if (first.length <= missing) {
        this.#pieces.shift();
        taken.push(first);
        missing -= first.length;
      } else {
        taken.push(first.subarray(0, missing));
        this.#pieces[0] = first.subarray(missing);
        missing = 0;
      }
    }
    this.#buffered -= count;
    return taken;
  }
}
