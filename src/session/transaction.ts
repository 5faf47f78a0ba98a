import { PgError } from "../core/pg-error.ts";
import type { TransactionStatus } from "../protocol/backend.ts";
import type { SqlContext } from "./context.ts";
import type { ParameterSnapshot, SessionParameters } from "./parameters.ts";

interface Savepoint {
  readonly name: string;
  readonly parameters: ParameterSnapshot;
  readonly mark: number;
}

type State =
  | { readonly name: "idle" }
  | {
      readonly name: "open";
      readonly before: ParameterSnapshot;
      readonly savepoints: readonly Savepoint[];
    }
  | {
      readonly name: "failed";
      readonly before: ParameterSnapshot;
      readonly savepoints: readonly Savepoint[];
    };

/** What a transaction sees, from its first statement to its end. */
export interface Snapshot {
  /** Under which the engine keeps it. */
  readonly name: string;
  readonly sql: SqlContext;
}

export interface Snapshots {
  take(): Snapshot;
  release(snapshot: Snapshot): void;
}

/**
 * The session's transaction block (PostgreSQL documentation, 55.2.2 and SQL's BEGIN). Data is only
 * read, so that all a transaction can undo is the session's own settings.
 */
export class Transaction {
  readonly #parameters: SessionParameters;
  readonly #snapshots: Snapshots;
  #state: State = { name: "idle" };
  /** Several statements in one Query are a transaction, too, without any BEGIN. */
  #isImplicit = false;
  #snapshot: Snapshot | undefined;

  constructor(parameters: SessionParameters, snapshots: Snapshots) {
    this.#parameters = parameters;
    this.#snapshots = snapshots;
  }

  get status(): TransactionStatus {
    switch (this.#state.name) {
      case "idle":
        return "I";
      case "open":
        return "T";
      case "failed":
        return "E";
    }
  }

  /** Taken by the first statement that asks; undefined outside of a transaction. */
  snapshot(): Snapshot | undefined {
    if (this.#state.name === "idle" && !this.#isImplicit) return undefined;
    this.#snapshot ??= this.#snapshots.take();
    return this.#snapshot;
  }

  /** The one that was taken already. */
  get taken(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** Until `endImplicit`, statements see one version even where no block is open. */
  beginImplicit(): void {
    this.#isImplicit = true;
  }

  endImplicit(): void {
    this.#isImplicit = false;
    if (this.#state.name === "idle") this.#releaseSnapshot();
  }

  /** The session ends. */
  close(): void {
    this.#releaseSnapshot();
  }

  /** False where a block is open already: the caller warns. */
  begin(): boolean {
    if (this.#state.name !== "idle") return false;
    this.#state = { name: "open", before: this.#parameters.snapshot(), savepoints: [] };
    return true;
  }

  /** COMMIT in a failed block rolls back, and its tag says so. */
  commit(): "committed" | "rolled back" | "no transaction" {
    if (this.#state.name === "idle") return "no transaction";
    if (this.#state.name === "failed") {
      this.rollback();
      return "rolled back";
    }
    this.#parameters.endLocal();
    this.#end();
    return "committed";
  }

  /** False where no block is open: the caller warns. */
  rollback(): boolean {
    if (this.#state.name === "idle") return false;
    this.#parameters.restore(this.#state.before);
    this.#end();
    return true;
  }

  /** The mark is the caller's, which gets it back by `markOf`. */
  savepoint(name: string, mark: number): void {
    const open = this.#open("SAVEPOINT");
    const savepoint = { name, parameters: this.#parameters.snapshot(), mark };
    this.#state = { ...open, savepoints: [...open.savepoints, savepoint] };
  }

  /** That of the savepoint to which `rollbackTo` would go back. */
  markOf(name: string): number {
    if (this.#state.name === "idle") throw noTransaction("ROLLBACK TO SAVEPOINT");
    const { savepoints } = this.#state;
    return savepoints[this.#find(savepoints, name)]?.mark ?? 0;
  }

  release(name: string): void {
    const open = this.#open("RELEASE SAVEPOINT");
    const index = this.#find(open.savepoints, name);
    this.#state = { ...open, savepoints: open.savepoints.slice(0, index) };
  }

  /** Also brings a failed block back to life. */
  rollbackTo(name: string): void {
    if (this.#state.name === "idle") throw noTransaction("ROLLBACK TO SAVEPOINT");
    const { before, savepoints } = this.#state;
    const index = this.#find(savepoints, name);
    const kept = savepoints.slice(0, index + 1);
    const target = kept[index];
    if (target !== undefined) this.#parameters.restore(target.parameters);
    this.#state = { name: "open", before, savepoints: kept };
  }

  /** A statement has failed: an open block accepts nothing more until it ends. */
  fail(): void {
    if (this.#state.name === "open") this.#state = { ...this.#state, name: "failed" };
  }

  requireOpen(command: string): void {
    this.#open(command);
  }

  #end(): void {
    this.#state = { name: "idle" };
    this.#releaseSnapshot();
  }

  #releaseSnapshot(): void {
    if (this.#snapshot !== undefined) this.#snapshots.release(this.#snapshot);
    this.#snapshot = undefined;
  }

  #open(command: string): Extract<State, { name: "open" }> {
    if (this.#state.name === "open") return this.#state;
    throw this.#state.name === "idle" ? noTransaction(command) : abortedTransaction();
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
