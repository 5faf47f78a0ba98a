import { type ChildProcess, spawn } from "node:child_process";
import { moduleEntry } from "../core/module-entry.ts";
import { PgError } from "../core/pg-error.ts";
import type { Logger } from "../observe/logger.ts";
import type { LoadOutcome, LoadRequest } from "./loader.ts";
import type { FromLoader, LoaderSettings, ToLoader } from "./messages.ts";

interface Pending {
  readonly resolve: (outcome: LoadOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * V8, the SDK and the parsers, beside what DuckDB may take; and what a table of thousands of columns
 * makes DuckDB reserve and never touch.
 */
const RUNTIME_BYTES = 1024 * 1024 * 1024;
/** Each load waits for DuckDB in a thread, and files and names need threads, too. */
const THREADS = 12;

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

  load(request: LoadRequest, signal: AbortSignal): Promise<LoadOutcome> {
    const id = this.#nextId++;
    return new Promise<LoadOutcome>((resolve, reject) => {
      const cancel = (): void => this.#send({ type: "cancel", id });
      const settled = (): void => signal.removeEventListener("abort", cancel);
      this.#pending.set(id, {
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
      this.#send({ type: "load", id, request });
    });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #send(message: ToLoader): void {
    // A process that is gone answers through its exit.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #hear(message: FromLoader): void {
    switch (message.type) {
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
    for (const { reject } of this.#pending.values()) {
      reject(
        this.#unusable ??
          new PgError("crash_shutdown", "the loader process ended while it loaded a table", {
            detail: `It ended with ${signal ?? `exit code ${code}`}.`,
            hint: "It is started again for the next load. If this repeats, the file may need more memory than the loader has.",
          }),
      );
    }
    this.#pending.clear();
  }
}

function start(memoryBytes: number): ChildProcess {
  const entry = moduleEntry(import.meta.url, "./main");
  const kilobytes = Math.ceil(memoryBytes / 1024);
  // The shell sets the limit and becomes Node.js; its arguments are data, not text of a command.
  const shell = ["-c", 'ulimit -d "$0" && exec "$@"', String(kilobytes), process.execPath];
  return spawn("/bin/sh", [...shell, ...entry.execArgv, entry.path], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    // Keeps Maps and Dates.
    serialization: "advanced",
    // Our own environment, in which the AWS SDK looks for credentials.
    env: { ...process.env, UV_THREADPOOL_SIZE: String(THREADS) },
  });
}
