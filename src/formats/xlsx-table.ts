import type { ColumnCensus } from "./xlsx-column-kind.ts";

/** What the reader of a sheet hands on: columns that were typed as a whole, and batches of rows. */

/** What the whole of a column's cells have in common, without loss. */
export type CellKind =
  | "boolean"
  | "bigint"
  | "double"
  | "date"
  | "timestamp"
  | "time"
  | "interval"
  | "text";

export interface SheetColumn {
  /** The header cell's text without blanks around it; empty where there is none. */
  readonly header: string;
  /** The column's letters in the sheet, such as `B`. */
  readonly letters: string;
  readonly kind: CellKind;
  /** What was counted, by which several workbooks agree on a kind. */
  readonly census: ColumnCensus;
  /** True only when every row holds a value that fits the kind. */
  readonly notNull: boolean;
}

/** One column of a batch, in the layout of DuckDB's vectors; `valid` is 1 where there is a value. */
export type ColumnBatch =
  /** 0 or 1. */
  | { readonly kind: "boolean"; readonly values: Uint8Array; readonly valid: Uint8Array }
  | { readonly kind: "double"; readonly values: Float64Array; readonly valid: Uint8Array }
  /** Days since 1970-01-01. */
  | { readonly kind: "date"; readonly values: Int32Array; readonly valid: Uint8Array }
  | { readonly kind: "bigint"; readonly values: BigInt64Array; readonly valid: Uint8Array }
  /** Microseconds: since 1970-01-01, since midnight, or of a duration. */
  | {
      readonly kind: "timestamp" | "time" | "interval";
      readonly values: BigInt64Array;
      readonly valid: Uint8Array;
    }
  /** UTF-8 of all rows, one after another, and where each row's ends. */
  | {
      readonly kind: "text";
      readonly bytes: Buffer;
      readonly ends: Uint32Array;
      readonly valid: Uint8Array;
    };

/** A cell whose value cannot be served: it is NULL in its batch. */
export interface CellReject {
  /** The sheet's row number, as Excel shows it. */
  readonly row: number;
  /** Index into the reader's columns. */
  readonly column: number;
  readonly value: string;
  readonly reason: string;
}

/** Up to 2048 rows, in arrays that are nobody else's. */
export interface SheetBatch {
  readonly rowCount: number;
  /** The sheet's row number of the first row; the others follow without a gap. */
  readonly firstRow: number;
  /** Undefined where the column was not asked for. */
  readonly columns: readonly (ColumnBatch | undefined)[];
  readonly rejects: readonly CellReject[];
}

/** The table that was found in a sheet: the smallest rectangle that holds header and values. */
export interface TableShape {
  readonly columns: readonly SheetColumn[];
  /** The sheet's column of `columns[0]`, counted from 0. */
  readonly firstColumn: number;
  /** Of the data, as Excel numbers rows; there are none when `rowCount` is 0. */
  readonly firstRow: number;
  readonly rowCount: number;
  readonly rejectedCount: number;
  readonly warnings: readonly string[];
}
