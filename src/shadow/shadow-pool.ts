import type { WorkspaceName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import type { Logger } from "../observe/logger.ts";
import { adaptCatalogSql } from "./adapt-catalog-sql.ts";
import { DataDirectory } from "./data-directory.ts";
import type { MirrorModel } from "./mirror.ts";
import { describeRequest, executeRequest } from "./requests.ts";
import type {
  Shadow,
  ShadowAnswer,
  ShadowContext,
  ShadowDescription,
  ShadowRequest,
} from "./shadow.ts";
import { ShadowProcess } from "./shadow-process.ts";
import { checkStatementKind } from "./statement-guard.ts";
import { unknownDatabase, WorkspaceShadow } from "./workspace-shadow.ts";

export interface ShadowPoolOptions {
  /** Where the prepared data directory is kept between runs. */
  readonly cacheDirectory: string;
  readonly log: Logger;
  /** Processes at once, some 150 MB each; the least recently used makes room. */
  readonly maxProcesses?: number;
  /** After so long without a request a process ends. */
  readonly idleMs?: number;
  /** Whoever takes longer to start, or then to be mirrored, hangs. */
  readonly startTimeoutMs?: number;
}

const DEFAULT_MAX_PROCESSES = 4;
const DEFAULT_IDLE_MS = 5 * 60_000;
const DEFAULT_START_TIMEOUT_MS = 60_000;

/** The shadows of all workspaces: a process each, started on demand and restarted when stuck. */
export class ShadowPool implements Shadow {
  readonly #options: Required<ShadowPoolOptions>;
  readonly #dataDirectory: DataDirectory;
  readonly #workspaces = new Map<WorkspaceName, WorkspaceShadow>();
  readonly #idleTimers = new Map<WorkspaceName, NodeJS.Timeout>();
  /** Those who wait until a process has ended or become idle. */
  #waiting: (() => void)[] = [];
  #processes = 0;
  #closing = false;

  constructor(options: ShadowPoolOptions) {
    this.#options = {
      maxProcesses: DEFAULT_MAX_PROCESSES,
      idleMs: DEFAULT_IDLE_MS,
      startTimeoutMs: DEFAULT_START_TIMEOUT_MS,
      ...options,
    };
    this.#dataDirectory = new DataDirectory(options.cacheDirectory, options.log);
  }

  /** What the workspace is from now on; its next request sees it. */
  update(workspace: WorkspaceName, model: MirrorModel): void {
    const known = this.#workspaces.get(workspace);
    if (known !== undefined) {
      known.update(model);
      return;
    }
    const log = this.#options.log.child({ workspace });
    const shadow: WorkspaceShadow = new WorkspaceShadow(model, {
      start: (signal) => this.#start(signal),
      mirrorTimeoutMs: this.#options.startTimeoutMs,
      changed: () => this.#changed(workspace, shadow),
      log,
    });
    this.#workspaces.set(workspace, shadow);
  }

  async remove(workspace: WorkspaceName): Promise<void> {
    const shadow = this.#workspaces.get(workspace);
    this.#workspaces.delete(workspace);
    clearTimeout(this.#idleTimers.get(workspace));
    this.#idleTimers.delete(workspace);
    await shadow?.remove();
  }

  /** Makes what all processes start from, which takes seconds once, before the first of them needs it. */
  async prepare(): Promise<void> {
    await this.#dataDirectory.path();
  }

  /** Starts the workspace's process before the first request asks for it. */
  async warm(
    workspace: WorkspaceName,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<void> {
    await this.#shadow(workspace).warm(signal);
  }

  async describe(
    { sql, parameterOids }: Pick<ShadowRequest, "sql" | "parameterOids">,
    context: ShadowContext,
  ): Promise<ShadowDescription> {
    const messages = describeRequest(adaptCatalogSql(sql), parameterOids);
    return await this.#shadow(context.workspace).request(messages, "description", context);
  }

  async execute(request: ShadowRequest, context: ShadowContext): Promise<ShadowAnswer> {
    checkStatementKind(request.sql);
    const messages = executeRequest({ ...request, sql: adaptCatalogSql(request.sql) });
    return await this.#shadow(context.workspace).request(messages, "execution", context);
  }

  /** The process of a workspace, while it has one: for tests and for the status. */
  processId(workspace: WorkspaceName): number | undefined {
    return this.#workspaces.get(workspace)?.process?.processId;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#dataDirectory.close();
    this.#wakeAll();
    await Promise.all([...this.#workspaces.keys()].map((workspace) => this.remove(workspace)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #shadow(workspace: WorkspaceName): WorkspaceShadow {
    if (this.#closing) throw shuttingDown();
    const shadow = this.#workspaces.get(workspace);
    if (shadow !== undefined) return shadow;
    throw unknownDatabase(workspace);
  }

  async #start(stopping: AbortSignal): Promise<ShadowProcess> {
    const dataDirectory = await this.#dataDirectory.path();
    const timeout = AbortSignal.timeout(this.#options.startTimeoutMs);
    const signal = AbortSignal.any([stopping, timeout]);
    await this.#reserve(signal);
    try {
      const process = await ShadowProcess.start(dataDirectory, signal);
      void process.exited.then(() => this.#release());
      return process;
    } catch (error) {
      this.#release();
      // An archive that nothing starts from would fail for ever.
      if (!signal.aborted) await this.#dataDirectory.discard();
      throw error;
    }
  }

  /** Waits for one of the allowed processes, and ends an idle one to get it. */
  async #reserve(signal: AbortSignal): Promise<void> {
    while (this.#processes >= this.#options.maxProcesses) {
      signal.throwIfAborted();
      if (this.#closing) throw shuttingDown();
      const change = new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      void this.#leastRecentlyUsed()?.stop();
      await change;
    }
    if (this.#closing) throw shuttingDown();
    this.#processes += 1;
  }

  #leastRecentlyUsed(): WorkspaceShadow | undefined {
    return [...this.#workspaces.values()]
      .filter((shadow) => shadow.idle && shadow.process !== undefined)
      .toSorted((a, b) => a.lastUsed - b.lastUsed)[0];
  }

  #release(): void {
    this.#processes -= 1;
    this.#wakeAll();
  }

  /** A shadow has become idle, or its process has ended. */
  #changed(workspace: WorkspaceName, shadow: WorkspaceShadow): void {
    clearTimeout(this.#idleTimers.get(workspace));
    this.#idleTimers.delete(workspace);
    if (shadow.idle && shadow.process !== undefined && !this.#closing) {
      const close = () => {
        if (shadow.idle) void shadow.stop();
      };
      this.#idleTimers.set(workspace, setTimeout(close, this.#options.idleMs).unref());
    }
    this.#wakeAll();
  }

  #wakeAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

function shuttingDown(): PgError {
  return new PgError("admin_shutdown", "terminating connection due to administrator command");
}
