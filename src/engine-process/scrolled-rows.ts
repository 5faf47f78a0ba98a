import type { PgError } from "../core/pg-error.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { RowStream } from "../duckdb/row-stream.ts";
import type { RowPlace } from "../engine/engine.ts";
import { RowSpool } from "./row-spool.ts";

/**
 * The rows of a statement, to be read from any of them in either direction. They are kept as far as
 * somebody has looked: whoever wants the first ten of many does not wait for the others.
 */
export class ScrolledRows {
  readonly #source: RowStream;
  readonly #spool: RowSpool;
  /** All those through which a spool works: what is done for it can be interrupted there. */
  readonly #connections: readonly Connection[];
  #isComplete = false;
  #interruption: PgError | undefined;

  private constructor(source: RowStream, spool: RowSpool, connections: readonly Connection[]) {
    this.#source = source;
    this.#spool = spool;
    this.#connections = connections;
  }

  /** The stream is not to be read by anybody else, and is closed by whoever has opened it. */
  static async create(
    source: RowStream,
    connect: () => Promise<Connection>,
  ): Promise<ScrolledRows> {
    const connections: Connection[] = [];
    const spool = await RowSpool.create(async () => {
      const connection = await connect();
      connections.push(connection);
      return connection;
    }, source.columns);
    return new ScrolledRows(source, spool, connections);
  }

  /** The statement has given all its rows: nothing is asked of it any more. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** How many rows there are from a place on, at most `maxRows` (0 is all). */
  async countFrom({ row, direction }: RowPlace, maxRows: number): Promise<number> {
    const limit = maxRows === 0 ? Number.POSITIVE_INFINITY : maxRows;
    await this.#keep(direction === "forward" ? row + limit : row + 1);
    const { rowCount } = this.#spool;
    if (row < 0 || row >= rowCount) return 0;
    return Math.min(direction === "forward" ? rowCount - row : row + 1, limit);
  }

  /** Rows that `countFrom` has counted. To be read or closed before the next. */
  async range({ row, direction }: RowPlace, count: number): Promise<RowStream> {
    return direction === "forward"
      ? await this.#spool.read({ start: row, end: row + count })
      : await this.#spool.read({ start: row - count + 1, end: row + 1, backward: true });
  }

  /** Keeps all that there is. */
  async complete(): Promise<void> {
    await this.#keep(Number.POSITIVE_INFINITY);
  }

  interrupt(reason: PgError): void {
    this.#interruption ??= reason;
    for (const connection of this.#connections) connection.interrupt(reason);
  }

  async close(): Promise<void> {
    await this.#spool.close();
  }

  async #keep(rowCount: number): Promise<void> {
    while (!this.#isComplete && this.#spool.rowCount < rowCount) {
      const chunk = await this.#source.next();
      if (chunk === undefined) this.#isComplete = true;
      else this.#spool.append(chunk);
      if (this.#interruption !== undefined) throw this.#interruption;
    }
  }
}
