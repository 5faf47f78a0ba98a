/** Entry of an engine process: reads frames from the gateway, runs statements, writes frames back. */
import { writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import type { WorkspaceName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import type { CopyInRequest, DescribeRequest, EngineWorkspace } from "../engine/engine.ts";
import { type DownFrame, FrameSocket, type UpFrame } from "../engine/frames.ts";
import { CopyInStream } from "./copy-in-stream.ts";
import { fieldsOfError } from "./error-fields.ts";
import { CodeCache } from "./row-encoder.ts";
import { StatementStream } from "./statement-stream.ts";
import { WorkspaceEngine } from "./workspace-engine.ts";

/** The socket that the gateway has opened for this process. */
const GATEWAY_FD = 3;

interface OpenWorkspace {
  readonly engine: WorkspaceEngine;
  readonly definition: EngineWorkspace;
}

class EngineProcess {
  readonly #frames: FrameSocket<UpFrame, DownFrame>;
  readonly #streams = new Map<number, StatementStream>();
  readonly #copies = new Map<number, CopyInStream>();
  readonly #describing = new Map<number, AbortController>();
  readonly #workspaces = new Map<WorkspaceName, Promise<OpenWorkspace>>();
  /** Row encoders that were generated, by their code: the shapes of results repeat. */
  readonly #codeCache = new CodeCache();
  #tempDirectory = "";
  #instances = 0;

  constructor(socket: Socket) {
    this.#frames = new FrameSocket<UpFrame, DownFrame>(socket, {
      frame: (id, frame) => this.#receive(id, frame),
      page: (id, pieces) => this.#copies.get(id)?.receive(pieces),
      // Without its gateway an engine has nobody to work for.
      closed: () => process.exit(0),
    });
  }

  #receive(id: number, frame: DownFrame): void {
    switch (frame.type) {
      case "start":
        this.#tempDirectory = frame.options.tempDirectory;
        this.#frames.send(id, { type: "result", value: undefined });
        return;
      case "configure":
        this.#answer(id, this.#configure(frame.workspace, frame.definition));
        return;
      case "remove":
        this.#answer(id, this.#remove(frame.workspace));
        return;
      case "end-transaction":
        this.#unanswered(this.#endTransaction(frame.workspace, frame.transaction));
        return;
      case "open-session":
        this.#answer(
          id,
          this.#engine(frame.workspace).then((engine) => engine.sessions.open(frame.session)),
        );
        return;
      case "end-session-transaction":
        this.#answer(
          id,
          this.#engine(frame.workspace).then((engine) =>
            engine.sessions.endTransaction(frame.session, frame.outcome),
          ),
        );
        return;
      case "close-session":
        this.#unanswered(this.#closeSession(frame.workspace, frame.session));
        return;
      case "describe":
        this.#answer(id, this.#describe(id, frame.request));
        return;
      case "execute":
        this.#unanswered(this.#execute(id, frame));
        return;
      case "copy-in":
        this.#unanswered(this.#copyIn(id, frame.request));
        return;
      case "copy-done":
        this.#unanswered(this.#copies.get(id)?.complete());
        return;
      case "copy-fail":
        this.#copies.get(id)?.fail(frame.error);
        return;
      case "fetch":
        this.#unanswered(this.#streams.get(id)?.run(frame.maxRows, frame.cursor));
        return;
      case "credit":
        this.#streams.get(id)?.credit(frame.bytes);
        return;
      case "interrupt":
        this.#describing.get(id)?.abort(canceled());
        this.#streams.get(id)?.interrupt();
        this.#copies.get(id)?.interrupt();
        return;
      case "close": {
        const stream = this.#streams.get(id);
        this.#streams.delete(id);
        this.#unanswered(stream?.close());
        return;
      }
    }
  }

  async #configure(workspace: WorkspaceName, definition: EngineWorkspace): Promise<unknown> {
    const current = this.#workspaces.get(workspace);
    const opened = this.#reopen(workspace, await current?.catch(() => undefined), definition);
    this.#workspaces.set(workspace, opened);
    opened.catch(() => {
      // What there was before goes on, with what its transactions have seen.
      if (this.#workspaces.get(workspace) !== opened) return;
      if (current === undefined) this.#workspaces.delete(workspace);
      else this.#workspaces.set(workspace, current);
    });
    return await (await opened).engine.configure(definition);
  }

  /** Limits are locked in an instance: other ones need another instance. Streams keep the old one. */
  async #reopen(
    workspace: WorkspaceName,
    current: OpenWorkspace | undefined,
    definition: EngineWorkspace,
  ): Promise<OpenWorkspace> {
    if (current !== undefined && sameLimits(current.definition, definition)) return current;
    const directory = join(this.#tempDirectory, `${this.#instances++}-${workspace}`);
    const engine = await WorkspaceEngine.open(definition, directory);
    if (current !== undefined) {
      engine.refuse(current.engine.transactions);
      current.engine.close();
    }
    return { engine, definition };
  }

  async #remove(workspace: WorkspaceName): Promise<void> {
    const current = this.#workspaces.get(workspace);
    this.#workspaces.delete(workspace);
    (await current)?.engine.close();
  }

  /** One whose workspace is gone has nothing to end. */
  async #endTransaction(workspace: WorkspaceName, transaction: string): Promise<void> {
    const current = await this.#workspaces.get(workspace)?.catch(() => undefined);
    current?.engine.endTransaction(transaction);
  }

  /** One whose workspace is gone, or going, goes with it. */
  async #closeSession(workspace: WorkspaceName, session: string): Promise<void> {
    const current = await this.#workspaces.get(workspace)?.catch(() => undefined);
    await current?.engine.sessions.close(session);
  }

  async #describe(id: number, request: DescribeRequest): Promise<unknown> {
    // Known before anything is waited for, so that a cancel finds it.
    const interruption = new AbortController();
    this.#describing.set(id, interruption);
    try {
      const engine = await this.#engine(request.workspace);
      const lease = await engine.lease(request);
      try {
        interruption.signal.throwIfAborted();
        interruption.signal.addEventListener("abort", () => lease.connection.interrupt());
        return await engine.describe(lease, request);
      } finally {
        engine.release(lease, interruption.signal.aborted ? "interrupted" : "clean");
      }
    } finally {
      this.#describing.delete(id);
    }
  }

  async #execute(id: number, frame: Extract<DownFrame, { type: "execute" }>): Promise<void> {
    // The stream is known before anything is waited for, so that a cancel finds it.
    const engine = this.#engine(frame.request.workspace);
    const stream = new StatementStream(
      engine,
      frame.request,
      frame.creditBytes,
      {
        frame: (answer) => {
          if (answer.type === "complete" || answer.type === "failed") this.#streams.delete(id);
          this.#frames.send(id, answer);
        },
        page: (page) => this.#frames.sendPage(id, page),
      },
      this.#codeCache,
    );
    this.#streams.set(id, stream);
    await stream.run(frame.maxRows, frame.cursor);
  }

  async #copyIn(id: number, request: CopyInRequest): Promise<void> {
    const copy = new CopyInStream(this.#engine(request.workspace), request, (answer) => {
      if (answer.type === "complete" || answer.type === "failed") this.#copies.delete(id);
      this.#frames.send(id, answer);
    });
    this.#copies.set(id, copy);
    await copy.start();
  }

  async #engine(workspace: WorkspaceName): Promise<WorkspaceEngine> {
    const open = await this.#workspaces.get(workspace);
    if (open === undefined) {
      throw new PgError("cannot_connect_now", `workspace "${workspace}" is not open yet`, {
        hint: "Try again in a moment.",
      });
    }
    return open.engine;
  }

  /** Whoever waits for such work hears of its failures in frames; what else fails must not end all others. */
  #unanswered(work: Promise<void> | undefined): void {
    work?.catch((error: unknown) => void fieldsOfError(error));
  }

  #answer(id: number, work: Promise<unknown>): void {
    work.then(
      (value) => this.#frames.send(id, { type: "result", value }),
      (error: unknown) => this.#frames.send(id, { type: "failed", error: fieldsOfError(error) }),
    );
  }
}

function canceled(): PgError {
  return new PgError("query_canceled", "canceling statement due to user request");
}

function sameLimits(a: EngineWorkspace, b: EngineWorkspace): boolean {
  return (
    a.cacheDirectory === b.cacheDirectory &&
    a.memoryBytes === b.memoryBytes &&
    a.threads === b.threads &&
    a.tempDiskBytes === b.tempDiskBytes
  );
}

/** Under memory pressure the kernel is to end this process rather than the one with the sockets. */
function volunteerForOutOfMemory(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch {
    // Not Linux, or not allowed: the limit on this process's data stands all the same.
  }
}

volunteerForOutOfMemory();
// The gateway decides when this process ends; a terminal's Ctrl-C reaches the whole group.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
new EngineProcess(new Socket({ fd: GATEWAY_FD, readable: true, writable: true }));
