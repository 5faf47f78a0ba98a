import {
  type DuckDBAppender,
  DuckDBDataChunk,
  type DuckDBValue,
  DuckDBVector,
  type DuckDBType as LibraryType,
} from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import type { DuckDBType } from "../pgtypes/duckdb-type.ts";
import { toPgError } from "./duckdb-error.ts";
import { fromLibraryType } from "./logical-types.ts";
import { toLibraryValue } from "./values.ts";
import { type ColumnValues, writeVector } from "./vector-writer.ts";
import type { DataChunk } from "./vectors.ts";

/** Appends rows to a table in batches of columns, at a fraction of the cost of INSERT. */
export class Appender {
  readonly #appender: DuckDBAppender;
  readonly #types: readonly LibraryType[];
  /** Of the table's columns, in order. */
  readonly types: readonly DuckDBType[];
  /** Filled again and again by `appendCopies`: chunks are freed only when they are collected. */
  #chunk: DuckDBDataChunk | undefined;

  constructor(appender: DuckDBAppender) {
    this.#appender = appender;
    this.#types = Array.from({ length: appender.columnCount }, (_, column) =>
      appender.columnType(column),
    );
    this.types = this.#types.map(fromLibraryType);
  }

  /**
   * Appends `rowCount` rows, given as one array per column of the table, in node-api's values:
   * number, bigint for 64 bits and more, string, boolean, null, and its classes for the rest.
   */
  append(columns: readonly (readonly DuckDBValue[])[], rowCount: number): void {
    this.#checkWidth(columns.length);
    const size = DuckDBVector.standardSize();
    for (let start = 0; start < rowCount; start += size) {
      this.#appendChunk(columns, start, Math.min(start + size, rowCount));
    }
  }

  /** Appends what a query has produced, without looking at it. */
  appendChunk(chunk: DataChunk): void {
    this.#act(() => chunk.appendTo(this.#appender));
  }

  #appendChunk(columns: readonly (readonly DuckDBValue[])[], start: number, end: number): void {
    const chunk = DuckDBDataChunk.create(this.#types, end - start);
    for (const [index, column] of columns.entries()) {
      const vector = chunk.getColumnVector(index);
      for (let row = start; row < end; row += 1) vector.setItem(row - start, column[row] ?? null);
      vector.flush();
    }
    this.#act(() => this.#appender.appendDataChunk(chunk));
  }

  /** Appends at most as many rows as a data chunk holds, from memory that looks as DuckDB's own. */
  appendCopies(columns: readonly ColumnValues[], rowCount: number): void {
    this.#checkWidth(columns.length);
    const chunk = (this.#chunk ??= DuckDBDataChunk.create(this.#types));
    chunk.reset();
    chunk.rowCount = rowCount;
    for (const [index, type] of this.types.entries()) {
      const column = columns[index];
      if (column?.layout === "values") {
        const vector = chunk.getColumnVector(index);
        for (let row = 0; row < rowCount; row += 1) {
          vector.setItem(row, toLibraryValue({ type, value: column.values[row] ?? null }));
        }
        vector.flush();
      } else {
        const vector = duckdb.data_chunk_get_vector(chunk.chunk, index);
        writeVector(vector, type, column, rowCount);
      }
    }
    this.#act(() => this.#appender.appendDataChunk(chunk));
  }

  /** Makes what was appended visible to queries of this connection, and reports what was wrong. */
  flush(): void {
    this.#act(() => this.#appender.flushSync());
  }

  close(): void {
    this.#act(() => this.#appender.closeSync());
  }

  /**
   * Drops what was appended and not flushed. An appender that is only left alone would append it
   * when it is collected, whatever its connection is doing then.
   */
  abandon(): void {
    for (const step of [() => this.#appender.clear(), () => this.#appender.closeSync()]) {
      try {
        step();
      } catch {
        // It says again why it has failed before.
      }
    }
  }

  #checkWidth(columns: number): void {
    if (columns === this.#types.length) return;
    throw new Error(`the table has ${this.#types.length} columns, the batch ${columns}`);
  }

  #act(action: () => void): void {
    try {
      action();
    } catch (error) {
      throw toPgError(error);
    }
  }
}
