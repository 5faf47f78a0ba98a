/** The gateway's side of the loader: starts its process when it is needed, and again when it died. */
import type { StoreName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import type { Logger } from "../observe/logger.ts";
import type { StoreOptions } from "../store/create-store.ts";
import { LOAD_SLOTS } from "./load-slots.ts";
import type { Loader, LoadOutcome, LoadRequest, SheetsOutcome } from "./loader.ts";
import { LoaderProcess, NotStartedError } from "./loader-process.ts";
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

const THREADS = 2;
/** How many processes may end under a request that none of them has begun with. */
const ATTEMPTS = 4;

export function createLoader(options: LoaderOptions): LoaderClient {
  return new LoaderClient(options);
}

export class LoaderClient implements Loader {
  #settings: LoaderSettings;
  readonly #memoryBytes: number;
  readonly #log: Logger;
  #process: LoaderProcess | undefined;
  #isClosing = false;

  constructor(options: LoaderOptions) {
    this.#log = options.log;
    this.#memoryBytes = options.memoryBytes;
    this.#settings = {
      stores: options.stores,
      cacheDirectory: options.cacheDirectory,
      cacheSizeBytes: options.cacheSizeBytes,
      // Each load opens a DuckDB of its own.
      engineMemoryBytes: Math.floor(options.memoryBytes / LOAD_SLOTS),
      threads: THREADS,
    };
  }

  /** Of the process that runs now: for tests and for the status. */
  get processId(): number | undefined {
    return this.#process?.isEnded === false ? this.#process.processId : undefined;
  }

  load(request: LoadRequest, { signal }: { readonly signal: AbortSignal }): Promise<LoadOutcome> {
    return this.#ask((child) => child.load(request, signal), signal);
  }

  listSheets(
    request: LoadRequest,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<SheetsOutcome> {
    return this.#ask((child) => child.listSheets(request, signal), signal);
  }

  /** Counts for every load that starts from now on. */
  setStores(stores: LoaderOptions["stores"]): void {
    this.#settings = { ...this.#settings, stores };
    this.#process?.configure(this.#settings);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#process?.kill();
    await this.#process?.ended;
  }

  async #ask<T>(ask: (child: LoaderProcess) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      if (this.#isClosing) throw shuttingDown();
      try {
        return await ask(this.#live());
      } catch (error) {
        if (!(error instanceof NotStartedError)) throw error;
        if (attempt === ATTEMPTS) throw new PgError("crash_shutdown", "the loader process ended");
      }
    }
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
}

function shuttingDown(): PgError {
  return new PgError("admin_shutdown", "the gateway is shutting down");
}
