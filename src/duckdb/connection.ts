import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { PgError } from "../core/pg-error.ts";
import { Appender } from "./appender.ts";
import { toPgError } from "./duckdb-error.ts";
import { PreparedStatement } from "./prepared-statement.ts";
import type { RowStream, StreamHost } from "./row-stream.ts";

export type { DuckDBValue } from "@duckdb/node-api";

export interface Progress {
  /** 0 to 100; -1 where DuckDB does not know. Needs `enable_progress_bar`. */
  readonly percentage: number;
  readonly rowsProcessed: number;
  readonly rowsTotal: number;
}

/** How soon an interrupt that came too early comes again. */
const INSIST_MS = 10;

/**
 * A connection to one instance. It does one thing at a time: DuckDB would end an open stream, without
 * a word, as soon as anything else is done on its connection, so that is refused here.
 */
export class Connection {
  readonly #connection: DuckDBConnection;
  readonly #host: StreamHost;
  /** Calls that are with DuckDB now. */
  #calls = 0;
  #stream: RowStream | undefined;
  #interruption: PgError | undefined;
  #insisting: NodeJS.Timeout | undefined;
  #closing = false;
  #disconnected = false;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
    this.#host = {
      run: (sql, work) => this.#do(sql, work),
      fetch: (work) => this.#call("", work),
      prepareAgain: (sql) => this.#connection.prepare(sql),
      opened: (stream) => {
        this.#stream = stream;
      },
      ended: () => {
        this.#stream = undefined;
        this.#settle();
      },
      interruption: () => this.#interruption,
      stop: () => this.#connection.interrupt(),
    };
  }

  /** Runs one statement for its effect. */
  async run(sql: string, parameters?: readonly DuckDBValue[]): Promise<void> {
    await this.#do(sql, () => this.#connection.run(sql, parameters?.slice()));
  }

  /** The whole result in memory, with node-api's own values: for small results only. */
  async rows(
    sql: string,
    parameters?: readonly DuckDBValue[],
  ): Promise<readonly (readonly DuckDBValue[])[]> {
    return this.#do(sql, async () => {
      const result = await this.#connection.run(sql, parameters?.slice());
      return result.getRows();
    });
  }

  /** Parses and plans without executing. */
  async prepare(sql: string): Promise<PreparedStatement> {
    const prepared = await this.#do(sql, () => this.#connection.prepare(sql));
    return new PreparedStatement(sql, prepared, this.#host);
  }

  /** Appends many rows to a table; closed by the caller. */
  async appender(table: string, schema?: string, catalog?: string): Promise<Appender> {
    return this.#do(
      "",
      async () => new Appender(await this.#connection.createAppender(table, schema, catalog)),
    );
  }

  /**
   * Ends what is running, or the open stream, with `reason`. Without effect on an idle connection.
   * DuckDB can take minutes to notice: whoever must not wait kills the process.
   */
  interrupt(reason: PgError = canceled()): void {
    if (this.#calls === 0 && this.#stream === undefined) return;
    this.#interruption ??= reason;
    this.#connection.interrupt();
    // DuckDB forgets an interrupt when a statement begins, which one that waits for a thread still will.
    this.#insisting ??= setInterval(() => this.#connection.interrupt(), INSIST_MS).unref();
  }

  get progress(): Progress {
    const { percentage, rows_processed, total_rows_to_process } = this.#connection.progress;
    return {
      percentage,
      rowsProcessed: Number(rows_processed),
      rowsTotal: Number(total_rows_to_process),
    };
  }

  /**
   * Gives the connection back. A call that is still with DuckDB is interrupted first and the
   * connection closes when it has ended, because a statement whose connection is gone runs on and
   * nothing can stop it.
   */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#calls === 0) this.#disconnect();
    else this.interrupt();
  }

  async #do<T>(sql: string, work: () => Promise<T>): Promise<T> {
    if (this.#stream !== undefined) throw new Error("this connection has an open stream");
    return this.#call(sql, work);
  }

  async #call<T>(sql: string, work: () => Promise<T>): Promise<T> {
    if (this.#closing) throw new Error("this connection is closed");
    this.#calls += 1;
    try {
      return await work();
    } catch (error) {
      throw this.#interruption ?? toPgError(error, sql);
    } finally {
      this.#calls -= 1;
      this.#settle();
    }
  }

  /** An interruption ends with what it interrupted. */
  #settle(): void {
    if (this.#calls > 0) return;
    if (this.#stream === undefined) {
      this.#interruption = undefined;
      clearInterval(this.#insisting);
      this.#insisting = undefined;
    }
    if (this.#closing) this.#disconnect();
  }

  #disconnect(): void {
    if (this.#disconnected) return;
    this.#disconnected = true;
    clearInterval(this.#insisting);
    this.#connection.disconnectSync();
  }
}

function canceled(): PgError {
  return new PgError("query_canceled", "canceling statement due to user request");
}
