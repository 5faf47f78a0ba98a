import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { Logger } from "../observe/logger.ts";
import { applyMirror } from "./apply-mirror.ts";
import { EMPTY_MODEL, type MirrorModel, mirrorChange } from "./mirror.ts";
import { type Reply, readReply } from "./reply.ts";
import { simpleQuery } from "./requests.ts";
import { checkMember, ownerKey, sessionStateSql } from "./session-state.ts";
import type { ShadowContext } from "./shadow.ts";
import type { ShadowProcess } from "./shadow-process.ts";
import { Turns } from "./turns.ts";

export interface WorkspaceShadowOptions {
  /** A process with the base catalog; `signal` gives up. */
  readonly start: (signal: AbortSignal) => Promise<ShadowProcess>;
  /** Whoever takes longer to be mirrored hangs. */
  readonly mirrorTimeoutMs: number;
  /** Called whenever the shadow has become idle, and when its process has ended. */
  readonly changed: () => void;
  readonly log: Logger;
}

type Complete = Extract<Reply, { outcome: "complete" }>;

/** A running instance, and what of us is in it. */
interface Instance {
  readonly process: ShadowProcess;
  mirrored: MirrorModel;
  /** Whose session state it has; undefined where that is not known. */
  owner: string | undefined;
}

/**
 * One workspace's shadow: its process while there is one, and the model that it mirrors. Requests
 * go through one at a time, each from its first message to ReadyForQuery.
 */
export class WorkspaceShadow {
  readonly #options: WorkspaceShadowOptions;
  readonly #turns = new Turns();
  #model: MirrorModel;
  #instance: Instance | undefined;
  #preparing: Promise<Instance> | undefined;
  #stopping = new AbortController();
  #removed = false;
  /** performance.now() at the end of the last request. */
  lastUsed = performance.now();

  constructor(model: MirrorModel, options: WorkspaceShadowOptions) {
    this.#model = model;
    this.#options = options;
  }

  get idle(): boolean {
    return this.#turns.idle && this.#preparing === undefined;
  }

  get process(): ShadowProcess | undefined {
    return this.#instance?.process;
  }

  /** Counts from the next request on. */
  update(model: MirrorModel): void {
    this.#model = model;
  }

  /** Ready for the first request. */
  async warm(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turn(signal);
    await abortable(this.#prepared(), signal);
  }

  async request(
    messages: Buffer,
    expected: "description" | "execution",
    context: ShadowContext,
  ): Promise<Complete> {
    const { signal } = context;
    using _turn = await this.#turn(signal);
    const instance = await abortable(this.#prepared(), signal);
    signal.throwIfAborted();
    checkMember(context.role, instance.mirrored.members);
    const kill = () => this.#discard(instance);
    signal.addEventListener("abort", kill);
    try {
      await this.#become(instance, context);
      return this.#complete(instance, await this.#roundTrip(instance, messages, expected));
    } catch (error) {
      // The process died of our own hand.
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", kill);
    }
  }

  /** Ends the process, also while it starts. A request that runs hears of it as of any other end. */
  async stop(): Promise<void> {
    const instance = this.#instance;
    if (instance !== undefined) this.#discard(instance);
    this.#stopping.abort(new Error("the shadow was stopped"));
    this.#stopping = new AbortController();
    await instance?.process.exited;
  }

  /** Ends the process for good: requests that wait hear that the workspace is gone. */
  async remove(): Promise<void> {
    this.#removed = true;
    await this.stop();
  }

  async #turn(signal: AbortSignal): Promise<Disposable> {
    const turn = await this.#turns.take(signal);
    return {
      [Symbol.dispose]: () => {
        this.lastUsed = performance.now();
        turn[Symbol.dispose]();
        this.#options.changed();
      },
    };
  }

  /** Shared by all who wait, and cancelled by none of them: the next one needs it as well. */
  async #prepared(): Promise<Instance> {
    this.#preparing ??= this.#prepare().finally(() => {
      this.#preparing = undefined;
      this.#options.changed();
    });
    return await this.#preparing;
  }

  async #prepare(): Promise<Instance> {
    if (this.#removed) throw unknownDatabase(this.#model.database);
    const current = this.#instance;
    if (current?.mirrored === this.#model && current.process.alive) return current;
    const stopping = this.#stopping.signal;
    try {
      const instance = current?.process.alive === true ? current : await this.#start(stopping);
      const timeout = AbortSignal.timeout(this.#options.mirrorTimeoutMs);
      await this.#mirror(instance, AbortSignal.any([stopping, timeout]));
      return instance;
    } catch (error) {
      this.#options.log.error({ err: error }, "shadow could not be started");
      throw new PgError("cannot_connect_now", "the workspace's system catalogs are not available", {
        hint: "Try again; if it stays so, the gateway's log says why.",
        cause: error,
      });
    }
  }

  async #start(signal: AbortSignal): Promise<Instance> {
    const startedAt = performance.now();
    const process = await this.#options.start(signal);
    const instance: Instance = { process, mirrored: EMPTY_MODEL, owner: undefined };
    this.#instance = instance;
    void process.exited.then(() => this.#ended(instance));
    const durationMs = Math.round(performance.now() - startedAt);
    this.#options.log.debug({ pid: process.processId, durationMs }, "shadow started");
    return instance;
  }

  async #mirror(instance: Instance, signal: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    const model = this.#model;
    const steps = mirrorChange(instance.mirrored, model);
    const kill = () => this.#discard(instance);
    signal.addEventListener("abort", kill);
    instance.owner = undefined;
    try {
      await applyMirror(steps, instance.process, this.#options.log);
      instance.mirrored = model;
    } catch (error) {
      // Half a change is worse than none.
      this.#discard(instance);
      throw error;
    } finally {
      signal.removeEventListener("abort", kill);
    }
    const durationMs = Math.round(performance.now() - startedAt);
    this.#options.log.debug({ steps: steps.length, durationMs }, "workspace mirrored");
  }

  /** Makes the instance the session's own, if another one used it before. */
  async #become(instance: Instance, context: ShadowContext): Promise<void> {
    const key = ownerKey(context);
    if (instance.owner === key) return;
    instance.owner = undefined;
    const state = simpleQuery(sessionStateSql(context));
    this.#complete(instance, await this.#roundTrip(instance, state, "execution"));
    instance.owner = key;
  }

  async #roundTrip(
    instance: Instance,
    messages: Buffer,
    expected: "description" | "execution",
  ): Promise<Reply> {
    return readReply(await instance.process.roundTrip(messages), expected);
  }

  /** The answer, or what a client is to hear; an instance that may be damaged is not used again. */
  #complete(instance: Instance, reply: Reply): Complete {
    switch (reply.outcome) {
      case "complete":
        if (reply.inTransaction) this.#discard(instance);
        // set_config() has left something of its statement behind.
        if (reply.effects.length > 0) instance.owner = undefined;
        return reply;
      case "failed":
        if (reply.inTransaction || isDamaging(reply.error)) this.#discard(instance);
        throw reply.error;
      case "broken":
        this.#discard(instance);
        throw new PgError("statement_too_complex", "stack depth limit exceeded", {
          hint: "Write the statement with fewer nested expressions.",
        });
    }
  }

  #discard(instance: Instance): void {
    if (this.#instance === instance) this.#instance = undefined;
    instance.process.kill();
  }

  #ended(instance: Instance): void {
    if (this.#instance === instance) {
      this.#instance = undefined;
      this.#options.log.warn({ pid: instance.process.processId }, "shadow ended unexpectedly");
    }
    this.#options.changed();
  }
}

export function unknownDatabase(name: string): PgError {
  return new PgError("invalid_catalog_name", `database "${name}" does not exist`);
}

/**
 * After an internal error nothing is certain. After out_of_memory the process would stay as large
 * as it has grown, or its lock table full.
 */
function isDamaging({ sqlstate }: PgError): boolean {
  return sqlstate.startsWith("XX") || sqlstate === SQLSTATE.out_of_memory;
}

async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return await new Promise<T>((resolve, reject) => {
    // Whoever aborts gives the reason as an error.
    const leave = () => reject(signal.reason as Error);
    signal.addEventListener("abort", leave, { once: true });
    void work.finally(() => signal.removeEventListener("abort", leave)).then(resolve, reject);
  });
}
