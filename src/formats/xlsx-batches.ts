import { unreachable } from "../core/assert.ts";
import { LIMITS } from "../core/limits.ts";
import { CellCursor, type CellSpill } from "./xlsx-cell-spill.ts";
import {
  CELL_BOOLEAN,
  CELL_DURATION,
  CELL_INTEGER,
  CELL_MOMENT,
  CELL_NUMBER,
  CELL_SHARED,
  CELL_TEXT,
  CELL_TIME,
  cellText,
  isRejected,
  type RecordedCell,
  rejectReason,
} from "./xlsx-cells.ts";
import { Pace } from "./xlsx-pace.ts";
import { DAY_MS } from "./xlsx-serial.ts";
import type { SharedStrings } from "./xlsx-shared-strings.ts";
import type { CellKind, CellReject, ColumnBatch, SheetBatch, TableShape } from "./xlsx-table.ts";

/** DuckDB's own vector size, so that a batch fits into a data chunk. */
const BATCH_ROWS = 2048;
/** Wide tables have smaller batches, and so have long texts: a batch is in memory as a whole. */
const BATCH_CELLS = 64 * BATCH_ROWS;
const BATCH_TEXT_BYTES = 16 * 1024 * 1024;
const USUAL_TEXT_BYTES = 16;
const TWO_TO_32 = 2 ** 32;

/**
 * Serves the table's rows, NULL where the sheet has no cell, with columns of these kinds: each its
 * own, a wider one, or undefined, which leaves the column out.
 */
export async function* readBatches(
  shape: TableShape,
  spill: CellSpill,
  strings: SharedStrings,
  kinds: readonly (CellKind | undefined)[],
  signal: AbortSignal | undefined,
): AsyncGenerator<SheetBatch> {
  const pace = new Pace(signal);
  const lastRow = shape.firstRow + shape.rowCount - 1;
  const cell = new CellCursor();
  let row = 0;
  let batch = new BatchBuilder(kinds, shape.firstRow, lastRow);
  for (const page of spill.pages()) {
    await pace.breathe();
    cell.load(page);
    while (cell.next()) {
      if (cell.row < shape.firstRow || cell.row > lastRow) continue;
      if (cell.row > row && batch.isFull) batch.endBefore(cell.row);
      row = cell.row;
      while (row > batch.lastRow) {
        yield batch.finish();
        await pace.breathe();
        batch = new BatchBuilder(kinds, batch.lastRow + 1, lastRow);
      }
      batch.set(cell, cell.column - shape.firstColumn, strings);
    }
  }
  while (batch.rowCount > 0) {
    yield batch.finish();
    await pace.breathe();
    batch = new BatchBuilder(kinds, batch.lastRow + 1, lastRow);
  }
}

class BatchBuilder {
  readonly firstRow: number;
  lastRow: number;
  #textBytes = 0;
  readonly #columns: readonly (ColumnBuilder | undefined)[];
  readonly #rejects: CellReject[] = [];

  constructor(kinds: readonly (CellKind | undefined)[], firstRow: number, lastRow: number) {
    this.firstRow = firstRow;
    const rows = Math.min(BATCH_ROWS, Math.ceil(BATCH_CELLS / kinds.length));
    this.lastRow = Math.min(firstRow + rows - 1, lastRow);
    const count = Math.max(this.rowCount, 0);
    this.#columns = kinds.map((kind) => (kind === undefined ? kind : makeBuilder(kind, count)));
  }

  get rowCount(): number {
    return this.lastRow - this.firstRow + 1;
  }

  /** Whether its texts are long enough for a batch, however few they are. */
  get isFull(): boolean {
    return this.#textBytes > BATCH_TEXT_BYTES;
  }

  /** Leaves the rows from this one on to the next batch. */
  endBefore(row: number): void {
    this.lastRow = Math.min(this.lastRow, row - 1);
  }

  set(cell: RecordedCell, column: number, strings: SharedStrings): void {
    if (isRejected(cell.tag)) {
      const { row, text } = cell;
      const value = text.slice(0, LIMITS.csv.rejectedValueCharacters);
      this.#rejects.push({ row, column, value, reason: rejectReason(cell.tag) });
      return;
    }
    this.#columns[column]?.set(cell.row - this.firstRow, cell, strings);
    if (cell.tag === CELL_SHARED) this.#textBytes += strings.byteLength(cell.number);
    else if (cell.tag === CELL_TEXT) this.#textBytes += cell.textBytes;
  }

  finish(): SheetBatch {
    return {
      rowCount: this.rowCount,
      firstRow: this.firstRow,
      columns: this.#columns.map((column) => column?.finish()),
      rejects: this.#rejects,
    };
  }
}

/** Fills one column of a batch. Cells that are no value of its kind leave their row NULL. */
interface ColumnBuilder {
  finish(): ColumnBatch;
  /** Rows come in their order. */
  set(index: number, cell: RecordedCell, strings: SharedStrings): void;
}

function makeBuilder(kind: CellKind, rowCount: number): ColumnBuilder {
  switch (kind) {
    case "text":
      return new TextBuilder(rowCount);
    case "double":
      return doubleBuilder(rowCount);
    case "boolean":
      return booleanBuilder(rowCount);
    case "date":
      return dateBuilder(rowCount);
    case "bigint":
      return bigintBuilder(rowCount);
    case "timestamp":
    case "time":
    case "interval":
      return microsBuilder(kind, rowCount);
    default:
      return unreachable(kind);
  }
}

class TextBuilder implements ColumnBuilder {
  readonly #ends: Uint32Array;
  readonly #valid: Uint8Array;
  #bytes: Buffer;
  #length = 0;
  /** Rows whose end is known. */
  #rows = 0;

  constructor(rowCount: number) {
    this.#ends = new Uint32Array(rowCount);
    this.#valid = new Uint8Array(rowCount);
    this.#bytes = Buffer.allocUnsafe(rowCount * USUAL_TEXT_BYTES);
  }

  set(index: number, cell: RecordedCell, strings: SharedStrings): void {
    this.#ends.fill(this.#length, this.#rows, index);
    this.#length += this.#write(cell, strings);
    this.#ends[index] = this.#length;
    this.#rows = index + 1;
    this.#valid[index] = 1;
  }

  finish(): ColumnBatch {
    this.#ends.fill(this.#length, this.#rows);
    return { kind: "text", bytes: this.#bytes, ends: this.#ends, valid: this.#valid };
  }

  /** Texts are copied as they are; everything else is written down first. */
  #write(cell: RecordedCell, strings: SharedStrings): number {
    if (cell.tag === CELL_SHARED) {
      this.#reserve(strings.byteLength(cell.number));
      return strings.copy(cell.number, this.#bytes, this.#length);
    }
    if (cell.tag === CELL_TEXT) {
      this.#reserve(cell.textBytes);
      return cell.copyText(this.#bytes, this.#length);
    }
    const text = cellText(cell, strings) ?? "";
    this.#reserve(text.length * 3);
    return this.#bytes.write(text, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

function doubleBuilder(rowCount: number): ColumnBuilder {
  const values = new Float64Array(rowCount);
  const valid = new Uint8Array(rowCount);
  return {
    finish: () => ({ kind: "double", values, valid }),
    set: (index, cell) => {
      if (cell.tag !== CELL_NUMBER) return;
      values[index] = cell.number;
      valid[index] = 1;
    },
  };
}

function booleanBuilder(rowCount: number): ColumnBuilder {
  const values = new Uint8Array(rowCount);
  const valid = new Uint8Array(rowCount);
  return {
    finish: () => ({ kind: "boolean", values, valid }),
    set: (index, cell) => {
      if (cell.tag !== CELL_BOOLEAN) return;
      values[index] = cell.number;
      valid[index] = 1;
    },
  };
}

function dateBuilder(rowCount: number): ColumnBuilder {
  const values = new Int32Array(rowCount);
  const valid = new Uint8Array(rowCount);
  return {
    finish: () => ({ kind: "date", values, valid }),
    set: (index, cell) => {
      if (cell.tag !== CELL_MOMENT) return;
      values[index] = cell.number / DAY_MS;
      valid[index] = 1;
    },
  };
}

function bigintBuilder(rowCount: number): ColumnBuilder {
  const values = new BigInt64Array(rowCount);
  const halves = new Int32Array(values.buffer);
  const valid = new Uint8Array(rowCount);
  return {
    finish: () => ({ kind: "bigint", values, valid }),
    set: (index, cell) => {
      if (cell.tag === CELL_NUMBER) writeInt64(halves, index, cell.number);
      else if (cell.tag === CELL_INTEGER) values[index] = BigInt(cell.text);
      else return;
      valid[index] = 1;
    },
  };
}

function microsBuilder(kind: "timestamp" | "time" | "interval", rowCount: number): ColumnBuilder {
  const values = new BigInt64Array(rowCount);
  const halves = new Int32Array(values.buffer);
  const valid = new Uint8Array(rowCount);
  return {
    finish: () => ({ kind, values, valid }),
    set: (index, cell) => {
      if (cell.tag !== CELL_MOMENT && cell.tag !== CELL_TIME && cell.tag !== CELL_DURATION) return;
      const micros = cell.number * 1000;
      if (Number.isSafeInteger(micros)) writeInt64(halves, index, micros);
      else values[index] = BigInt(cell.number) * 1000n;
      valid[index] = 1;
    },
  };
}

/** An integer below 2^53 in two halves, four times as fast as by way of a BigInt. */
function writeInt64(halves: Int32Array, index: number, value: number): void {
  const high = Math.floor(value / TWO_TO_32);
  halves[index * 2] = value - high * TWO_TO_32;
  halves[index * 2 + 1] = high;
}
