import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { TransactionStatus } from "../protocol/backend.ts";
import type { Notice } from "../protocol/error-response.ts";
import type { ChannelSnapshot, SessionChannels } from "./channels.ts";
import type { SqlContext } from "./context.ts";
import type { ParameterSnapshot, SessionParameters } from "./parameters.ts";

/** All that a transaction can undo. */
interface Undo {
  readonly parameters: ParameterSnapshot;
  readonly channels: ChannelSnapshot;
}

interface Savepoint {
  readonly name: string;
  readonly undo: Undo;
  readonly marks: Marks;
}

/** What had been made when a savepoint was set, of what others undo. */
export interface Marks {
  readonly temporary: number;
  readonly portals: number;
}

interface Block {
  readonly before: Undo;
  readonly savepoints: readonly Savepoint[];
}

/** As in PostgreSQL's xact.c, less what only a server with processes and disks needs. */
type State =
  | { readonly name: "idle" }
  /** Without a BEGIN: one statement, or those of a pipeline up to its Sync. */
  | { readonly name: "started"; readonly before: Undo }
  /** Without a BEGIN: several statements of one Query. */
  | { readonly name: "implicit"; readonly before: Undo }
  | ({ readonly name: "open" } & Block)
  | ({ readonly name: "failed" } & Block);

/** What a transaction sees, from its first statement to its end. */
export interface Snapshot {
  /** Under which the engine keeps it. */
  readonly name: string;
  readonly sql: SqlContext;
}

export interface TransactionEvents {
  take(): Snapshot;
  release(snapshot: Snapshot): void;
  /** It is over, and so is what lives no longer than a transaction. */
  ended(outcome: "committed" | "rolled back"): void;
}

/**
 * The session's transaction (PostgreSQL documentation, 55.2.2.1, 55.2.4 and SQL's BEGIN): there is one
 * around everything that a client sends, whether it says BEGIN or not. Files are only read, so that
 * all it undoes here is the session's own settings and notifications.
 */
export class Transaction {
  readonly #parameters: SessionParameters;
  readonly #channels: SessionChannels;
  readonly #events: TransactionEvents;
  #state: State = { name: "idle" };
  #snapshot: Snapshot | undefined;
  #pipelining = false;

  constructor(parameters: SessionParameters, channels: SessionChannels, events: TransactionEvents) {
    this.#parameters = parameters;
    this.#channels = channels;
    this.#events = events;
  }

  get status(): TransactionStatus {
    switch (this.#state.name) {
      case "idle":
      case "started":
      case "implicit":
        return "I";
      case "open":
        return "T";
      case "failed":
        return "E";
    }
  }

  /** Whether a BEGIN, or the Query's other statements, make this statement one of several. */
  get isInBlock(): boolean {
    return this.#state.name !== "idle" && this.#state.name !== "started";
  }

  /** Whether statements of the same pipeline have run since its last Sync. */
  get isInPipeline(): boolean {
    return this.#pipelining;
  }

  get isInSavepoint(): boolean {
    return this.#block !== undefined && this.#block.savepoints.length > 0;
  }

  /** Taken by the first statement that asks; undefined where each statement sees what is newest. */
  snapshot(): Snapshot | undefined {
    if (!this.isInBlock) return undefined;
    this.#snapshot ??= this.#events.take();
    return this.#snapshot;
  }

  /** The one that was taken already. */
  get taken(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** A message of the client is worked on. */
  start(): void {
    if (this.#state.name === "idle") this.#state = { name: "started", before: this.#undo() };
  }

  /** The end of what a client has sent in one go: without a BEGIN, it is final. */
  finish(): void {
    if (this.#state.name === "started" || this.#state.name === "implicit") this.#commit();
    this.#pipelining = false;
  }

  /** A statement of the extended protocol has run; those behind it, up to Sync, share its fate. */
  executed(): void {
    if (this.#state.name !== "idle") this.#pipelining = true;
  }

  /** Until `finish`, statements are a block even without a BEGIN. */
  beginImplicit(): void {
    this.start();
    if (this.#state.name === "started") this.#state = { ...this.#state, name: "implicit" };
  }

  /** The session ends. */
  close(): void {
    this.#channels.close();
    this.#releaseSnapshot();
  }

  /** False where a block is open already: the caller warns. What ran before in the same go is part of it. */
  begin(): boolean {
    if (this.#block !== undefined) return false;
    this.start();
    if (this.#state.name !== "started" && this.#state.name !== "implicit") return false;
    this.#state = { name: "open", before: this.#state.before, savepoints: [] };
    return true;
  }

  /** COMMIT in a failed block rolls back, and its tag says so. */
  commit(): "committed" | "rolled back" | "no transaction" {
    if (this.#state.name === "failed") {
      this.rollback();
      return "rolled back";
    }
    const isOpen = this.#state.name === "open";
    this.#commit();
    return isOpen ? "committed" : "no transaction";
  }

  /** False where no block is open: the caller warns. What ran before in the same go is undone. */
  rollback(): boolean {
    const isOpen = this.#block !== undefined;
    if (this.#state.name !== "idle") this.#goBack(this.#state.before);
    this.#end("rolled back");
    return isOpen;
  }

  /** The marks are the caller's, which gets them back by `marksOf`. */
  savepoint(name: string, marks: Marks): void {
    const open = this.#open("SAVEPOINT");
    const savepoint = { name, undo: this.#undo(), marks };
    this.#state = { ...open, savepoints: [...open.savepoints, savepoint] };
  }

  /** Those of the savepoint to which `rollbackTo` would go back. */
  marksOf(name: string): Marks {
    if (this.#block === undefined) throw noTransaction("ROLLBACK TO SAVEPOINT");
    const { savepoints } = this.#block;
    const { marks } = savepoints[this.#find(savepoints, name)] ?? {};
    return marks ?? { temporary: 0, portals: 0 };
  }

  release(name: string): void {
    const open = this.#open("RELEASE SAVEPOINT");
    const index = this.#find(open.savepoints, name);
    this.#state = { ...open, savepoints: open.savepoints.slice(0, index) };
  }

  /** Also brings a failed block back to life. */
  rollbackTo(name: string): void {
    if (this.#block === undefined) throw noTransaction("ROLLBACK TO SAVEPOINT");
    const { before, savepoints } = this.#block;
    const index = this.#find(savepoints, name);
    const kept = savepoints.slice(0, index + 1);
    const target = kept[index];
    if (target !== undefined) this.#goBack(target.undo);
    this.#state = { name: "open", before, savepoints: kept };
  }

  /**
   * A statement has failed. What it and those before it have done is undone: up to the last savepoint
   * of an open block, which accepts nothing more until it ends, else from the beginning.
   */
  fail(): void {
    switch (this.#state.name) {
      case "open":
        this.#goBack(this.#state.savepoints.at(-1)?.undo ?? this.#state.before);
        this.#state = { ...this.#state, name: "failed" };
        return;
      case "started":
      case "implicit":
        this.rollback();
        return;
      case "idle":
      case "failed":
        return;
    }
  }

  /** A block that has not failed, with or without a BEGIN. */
  requireOpen(command: string): void {
    if (this.#state.name !== "implicit") this.#open(command);
  }

  /** A block of BEGIN, open or failed: what ends it may run. */
  requireBlock(command: string): void {
    if (this.#block === undefined) throw noTransaction(command);
  }

  /** What counts until the end of a transaction has no effect where there is none to speak of. */
  warnOutside(command: string, sink: { notice(notice: Notice): void }): void {
    if (this.isInBlock) return;
    sink.notice({
      severity: "WARNING",
      sqlstate: SQLSTATE.no_active_sql_transaction,
      message: `${command} can only be used in transaction blocks`,
    });
  }

  get #block(): Block | undefined {
    return this.#state.name === "open" || this.#state.name === "failed" ? this.#state : undefined;
  }

  #commit(): void {
    this.#parameters.endLocal();
    this.#channels.commit();
    this.#end("committed");
  }

  #end(outcome: "committed" | "rolled back"): void {
    this.#state = { name: "idle" };
    this.#pipelining = false;
    this.#releaseSnapshot();
    this.#events.ended(outcome);
  }

  #undo(): Undo {
    return { parameters: this.#parameters.snapshot(), channels: this.#channels.snapshot() };
  }

  #goBack({ parameters, channels }: Undo): void {
    this.#parameters.restore(parameters);
    this.#channels.restore(channels);
  }

  #releaseSnapshot(): void {
    if (this.#snapshot !== undefined) this.#events.release(this.#snapshot);
    this.#snapshot = undefined;
  }

  #open(command: string): Extract<State, { name: "open" }> {
    if (this.#state.name === "open") return this.#state;
    throw this.#state.name === "failed" ? abortedTransaction() : noTransaction(command);
  }

  #find(savepoints: readonly Savepoint[], name: string): number {
    const index = savepoints.findLastIndex((savepoint) => savepoint.name === name);
    if (index >= 0) return index;
    throw new PgError("invalid_savepoint_specification", `savepoint "${name}" does not exist`);
  }
}

export function abortedTransaction(): PgError {
  return new PgError(
    "in_failed_sql_transaction",
    "current transaction is aborted, commands ignored until end of transaction block",
  );
}

function noTransaction(command: string): PgError {
  return new PgError(
    "no_active_sql_transaction",
    `${command} can only be used in transaction blocks`,
  );
}
