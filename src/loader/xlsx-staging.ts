/**
 * Rows of a sheet on their way into a table, some at a time. They are appended to a temporary table
 * without any conversion, which takes a few milliseconds for each batch; from there SQL moves them on
 * in DuckDB's own threads, so that compression never holds up what else the process does.
 */
import type { Appender } from "../duckdb/appender.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { ColumnValues } from "../duckdb/vector-writer.ts";
import type {
  CellKind,
  CellReject,
  ColumnBatch,
  SheetBatch,
  SheetReader,
} from "../formats/xlsx.ts";

/** The temporary table, which holds the rows' numbers as `line` beside the columns asked for. */
export const SLICE = "temp.slice";

/** DuckDB's row group: smaller slices of a narrow table would be compressed twice. */
const MOST_ROWS = 122_880;
/** Cells of a slice, which lie uncompressed in memory, and the bytes of their texts. */
const MOST_CELLS = 2_000_000;
const MOST_TEXT_BYTES = 64 * 1024 * 1024;
const MOST_REJECTS = 10_000;
/** What the appender moves on at once: more would take it too long, less costs it twice the work. */
const FLUSHED_CELLS = 150_000;

const TYPES: { readonly [K in CellKind]: string } = {
  boolean: "BOOLEAN",
  bigint: "BIGINT",
  double: "DOUBLE",
  date: "DATE",
  timestamp: "TIMESTAMP",
  time: "TIME",
  interval: "INTERVAL",
  text: "VARCHAR",
};

export interface StagedColumn {
  /** In the temporary table. */
  readonly name: string;
  readonly kind: CellKind;
  /** The reader's column; undefined where this sheet has no such column. */
  readonly place: number | undefined;
}

/** Makes the temporary table, without rows. */
export async function makeSlice(
  columns: readonly StagedColumn[],
  connection: Connection,
): Promise<void> {
  const list = columns.map(({ name, kind }) => `, ${name} ${TYPES[kind]}`).join("");
  await connection.run(`CREATE OR REPLACE TEMP TABLE slice (line BIGINT${list})`);
}

/** A full temporary table. */
export interface Slice {
  /** Whose table it is. */
  readonly connection: Connection;
  /** The rejected cells of its rows. */
  readonly rejects: readonly CellReject[];
}

/**
 * Slice after slice, on the connections in turn: while one is moved on, the next can be filled on
 * the other. A slice is at its end when the next but one is asked for.
 */
export async function* stagedSlices(
  reader: SheetReader,
  columns: readonly StagedColumn[],
  nextConnection: () => Promise<Connection>,
  signal: AbortSignal,
): AsyncGenerator<Slice> {
  const sliceRows = Math.min(MOST_ROWS, MOST_CELLS / (columns.length + 1));
  const kinds: (CellKind | undefined)[] = reader.columns.map(() => undefined);
  for (const { place, kind } of columns) if (place !== undefined) kinds[place] = kind;
  let connection: Connection | undefined;
  let appender: Appender | undefined;
  let rejects: CellReject[] = [];
  let rowCount = 0;
  let textBytes = 0;
  let cellsToFlush = 0;
  try {
    for await (const batch of reader.batches(kinds, signal)) {
      if (appender === undefined) {
        connection = await nextConnection();
        await makeSlice(columns, connection);
        appender = await connection.appender("slice", "main", "temp");
      }
      const values = columns.map(({ place }) =>
        place === undefined ? undefined : columnValues(batch.columns[place]),
      );
      appender.appendCopies(
        [lineNumbers(batch.firstRow, batch.rowCount), ...values],
        batch.rowCount,
      );
      cellsToFlush += batch.rowCount * columns.length;
      if (cellsToFlush > FLUSHED_CELLS) {
        appender.flush();
        cellsToFlush = 0;
      }
      rejects.push(...batch.rejects);
      rowCount += batch.rowCount;
      textBytes += textBytesOf(batch);
      const isFull = rowCount >= sliceRows || textBytes > MOST_TEXT_BYTES;
      if (!isFull && rejects.length < MOST_REJECTS) continue;
      appender.close();
      appender = undefined;
      if (connection !== undefined) yield { connection, rejects };
      rejects = [];
      rowCount = 0;
      textBytes = 0;
    }
  } finally {
    appender?.close();
  }
  if (rowCount > 0 && connection !== undefined) yield { connection, rejects };
}

function textBytesOf({ columns, rowCount }: SheetBatch): number {
  return columns.reduce(
    (sum, column) => sum + (column?.kind === "text" ? (column.ends[rowCount - 1] ?? 0) : 0),
    0,
  );
}

function lineNumbers(firstRow: number, rowCount: number): ColumnValues {
  const values = new BigInt64Array(rowCount);
  const halves = new Int32Array(values.buffer);
  for (let row = 0; row < rowCount; row++) halves[row * 2] = firstRow + row;
  return { layout: "fixed", values, valid: new Uint8Array(rowCount).fill(1) };
}

function columnValues(column: ColumnBatch | undefined): ColumnValues {
  if (column === undefined) return undefined;
  const { valid } = column;
  if (column.kind === "text") {
    return { layout: "text", bytes: column.bytes, ends: column.ends, valid };
  }
  if (column.kind !== "interval") return { layout: "fixed", values: column.values, valid };
  // An interval is months, days and microseconds, of which cells have only the last.
  const values = new BigInt64Array(column.values.length * 2);
  column.values.forEach((micros, row) => {
    values[row * 2 + 1] = micros;
  });
  return { layout: "fixed", values, valid };
}
