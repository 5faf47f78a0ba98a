/** The gateway's side of the loader: starts its process when it is needed, and again when it died. */
import type { StoreName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import type { Logger } from "../observe/logger.ts";
import type { StoreOptions } from "../store/create-store.ts";
import type { Loader, LoadOutcome, LoadRequest } from "./loader.ts";
import { LoaderProcess } from "./loader-process.ts";
import type { LoaderSettings } from "./messages.ts";

export interface LoaderOptions {
  readonly stores: ReadonlyMap<StoreName, StoreOptions>;
  /** Absolute. */
  readonly cacheDirectory: string;
  readonly cacheSizeBytes: number;
  /** What DuckDB may take for all loads together; the process gets a fixed part more. */
  readonly memoryBytes: number;
  readonly log: Logger;
}

/** Loads at a time: one can wait for its store while another converts. */
const PARALLEL_LOADS = 2;
const THREADS = 2;

export function createLoader(options: LoaderOptions): LoaderClient {
  return new LoaderClient(options);
}

export class LoaderClient implements Loader {
  #settings: LoaderSettings;
  readonly #memoryBytes: number;
  readonly #log: Logger;
  #process: LoaderProcess | undefined;
  #running = 0;
  readonly #waiting = new Set<() => void>();
  #isClosing = false;

  constructor(options: LoaderOptions) {
    this.#log = options.log;
    this.#memoryBytes = options.memoryBytes;
    this.#settings = {
      stores: options.stores,
      cacheDirectory: options.cacheDirectory,
      cacheSizeBytes: options.cacheSizeBytes,
      // Each load opens a DuckDB of its own.
      engineMemoryBytes: Math.floor(options.memoryBytes / PARALLEL_LOADS),
      threads: THREADS,
    };
  }

  /** Of the process that runs now: for tests and for the status. */
  get processId(): number | undefined {
    return this.#process?.isEnded === false ? this.#process.processId : undefined;
  }

  async load(
    request: LoadRequest,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<LoadOutcome> {
    await this.#admission(signal);
    try {
      if (this.#isClosing) throw shuttingDown();
      return await this.#live().load(request, signal);
    } finally {
      this.#running -= 1;
      const [next] = this.#waiting;
      next?.();
    }
  }

  /** Counts for every load that starts from now on. */
  setStores(stores: LoaderOptions["stores"]): void {
    this.#settings = { ...this.#settings, stores };
    this.#process?.configure(this.#settings);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    for (const wake of this.#waiting) wake();
    this.#process?.kill();
    await this.#process?.ended;
  }

  #live(): LoaderProcess {
    if (this.#process?.isEnded !== false) {
      const started = new LoaderProcess(this.#settings, this.#memoryBytes, this.#log);
      this.#process = started;
      void started.ended.then(() => {
        if (!this.#isClosing) this.#log.error({ pid: started.processId }, "loader process ended");
      });
    }
    return this.#process;
  }

  /** Waits for a turn, and takes it. */
  async #admission(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#running >= PARALLEL_LOADS && !this.#isClosing) {
      await new Promise<void>((resolve, reject) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          signal.removeEventListener("abort", abort);
          resolve();
        };
        const abort = (): void => {
          this.#waiting.delete(wake);
          reject(signal.reason);
        };
        this.#waiting.add(wake);
        signal.addEventListener("abort", abort, { once: true });
      });
    }
    this.#running += 1;
  }
}

function shuttingDown(): PgError {
  return new PgError("admin_shutdown", "the gateway is shutting down");
}
