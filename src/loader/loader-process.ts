import { type ChildProcess, spawn } from "node:child_process";
import { moduleEntry } from "../core/module-entry.ts";
import { PgError } from "../core/pg-error.ts";
import type { Logger } from "../observe/logger.ts";
import type { LoadOutcome, LoadRequest, SheetsOutcome } from "./loader.ts";
import type { FromLoader, LoaderSettings, ToLoader } from "./messages.ts";

/** The process ended before it had begun to load: the next one can be asked the same. */
export class NotStartedError extends Error {
  override readonly name = "NotStartedError";
}

interface Pending {
  isStarted: boolean;
  readonly resolve: (outcome: LoadOutcome | SheetsOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * V8, the SDK and the parsers, beside what DuckDB may take; and what a table of thousands of columns
 * makes DuckDB reserve and never touch.
 */
const RUNTIME_BYTES = 1024 * 1024 * 1024;
/** Each load waits for DuckDB in a thread, and files and names need threads, too. */
const THREADS = 12;
/** As nice(1) has it: 19 would hardly run at all beside busy queries. */
const NICENESS = 10;

/** One loader process, from its start to its end. */
export class LoaderProcess {
  readonly #child: ChildProcess;
  readonly #log: Logger;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #isEnded = false;
  /** Why the process ends by itself. */
  #unusable: PgError | undefined;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;

  /** `memoryBytes` is for DuckDB; the kernel holds the process to that and what Node.js needs. */
  constructor(settings: LoaderSettings, memoryBytes: number, log: Logger) {
    this.#log = log;
    this.#child = start(memoryBytes + RUNTIME_BYTES);
    this.#child.on("message", (message: FromLoader) => this.#hear(message));
    this.ended = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        this.#end(code, signal);
        resolve();
      });
      this.#child.once("error", (error) => {
        this.#log.error({ err: error }, "loader process could not be started");
        this.#end(null, null);
        resolve();
      });
    });
    this.configure(settings);
  }

  /** Messages arrive in order: loads that were asked for before keep the settings they had. */
  configure(settings: LoaderSettings): void {
    this.#send({ type: "settings", settings });
  }

  get processId(): number | undefined {
    return this.#child.pid;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Rejects with a NotStartedError where the process ended before it came to this request. */
  async load(request: LoadRequest, signal: AbortSignal): Promise<LoadOutcome> {
    // What the process answers to this message.
    return (await this.#ask({ type: "load", id: this.#nextId++, request }, signal)) as LoadOutcome;
  }

  /** Rejects as `load` does. */
  async listSheets(request: LoadRequest, signal: AbortSignal): Promise<SheetsOutcome> {
    const id = this.#nextId++;
    // As above.
    return (await this.#ask({ type: "list-sheets", id, request }, signal)) as SheetsOutcome;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #ask(
    message: Extract<ToLoader, { request: LoadRequest }>,
    signal: AbortSignal,
  ): Promise<LoadOutcome | SheetsOutcome> {
    const { id } = message;
    return new Promise((resolve, reject) => {
      const cancel = (): void => this.#send({ type: "cancel", id });
      const settled = (): void => signal.removeEventListener("abort", cancel);
      this.#pending.set(id, {
        isStarted: false,
        resolve: (outcome) => {
          settled();
          resolve(outcome);
        },
        reject: (error) => {
          settled();
          reject(signal.aborted ? signal.reason : error);
        },
      });
      signal.addEventListener("abort", cancel, { once: true });
      this.#send(message);
    });
  }

  #send(message: ToLoader): void {
    // A process that is gone answers through its exit.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #hear(message: FromLoader): void {
    switch (message.type) {
      case "started": {
        const pending = this.#pending.get(message.id);
        if (pending !== undefined) pending.isStarted = true;
        break;
      }
      case "ended":
        this.#take(message.id)?.resolve(message.outcome);
        break;
      case "canceled":
        this.#take(message.id)?.reject(new PgError("query_canceled", "canceling load"));
        break;
      case "log":
        this.#log[message.level](message.fields, message.message);
        break;
      case "unusable":
        this.#unusable = PgError.fromFields(message.error);
        break;
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #end(code: number | null, signal: NodeJS.Signals | null): void {
    this.#isEnded = true;
    const crashed = new PgError(
      "crash_shutdown",
      "the loader process ended while it loaded a table",
      {
        detail: `It ended with ${signal ?? `exit code ${code}`}.`,
        hint: "It is started again for the next load. If this repeats, the file may need more memory than the loader has.",
      },
    );
    for (const { isStarted, reject } of this.#pending.values()) {
      reject(this.#unusable ?? (isStarted ? crashed : new NotStartedError()));
    }
    this.#pending.clear();
  }
}

function start(memoryBytes: number): ChildProcess {
  const entry = moduleEntry(import.meta.url, "./main");
  const kilobytes = Math.ceil(memoryBytes / 1024);
  // The shell sets the limit and becomes Node.js; its arguments are data, not text of a command.
  // Queries come first where there are not enough processors for both.
  const command = 'ulimit -d "$0" && exec nice -n "$@"';
  const shell = ["-c", command, String(kilobytes), String(NICENESS), process.execPath];
  return spawn("/bin/sh", [...shell, ...entry.execArgv, entry.path], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    // Keeps Maps and Dates.
    serialization: "advanced",
    // Our own environment, in which the AWS SDK looks for credentials.
    env: { ...process.env, UV_THREADPOOL_SIZE: String(THREADS) },
  });
}
