import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { KEEP_MS, keepDirectory } from "../cache/build-directory.ts";
import { ownerName } from "../cache/owner.ts";
import type { WorkspaceName } from "../core/brands.ts";
import { moduleEntry } from "../core/module-entry.ts";
import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { Logger } from "../observe/logger.ts";
import type {
  ConfiguredWorkspace,
  CopyInRequest,
  CopyInSource,
  CursorRun,
  DescribeRequest,
  Engine,
  EngineDescription,
  EngineStream,
  EngineWorkspace,
  ExecuteRequest,
  RowSink,
  RunOutcome,
} from "./engine.ts";
import { EngineClient } from "./engine-client.ts";
import { snapshotLost } from "./snapshot-lost.ts";

export interface EnginePoolOptions {
  /** The hard bound on the process's data, enforced by the kernel (RLIMIT_DATA). */
  readonly memoryBytes: number;
  /** Statements that may run at once: each holds a thread of the engine process while it works. */
  readonly statements: number;
  /** Temporary files of the engine process are in a folder of its own under this one. */
  readonly tempDirectory: string;
  /** How long after an interrupt a statement may go on before its process is killed. */
  readonly graceMs: number;
  readonly log: Logger;
  readonly restarted?: () => void;
  /**
   * Cache files could not be read: those of a statement that failed, which DuckDB does not name, or
   * these, which could not be attached.
   */
  readonly damaged?: (workspace: WorkspaceName, paths: readonly string[] | undefined) => void;
}

/** V8 and the runtime themselves, beside what DuckDB may take. */
const RUNTIME_BYTES = 1024 * 1024 * 1024;
/** libuv's own maximum. */
const MAX_THREADS = 1024;
const SPARE_THREADS = 8;
/** Reserved for each thread, counted by the kernel as data, and hardly ever used. */
const THREAD_STACK_BYTES = 8 * 1024 * 1024;
const RESTART_DELAY_MS = 250;

/**
 * Starts the engine process, restarts it when it ends, and tells a new one all that the old one
 * knew before any other statement. Sessions see a failed statement at most.
 */
export class EnginePool implements Engine {
  readonly #options: EnginePoolOptions;
  readonly #definitions = new Map<WorkspaceName, EngineWorkspace>();
  #current: Promise<EngineClient>;
  readonly #keeping: NodeJS.Timeout;
  /** By name, the process that knows what the transaction has seen. */
  readonly #transactions = new Map<string, EngineClient>();
  #closing = false;
  #generation = 0;
  #quickDeaths = 0;

  constructor(options: EnginePoolOptions) {
    this.#options = options;
    this.#current = this.#start();
    this.#keeping = setInterval(() => void keepDirectory(this.#tempDirectory()), KEEP_MS);
    this.#keeping.unref();
  }

  /** The engine's process, once it runs: for tests and for the status. */
  async processId(): Promise<number | undefined> {
    return (await this.#current).processId;
  }

  async configure(
    workspace: WorkspaceName,
    definition: EngineWorkspace,
  ): Promise<ConfiguredWorkspace> {
    this.#definitions.set(workspace, definition);
    return await this.#configure(await this.#client(), workspace, definition);
  }

  async remove(workspace: WorkspaceName): Promise<void> {
    this.#definitions.delete(workspace);
    await (await this.#client()).remove(workspace);
  }

  async describe(
    request: DescribeRequest,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<EngineDescription> {
    const client = await this.#clientFor(request);
    return await this.#watched(request, client.describe(request, signal));
  }

  endTransaction(workspace: WorkspaceName, transaction: string): void {
    // A process that is gone has forgotten it with everything else.
    this.#transactions.get(transaction)?.endTransaction(workspace, transaction);
    this.#transactions.delete(transaction);
  }

  async openSession(workspace: WorkspaceName, session: string): Promise<void> {
    await (await this.#client()).openSession(workspace, session);
  }

  async endSessionTransaction(
    workspace: WorkspaceName,
    session: string,
    outcome: "commit" | "rollback",
  ): Promise<void> {
    await (await this.#client()).endSessionTransaction(workspace, session, outcome);
  }

  closeSession(workspace: WorkspaceName, session: string): void {
    // A process that is gone, or cannot be started, keeps nothing of it.
    this.#current.then(
      (client) => client.closeSession(workspace, session),
      () => undefined,
    );
  }

  open(request: ExecuteRequest, { signal }: { readonly signal: AbortSignal }): EngineStream {
    const open = async (): Promise<EngineStream> =>
      (await this.#clientFor(request)).open(request, signal);
    return new LateStream(open, (outcome) => this.#watched(request, outcome));
  }

  async copyIn(
    request: CopyInRequest,
    source: CopyInSource,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<number> {
    const client = await this.#clientFor(request);
    return await this.#watched(request, client.copyIn(request, source, signal));
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#keeping);
    const client = await this.#current.catch(() => undefined);
    client?.kill();
    await client?.ended;
    rmSync(this.#tempDirectory(), { recursive: true, force: true });
  }

  async #configure(
    client: EngineClient,
    workspace: WorkspaceName,
    definition: EngineWorkspace,
  ): Promise<ConfiguredWorkspace> {
    const configured = await client.configure(workspace, definition);
    const { unattached } = configured;
    if (unattached.length > 0) this.#options.damaged?.(workspace, unattached);
    return configured;
  }

  async #watched<T>(
    { workspace }: Pick<DescribeRequest, "workspace">,
    work: Promise<T>,
  ): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof PgError && error.sqlstate === SQLSTATE.data_corrupted) {
        this.#options.damaged?.(workspace, undefined);
      }
      throw error;
    }
  }

  /** The process of the transaction's other statements, which alone can show what they saw. */
  async #clientFor({ transaction }: Pick<DescribeRequest, "transaction">): Promise<EngineClient> {
    const client = await this.#client();
    if (transaction === undefined) return client;
    const known = this.#transactions.get(transaction);
    if (known !== undefined && known !== client) throw snapshotLost();
    this.#transactions.set(transaction, client);
    return client;
  }

  async #client(): Promise<EngineClient> {
    if (this.#closing) {
      throw new PgError("admin_shutdown", "terminating connection due to administrator command");
    }
    const client = await this.#current;
    if (!client.isLost) return client;
    // Its socket closes a moment before its end is known; then the next one is on its way.
    await client.ended;
    return await this.#current;
  }

  async #start(): Promise<EngineClient> {
    const startedAt = performance.now();
    const client = this.#spawn();
    void client.ended.then(() => this.#ended(startedAt));
    await client.start({ tempDirectory: this.#tempDirectory() });
    for (const [workspace, definition] of this.#definitions) {
      // One workspace that cannot be opened is no reason for the others to have no engine.
      await this.#configure(client, workspace, definition).catch((error: unknown) => {
        this.#options.log.error({ err: error, workspace }, "workspace could not be opened");
      });
    }
    this.#options.log.debug(
      { pid: client.processId, durationMs: Math.round(performance.now() - startedAt) },
      "engine process started",
    );
    return client;
  }

  #ended(startedAt: number): void {
    if (this.#closing) return;
    const { log, restarted } = this.#options;
    // A process that dies at once, each time, is started again more and more slowly.
    this.#quickDeaths = performance.now() - startedAt < 5_000 ? this.#quickDeaths + 1 : 0;
    const delayMs = Math.min(10_000, RESTART_DELAY_MS * this.#quickDeaths ** 2);
    log.error({ delayMs }, "engine process ended; starting it again");
    restarted?.();
    this.#generation += 1;
    const next = new Promise<void>((resolve) => setTimeout(resolve, delayMs)).then(() =>
      this.#start(),
    );
    // Whoever asks meanwhile hears the failure; the next death starts another try.
    next.catch((error: unknown) =>
      log.error({ err: error }, "engine process could not be started"),
    );
    this.#current = next;
  }

  #tempDirectory(): string {
    // Named so that the cache removes it should this process die.
    return join(this.#options.tempDirectory, ownerName(`engine-${this.#generation % 2}`));
  }

  #spawn(): EngineClient {
    const { memoryBytes, statements, graceMs } = this.#options;
    const directory = this.#tempDirectory();
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const entry = moduleEntry(import.meta.url, "../engine-process/main");
    const threads = Math.min(MAX_THREADS, statements + SPARE_THREADS);
    const bytes = memoryBytes + RUNTIME_BYTES + threads * THREAD_STACK_BYTES;
    const kilobytes = Math.ceil(bytes / 1024);
    // The shell sets the limit and becomes Node.js; its arguments are data, not text of a command.
    const child = spawn(
      "/bin/sh",
      [
        "-c",
        'ulimit -d "$0" && exec "$@"',
        String(kilobytes),
        process.execPath,
        // DuckDB frees a chunk when V8 collects it, and V8 does not see its size: look often.
        "--max-semi-space-size=1",
        ...entry.execArgv,
        entry.path,
      ],
      {
        stdio: ["ignore", "inherit", "inherit", "pipe"],
        cwd: directory,
        // Nothing of the gateway's environment, which may hold credentials.
        env: {
          PATH: process.env["PATH"] ?? "",
          UV_THREADPOOL_SIZE: String(threads),
          HOME: directory,
        },
      },
    );
    const socket = child.stdio[3];
    if (!(socket instanceof Socket)) throw new Error("the engine process has no socket");
    return new EngineClient(child, socket, { graceMs });
  }
}

/** A stream of a process that may still be starting. */
class LateStream implements EngineStream {
  readonly #open: () => Promise<EngineStream>;
  readonly #watched: (outcome: Promise<RunOutcome>) => Promise<RunOutcome>;
  #stream: EngineStream | undefined;
  #closed = false;

  constructor(
    open: () => Promise<EngineStream>,
    watched: (outcome: Promise<RunOutcome>) => Promise<RunOutcome>,
  ) {
    this.#open = open;
    this.#watched = watched;
  }

  async run(sink: RowSink, maxRows: number, cursor?: CursorRun): Promise<RunOutcome> {
    this.#stream ??= await this.#open();
    if (this.#closed) this.#stream.close();
    return await this.#watched(this.#stream.run(sink, maxRows, cursor));
  }

  close(): void {
    this.#closed = true;
    this.#stream?.close();
  }
}
