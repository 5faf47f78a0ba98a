import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import type { WorkspaceName } from "../core/brands.ts";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { sendCopyIn } from "./copy-in-client.ts";
import type {
  ConfiguredWorkspace,
  CopyInRequest,
  CopyInSource,
  CursorRun,
  DescribeRequest,
  EngineDescription,
  EngineStream,
  EngineWorkspace,
  ExecuteRequest,
  RowSink,
  RunOutcome,
} from "./engine.ts";
import { type DownFrame, type EngineProcessOptions, FrameSocket, type UpFrame } from "./frames.ts";

/** What one request of this side waits for. */
interface Receiver {
  frame(frame: UpFrame): void;
  page(pieces: readonly Buffer[]): void;
  lost(error: PgError): void;
}

/** One engine process: requests down, answers and pages of rows up. */
export class EngineClient {
  readonly #child: ChildProcess;
  readonly #frames: FrameSocket<DownFrame, UpFrame>;
  readonly #receivers = new Map<number, Receiver>();
  readonly #graceMs: number;
  #nextId = 1;
  #lost: PgError | undefined;

  /** Settles when the process is gone, however it went. */
  readonly ended: Promise<void>;

  constructor(child: ChildProcess, socket: Socket, options: { readonly graceMs: number }) {
    this.#child = child;
    this.#graceMs = options.graceMs;
    this.#frames = new FrameSocket(socket, {
      frame: (id, frame) => this.#receivers.get(id)?.frame(frame),
      page: (id, pieces) => this.#receivers.get(id)?.page(pieces),
      closed: () => this.#lose(),
    });
    this.ended = new Promise<void>((resolve) => {
      child.once("error", () => resolve());
      child.once("exit", () => resolve());
    }).then(() => {
      this.#frames.destroy();
      this.#lose();
    });
  }

  /** Nothing more can be asked of it. */
  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  get processId(): number | undefined {
    return this.#child.pid;
  }

  async start(options: EngineProcessOptions): Promise<void> {
    await this.#ask({ type: "start", options });
  }

  async configure(
    workspace: WorkspaceName,
    definition: EngineWorkspace,
  ): Promise<ConfiguredWorkspace> {
    // The answer to "configure", by our own program of the same version.
    return (await this.#ask({ type: "configure", workspace, definition })) as ConfiguredWorkspace;
  }

  async remove(workspace: WorkspaceName): Promise<void> {
    await this.#ask({ type: "remove", workspace });
  }

  async describe(request: DescribeRequest, signal: AbortSignal): Promise<EngineDescription> {
    // The answer to "describe", as above.
    return (await this.#ask({ type: "describe", request }, signal)) as EngineDescription;
  }

  endTransaction(workspace: WorkspaceName, transaction: string): void {
    this.#frames.send(0, { type: "end-transaction", workspace, transaction });
  }

  async openSession(workspace: WorkspaceName, session: string): Promise<void> {
    await this.#ask({ type: "open-session", workspace, session });
  }

  async endSessionTransaction(
    workspace: WorkspaceName,
    session: string,
    outcome: "commit" | "rollback",
  ): Promise<void> {
    await this.#ask({ type: "end-session-transaction", workspace, session, outcome });
  }

  closeSession(workspace: WorkspaceName, session: string): void {
    this.#frames.send(0, { type: "close-session", workspace, session });
  }

  open(request: ExecuteRequest, signal: AbortSignal): EngineStream {
    const id = this.#nextId++;
    return new ClientStream(request, signal, {
      send: (frame) => this.#frames.send(id, frame),
      attach: (receiver) => {
        if (this.#lost !== undefined) receiver.lost(this.#lost);
        else this.#receivers.set(id, receiver);
      },
      detach: () => this.#receivers.delete(id),
      watch: (settled) => this.#watch(settled),
    });
  }

  copyIn(request: CopyInRequest, source: CopyInSource, signal: AbortSignal): Promise<number> {
    const id = this.#nextId++;
    return sendCopyIn(request, source, signal, {
      send: (frame) => this.#frames.send(id, frame),
      sendPage: (page) => this.#frames.sendPage(id, page),
      attach: (frame, lost) => {
        if (this.#lost !== undefined) lost(this.#lost);
        else this.#receivers.set(id, { frame, lost, page: () => undefined });
      },
      detach: () => this.#receivers.delete(id),
      watch: (settled) => this.#watch(settled),
    });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #ask(frame: DownFrame, signal?: AbortSignal): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) {
        reject(this.#lost);
        return;
      }
      signal?.throwIfAborted();
      const settled = new AbortController();
      // Whoever asked is free at once; the receiver stays until the process has answered.
      const abort = (): void => {
        this.#frames.send(id, { type: "interrupt" });
        this.#watch(settled.signal);
        reject(signal?.reason);
      };
      const settle = (act: () => void): void => {
        this.#receivers.delete(id);
        signal?.removeEventListener("abort", abort);
        settled.abort();
        act();
      };
      this.#receivers.set(id, {
        frame: (answer) => {
          if (answer.type === "result") settle(() => resolve(answer.value));
          else if (answer.type === "failed") {
            settle(() => reject(PgError.fromFields(answer.error)));
          }
        },
        page: () => undefined,
        lost: (error) => settle(() => reject(error)),
      });
      signal?.addEventListener("abort", abort, { once: true });
      this.#frames.send(id, frame);
    });
  }

  /**
   * An interrupt that is not obeyed in time ends the process: some work inside a single operator
   * does not look at it for minutes, and holds memory and a core meanwhile.
   */
  #watch(settled: AbortSignal): void {
    const timer = setTimeout(() => this.kill(), this.#graceMs);
    timer.unref();
    settled.addEventListener("abort", () => clearTimeout(timer), { once: true });
    if (settled.aborted) clearTimeout(timer);
  }

  #lose(): void {
    if (this.#lost !== undefined) return;
    this.#lost = engineLost();
    const receivers = [...this.#receivers.values()];
    this.#receivers.clear();
    for (const receiver of receivers) receiver.lost(this.#lost);
  }
}

function engineLost(): PgError {
  return new PgError("admin_shutdown", "terminating statement because its engine process ended", {
    detail: "Other sessions and this connection go on; the engine process is being started again.",
    hint: "Run the statement again. If it ends this way each time, it needs more memory than the limits allow.",
  });
}

interface StreamChannel {
  send(frame: DownFrame): void;
  attach(receiver: Receiver): void;
  detach(): void;
  watch(settled: AbortSignal): void;
}

type StreamState = "unopened" | "running" | "suspended" | "ended";

class ClientStream implements EngineStream {
  readonly #request: ExecuteRequest;
  readonly #signal: AbortSignal;
  readonly #channel: StreamChannel;
  #state: StreamState = "unopened";
  /** What the client has taken and the engine has not been told of. */
  #owedBytes = 0;
  /** The process has ended: why the stream cannot go on. */
  #lost: PgError | undefined;

  constructor(request: ExecuteRequest, signal: AbortSignal, channel: StreamChannel) {
    this.#request = request;
    this.#signal = signal;
    this.#channel = channel;
  }

  run(sink: RowSink, maxRows: number, cursor?: CursorRun): Promise<RunOutcome> {
    const state = this.#state;
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    if (state === "running" || state === "ended") {
      return Promise.reject(new Error(`a stream that is ${state} cannot run`));
    }
    if (this.#signal.aborted) {
      this.close();
      return Promise.reject(this.#signal.reason);
    }
    return new Promise((resolve, reject) => {
      const settled = new AbortController();
      // The client hears of its cancel at once, however long the engine takes to obey; until it has,
      // the receiver stays, and drops what still comes.
      const abort = (): void => {
        if (this.#state !== "running") return;
        this.#channel.send({ type: "interrupt" });
        this.#channel.watch(settled.signal);
        this.#state = "ended";
        reject(this.#signal.reason);
      };
      const settle = (next: StreamState, act: () => void): void => {
        const isAbandoned = this.#state === "ended";
        if (isAbandoned && next === "suspended") this.#channel.send({ type: "close" });
        if (isAbandoned || next === "ended") this.#channel.detach();
        if (!isAbandoned) this.#state = next;
        this.#signal.removeEventListener("abort", abort);
        settled.abort();
        act();
      };
      const fail = (error: unknown): void => settle("ended", () => reject(error));
      /** The sink cannot take what the engine gives: the engine need not go on. */
      const refuse = (error: unknown): void => {
        if (this.#state === "running") this.#channel.send({ type: "close" });
        fail(error);
      };
      const receiver: Receiver = {
        frame: (frame) => {
          switch (frame.type) {
            case "fields":
              if (this.#state !== "running") return;
              try {
                sink.fields(frame.fields);
              } catch (error) {
                refuse(error);
              }
              return;
            case "suspended":
              settle("suspended", () => resolve({ suspended: true, rows: frame.rows }));
              return;
            case "complete":
              settle("ended", () => resolve({ suspended: false, rows: frame.rows }));
              return;
            case "failed":
              fail(PgError.fromFields(frame.error));
              return;
            case "result":
            case "copy-ready":
            case "credit":
              fail(new Error(`an engine stream was answered with ${frame.type}`));
              return;
          }
        },
        page: (pieces) => this.#relay(sink, pieces, refuse),
        lost: (error) => {
          this.#lost = error;
          fail(error);
        },
      };
      this.#state = "running";
      this.#signal.addEventListener("abort", abort, { once: true });
      this.#channel.attach(receiver);
      if (this.#state !== "running") return;
      this.#channel.send(
        state === "unopened"
          ? {
              type: "execute",
              request: this.#request,
              maxRows,
              cursor,
              creditBytes: LIMITS.streamCreditBytes,
            }
          : { type: "fetch", maxRows, cursor },
      );
    });
  }

  close(): void {
    if (this.#state === "suspended" || this.#state === "running") {
      this.#channel.send({ type: "close" });
      this.#channel.detach();
    }
    this.#state = "ended";
  }

  /** Hands a page on, and gives the engine credit for it once the client's socket has taken it. */
  #relay(sink: RowSink, pieces: readonly Buffer[], refuse: (error: unknown) => void): void {
    if (this.#state !== "running") return;
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const credit = (): void => {
      if (this.#state !== "running" && this.#state !== "suspended") return;
      this.#owedBytes += bytes;
      // In large parts: most answers are smaller than what may be sent without any credit.
      if (this.#owedBytes < LIMITS.streamCreditBytes / 4) return;
      this.#channel.send({ type: "credit", bytes: this.#owedBytes });
      this.#owedBytes = 0;
    };
    try {
      const drained = sink.page(pieces);
      if (drained === undefined) credit();
      else drained.then(credit, refuse);
    } catch (error) {
      refuse(error);
    }
  }
}
