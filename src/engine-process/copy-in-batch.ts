import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { ColumnValues } from "../duckdb/vector-writer.ts";
import type { DateTimeContext } from "../pgtypes/datetime-input.ts";
import type { DuckDBType } from "../pgtypes/duckdb-type.ts";
import { BATCH_ROWS, type CopyColumn, copyColumn } from "./copy-in-columns.ts";

/** What becomes of the rows that COPY FROM reads. */
export interface CopyTarget {
  /** In messages, without its schema. */
  readonly table: string;
  /** In the order in which the data have them. */
  readonly columns: readonly CopyTargetColumn[];
  /** Takes at most a data chunk of rows, one entry for each column. */
  append(columns: readonly ColumnValues[], rowCount: number): void;
}

export interface CopyTargetColumn {
  readonly name: string;
  readonly type: DuckDBType;
  readonly isNullable: boolean;
}

/** Where the reading is: what an error's CONTEXT says. */
type Place =
  /** Looking for the end of the line, or for the next row. */
  | { readonly at: "row" }
  | { readonly at: "line"; readonly line: string }
  | { readonly at: "column"; readonly column: string; readonly value: string | undefined };

/** Rows on their way to the target, and the words for what is wrong with them. */
export class CopyBatch {
  readonly columns: readonly CopyColumn[];
  readonly #target: CopyTarget;
  /** The columns that may not be NULL, by their place. */
  readonly #required: readonly number[];
  readonly #isNull: Uint8Array;
  #appended = 0;
  /** The place in the batch of the row that is read. */
  row = 0;

  constructor(target: CopyTarget, context: DateTimeContext) {
    this.#target = target;
    this.columns = target.columns.map(({ type }) => copyColumn(type, context));
    this.#required = target.columns.flatMap(({ isNullable }, index) => (isNullable ? [] : [index]));
    this.#isNull = new Uint8Array(target.columns.length);
  }

  get rowCount(): number {
    return this.#appended + this.row;
  }

  name(column: number): string {
    return this.#target.columns[column]?.name ?? "";
  }

  /** To be said of each column that has no value in this row. */
  setNull(column: number): void {
    this.#isNull[column] = 1;
  }

  /** The row is read; `values` are shown where it cannot be taken. */
  endRow(values: () => readonly (string | undefined)[] | undefined): void {
    for (const column of this.#required) {
      if (this.#isNull[column] === 1) throw this.#missing(column, values());
    }
    this.#isNull.fill(0);
    this.row += 1;
    if (this.row === BATCH_ROWS || this.#heldBytes() > LIMITS.copyBatchBytes) this.flush();
  }

  flush(): void {
    if (this.row === 0) return;
    this.#target.append(
      this.columns.map((column) => column.take()),
      this.row,
    );
    this.#appended += this.row;
    this.row = 0;
  }

  /** The error with the place where it happened. */
  located(error: unknown, lineNumber: number, place: Place): unknown {
    if (!(error instanceof PgError)) return error;
    const context = `COPY ${this.#target.table}, line ${lineNumber}${placeText(place)}`;
    return PgError.fromFields({ ...error.toFields(), context });
  }

  #missing(column: number, values: readonly (string | undefined)[] | undefined): PgError {
    const shown = values?.map((value) => clipped(value ?? "null", 64)).join(", ");
    return new PgError(
      "not_null_violation",
      `null value in column "${this.name(column)}" of relation "${this.#target.table}" violates not-null constraint`,
      { detail: shown === undefined ? undefined : `Failing row contains (${shown}).` },
    );
  }

  #heldBytes(): number {
    let sum = 0;
    for (const column of this.columns) sum += column.heldBytes;
    return sum;
  }
}

function placeText(place: Place): string {
  switch (place.at) {
    case "row":
      return "";
    case "line":
      return `: "${clipped(place.line, 100)}"`;
    case "column":
      return `, column ${place.column}${place.value === undefined ? "" : `: "${clipped(place.value, 100)}"`}`;
  }
}

/** At most so many bytes of it, and never half of a character. */
function clipped(text: string, byteCount: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= byteCount) return text;
  let end = byteCount;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString("utf8", 0, end)}...`;
}
