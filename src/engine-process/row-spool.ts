import type { Appender } from "../duckdb/appender.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { ResultColumn, RowStream } from "../duckdb/row-stream.ts";
import type { DataChunk } from "../duckdb/vectors.ts";
import { duckdbTypeText } from "../pgtypes/duckdb-type.ts";

/** Rows of a spool, counted from 0, in either direction. */
export interface SpoolRange {
  readonly start: number;
  /** Exclusive; undefined is up to the last. */
  readonly end?: number;
  readonly backward?: boolean;
}

/** Of all workspaces in this process, so that no two catalogs of one have the same name. */
let nextSpool = 1;

/**
 * A result kept row by row in a catalog of its own, in memory and, where memory is short, in the
 * workspace's temporary directory, within its quota. Written once, it is read from anywhere.
 */
export class RowSpool {
  readonly #connect: () => Promise<Connection>;
  readonly #writer: Connection;
  readonly #catalog: string;
  readonly #appender: Appender;
  #reader: Connection | undefined;
  #reading: RowStream | undefined;
  #rowCount = 0;

  private constructor(
    connect: () => Promise<Connection>,
    writer: Connection,
    catalog: string,
    appender: Appender,
  ) {
    this.#connect = connect;
    this.#writer = writer;
    this.#catalog = catalog;
    this.#appender = appender;
  }

  static async create(
    connect: () => Promise<Connection>,
    columns: readonly ResultColumn[],
  ): Promise<RowSpool> {
    const catalog = `spool${nextSpool++}`;
    const writer = await connect();
    try {
      await writer.run(`ATTACH ':memory:' AS ${catalog}`);
      const definitions = columns.map(({ type }, index) => `c${index} ${duckdbTypeText(type)}`);
      await writer.run(`CREATE TABLE ${catalog}.main.rows (${definitions.join(", ")})`);
      const appender = await writer.appender("rows", "main", catalog);
      return new RowSpool(connect, writer, catalog, appender);
    } catch (error) {
      await drop(writer, catalog);
      throw error;
    }
  }

  /** Up to now. */
  get rowCount(): number {
    return this.#rowCount;
  }

  append(chunk: DataChunk): void {
    this.#appender.appendChunk(chunk);
    this.#rowCount += chunk.rowCount;
  }

  /** Takes all that is left of a stream. */
  async drain(source: RowStream): Promise<void> {
    for (;;) {
      const chunk = await source.next();
      if (chunk === undefined) return;
      this.append(chunk);
    }
  }

  /** Rows of those that were appended so far. One reading at a time: the next one ends it. */
  async read({ start, end, backward = false }: SpoolRange): Promise<RowStream> {
    this.#appender.flush();
    await this.#reading?.close();
    this.#reader ??= await this.#connect();
    const bounds = [`rowid >= ${start}`, ...(end === undefined ? [] : [`rowid < ${end}`])];
    // A scan keeps the order of the rows by itself.
    const order = backward ? " ORDER BY rowid DESC" : "";
    const sql = `FROM ${this.#catalog}.main.rows WHERE ${bounds.join(" AND ")}${order}`;
    const prepared = await this.#reader.prepare(sql);
    this.#reading = await prepared.stream();
    return this.#reading;
  }

  /** Nothing may be read from it any more. Also one that has failed half way goes without a trace. */
  async close(): Promise<void> {
    await this.#reading?.close().catch(() => undefined);
    this.#reader?.close();
    this.#appender.abandon();
    await drop(this.#writer, this.#catalog);
  }
}

/** A database that is being closed takes its catalogs with it. */
async function drop(writer: Connection, catalog: string): Promise<void> {
  await writer.run(`DETACH DATABASE IF EXISTS ${catalog}`).catch(() => undefined);
  writer.close();
}
