import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { LIMITS } from "../core/limits.ts";
import { moduleEntry } from "../core/module-entry.ts";
import { PgError } from "../core/pg-error.ts";
import { ANSWER_TOO_LARGE, FrameReader, writeFrame } from "./frames.ts";

/**
 * V8's stack, in kilobytes: with its default PostgreSQL's own check (max_stack_depth) comes too
 * late. The kernel's usual limit is 8 MB.
 */
const STACK_KILOBYTES = 3900;

/** The optimizing compiler for WebAssembly costs 100 MB and makes nothing here faster. */
const NODE_FLAGS = ["--liftoff-only", `--stack-size=${STACK_KILOBYTES}`, "--max-semi-space-size=1"];

/** Starts an entry of this folder that opens PGlite. File descriptor 3 is a socket to us. */
export function spawnPostgres(specifier: string, ...parameters: readonly string[]): ChildProcess {
  const entry = moduleEntry(import.meta.url, specifier);
  return spawn(
    process.execPath,
    [...NODE_FLAGS, ...entry.execArgv, entry.path, ...parameters],
    // Nothing of the gateway's environment, which may hold credentials.
    { stdio: ["ignore", "ignore", "inherit", "pipe"], env: {} },
  );
}

interface Waiting {
  resolve(answer: Buffer): void;
  reject(error: PgError): void;
}

/** The gateway's side of one shadow process: bytes in, bytes out, one round trip at a time. */
export class ShadowProcess {
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #frames = new FrameReader();
  #waiting: Waiting | undefined;
  #ended = false;
  /** Settles when the process has ended, whatever ended it; never rejects. */
  readonly exited: Promise<void>;

  private constructor(child: ChildProcess, socket: Socket) {
    this.#child = child;
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    // Every error is followed by the exit of the process, which is what is acted upon.
    socket.on("error", () => this.kill());
    this.exited = new Promise((resolve) => {
      const end = (code: number | null) => {
        this.#end(code);
        resolve();
      };
      child.once("exit", end);
      child.once("error", () => end(null));
    });
  }

  /** A process whose PostgreSQL is ready; rejects, with the process ended, when `signal` aborts. */
  static async start(dataDirectory: string, signal: AbortSignal): Promise<ShadowProcess> {
    signal.throwIfAborted();
    const child = spawnPostgres("./shadow-child", dataDirectory);
    const socket = child.stdio[3];
    if (!(socket instanceof Socket)) throw new Error("the shadow process has no socket");
    const started = new ShadowProcess(child, socket);
    const kill = () => started.kill();
    signal.addEventListener("abort", kill);
    try {
      await started.#answer();
      return started;
    } finally {
      signal.removeEventListener("abort", kill);
    }
  }

  get processId(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    return !this.#ended;
  }

  /** Rejects when the process ends meanwhile, with what a client is to hear. */
  async roundTrip(messages: Buffer): Promise<Buffer> {
    if (this.#ended) throw endedUnexpectedly(null);
    const answer = this.#answer();
    writeFrame(this.#socket, [messages]);
    return await answer;
  }

  /** There is no gentler way: no signal and no timer reaches a statement inside WebAssembly. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async #answer(): Promise<Buffer> {
    if (this.#waiting !== undefined) throw new Error("two round trips at once");
    return await new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #receive(chunk: Buffer): void {
    this.#frames.push(chunk);
    const frame = this.#frames.next();
    if (frame === undefined) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(frame);
  }

  #end(code: number | null): void {
    this.#ended = true;
    this.#socket.destroy();
    this.#waiting?.reject(endedUnexpectedly(code));
    this.#waiting = undefined;
  }
}

function endedUnexpectedly(code: number | null): PgError {
  if (code === ANSWER_TOO_LARGE) {
    const megabytes = LIMITS.shadowAnswerBytes / 1024 / 1024;
    return new PgError("program_limit_exceeded", `catalog answer exceeds ${megabytes} MB`, {
      hint: "Ask for less at once, with a WHERE or LIMIT clause or for shorter values.",
    });
  }
  return new PgError("crash_shutdown", "the catalog's server process ended unexpectedly", {
    hint: "It is started again for the next statement; run this one again.",
  });
}
