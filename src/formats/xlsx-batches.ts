import { unreachable } from "../core/assert.ts";
import { CellCursor, type CellSpill } from "./xlsx-cell-spill.ts";
import {
  CELL_BOOLEAN,
  CELL_DURATION,
  CELL_INTEGER,
  CELL_MOMENT,
  CELL_NUMBER,
  CELL_TIME,
  cellText,
  isRejected,
  type RecordedCell,
  rejectReason,
} from "./xlsx-cells.ts";
import { DAY_MS } from "./xlsx-serial.ts";
import type { SharedStrings } from "./xlsx-shared-strings.ts";
import type { CellKind, CellReject, ColumnBatch, SheetBatch, TableShape } from "./xlsx-table.ts";

/** DuckDB's own vector size, so that a batch is a data chunk. */
const BATCH_ROWS = 2048;
const TWO_TO_32 = 2 ** 32;

/** Serves the table's rows, NULL where the sheet has no cell. */
export async function* readBatches(
  shape: TableShape,
  spill: CellSpill,
  strings: SharedStrings,
  asText: ReadonlySet<number>,
): AsyncGenerator<SheetBatch> {
  const kinds = shape.columns.map(({ kind }, index) => (asText.has(index) ? "text" : kind));
  const lastRow = shape.firstRow + shape.rowCount - 1;
  const cell = new CellCursor();
  let batch = new BatchBuilder(kinds, shape.firstRow, lastRow);
  for (const page of spill.pages()) {
    cell.load(page);
    while (cell.next()) {
      if (cell.row < shape.firstRow || cell.row > lastRow) continue;
      while (cell.row > batch.lastRow) {
        yield batch.finish();
        batch = new BatchBuilder(kinds, batch.lastRow + 1, lastRow);
      }
      batch.set(cell, cell.column - shape.firstColumn, strings);
    }
  }
  while (batch.rowCount > 0) {
    yield batch.finish();
    batch = new BatchBuilder(kinds, batch.lastRow + 1, lastRow);
  }
}

class BatchBuilder {
  readonly firstRow: number;
  readonly lastRow: number;
  readonly rowCount: number;
  readonly #columns: readonly ColumnBuilder[];
  readonly #rejects: CellReject[] = [];

  constructor(kinds: readonly CellKind[], firstRow: number, lastRow: number) {
    this.firstRow = firstRow;
    this.lastRow = Math.min(firstRow + BATCH_ROWS - 1, lastRow);
    this.rowCount = this.lastRow - firstRow + 1;
    this.#columns = this.rowCount > 0 ? kinds.map((kind) => makeBuilder(kind, this.rowCount)) : [];
  }

  set(cell: RecordedCell, column: number, strings: SharedStrings): void {
    if (isRejected(cell.tag)) {
      const { row, text: value } = cell;
      this.#rejects.push({ row, column, value, reason: rejectReason(cell.tag) });
      return;
    }
    this.#columns[column]?.set(cell.row - this.firstRow, cell, strings);
  }

  finish(): SheetBatch {
    return {
      rowCount: this.rowCount,
      firstRow: this.firstRow,
      columns: this.#columns.map(({ batch }) => batch),
      rejects: this.#rejects,
    };
  }
}

/** Fills one column of a batch. Cells that are no value of its kind leave their row NULL. */
interface ColumnBuilder {
  readonly batch: ColumnBatch;
  set(index: number, cell: RecordedCell, strings: SharedStrings): void;
}

function makeBuilder(kind: CellKind, rowCount: number): ColumnBuilder {
  switch (kind) {
    case "text":
      return textBuilder(rowCount);
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

function textBuilder(rowCount: number): ColumnBuilder {
  const values = Array.from<string | null>({ length: rowCount }).fill(null);
  return {
    batch: { kind: "text", values },
    set: (index, cell, strings) => {
      values[index] = cellText(cell, strings) ?? null;
    },
  };
}

function doubleBuilder(rowCount: number): ColumnBuilder {
  const values = new Float64Array(rowCount);
  const valid = new Uint8Array(rowCount);
  return {
    batch: { kind: "double", values, valid },
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
    batch: { kind: "boolean", values, valid },
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
    batch: { kind: "date", values, valid },
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
    batch: { kind: "bigint", values, valid },
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
    batch: { kind, values, valid },
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
