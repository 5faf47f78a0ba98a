import {
  type DuckDBPreparedStatement,
  type DuckDBResult,
  ResultReturnType,
} from "@duckdb/node-api";
import type { PgError } from "../core/pg-error.ts";
import type { DuckDBType } from "../pgtypes/duckdb-type.ts";
import { DataChunk } from "./vectors.ts";

export interface ResultColumn {
  readonly name: string;
  readonly type: DuckDBType;
}

/** What statements and streams need of their connection. */
export interface StreamHost {
  /** Runs `work` as what the connection is doing, and translates its errors. */
  run<T>(sql: string, work: () => Promise<T>): Promise<T>;
  /** The same for the open stream's own work. */
  fetch<T>(work: () => Promise<T>): Promise<T>;
  prepareAgain(sql: string): Promise<DuckDBPreparedStatement>;
  opened(stream: RowStream): void;
  ended(stream: RowStream): void;
  /** Why the connection was interrupted, if it was. */
  interruption(): PgError | undefined;
  /** Makes DuckDB stop what it does for this connection. */
  stop(): void;
}

/** The rows of a running statement, chunk by chunk, with the next chunk always on its way. */
export class RowStream implements AsyncDisposable {
  readonly columns: readonly ResultColumn[];
  readonly #result: DuckDBResult;
  readonly #host: StreamHost;
  readonly #failure: () => Promise<unknown>;
  #next: Promise<DataChunk | undefined> | undefined;
  #ended = false;

  constructor(
    result: DuckDBResult,
    columns: readonly ResultColumn[],
    host: StreamHost,
    failure: () => Promise<unknown>,
  ) {
    this.#result = result;
    this.columns = columns;
    this.#host = host;
    this.#failure = failure;
    host.opened(this);
  }

  /** The next rows, at least one; undefined at the end. Throws if the statement failed. */
  async next(): Promise<DataChunk | undefined> {
    if (this.#ended) return undefined;
    const chunk = await (this.#next ?? this.#fetch());
    this.#next = undefined;
    const interruption = this.#host.interruption();
    if (interruption !== undefined) {
      await this.close();
      throw interruption;
    }
    if (chunk !== undefined) {
      this.#next = this.#fetch();
      // Whoever calls next() or close() hears of a failure; until then nobody is listening.
      this.#next.catch(() => undefined);
      return chunk;
    }
    // An empty chunk is all that the binding gives both at the end and after a failure. Only the
    // result's type, asked before any further fetch, tells them apart.
    const completed = this.#result.returnType !== ResultReturnType.INVALID;
    this.#end();
    if (completed) return undefined;
    throw await this.#failure();
  }

  /** Ends the statement, wherever it is. Harmless at the end. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#host.stop();
    await this.#next?.catch(() => undefined);
    // After an interrupt, one more fetch is what makes DuckDB let go of the result.
    if (!this.#ended) await this.#fetch().catch(() => undefined);
    this.#end();
  }

  /**
   * Ends the statement without an interrupt, which a transaction would not survive: DuckDB drops
   * the rest as soon as the connection does something else.
   */
  async abandon(): Promise<void> {
    if (this.#ended) return;
    await this.#next?.catch(() => undefined);
    this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#next = undefined;
    this.#host.ended(this);
  }

  async #fetch(): Promise<DataChunk | undefined> {
    const chunk = await this.#host.fetch(() => this.#result.fetchChunk());
    return chunk === null || chunk.rowCount === 0 ? undefined : new DataChunk(chunk);
  }
}
