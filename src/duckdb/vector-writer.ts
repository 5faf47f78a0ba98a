import duckdb from "@duckdb/node-bindings";
import type { DuckDBType, RawValue } from "../pgtypes/duckdb-type.ts";
import { INLINE_LENGTH } from "./raw-values.ts";

/**
 * The rows of one column as they lie in DuckDB's vectors, so that they are copied and not converted.
 * `valid` is 1 where there is a value. Undefined is a column of NULLs.
 */
export type ColumnValues =
  | {
      readonly layout: "fixed";
      readonly values:
        | Uint8Array
        | Int16Array
        | Int32Array
        | Float32Array
        | Float64Array
        | BigInt64Array;
      readonly valid: Uint8Array;
    }
  /** UTF-8 of all rows, one after another, and where each row's ends. */
  | {
      readonly layout: "text";
      readonly bytes: Uint8Array;
      readonly ends: Uint32Array;
      readonly valid: Uint8Array;
    }
  /** Of types that have no faster way: DuckDB's own raw values, one by one. */
  | { readonly layout: "values"; readonly values: readonly RawValue[] }
  | undefined;

export type CopiedValues = Exclude<ColumnValues, { readonly layout: "values" }>;

const STRING_BYTES = 16;
/** Validity masks are made of words of 64 bits. */
const WORD_BITS = 64;

/** Writes `rowCount` rows into a vector that is new or was reset. */
export function writeVector(
  vector: duckdb.Vector,
  type: DuckDBType,
  column: CopiedValues,
  rowCount: number,
): void {
  writeValidity(vector, column?.valid, rowCount);
  if (column === undefined) return;
  if (column.layout === "text") {
    if (type.id !== "VARCHAR" && type.id !== "JSON")
      throw new Error(`text cannot be copied into ${type.id}`);
    writeTexts(vector, column, rowCount);
    return;
  }
  const { buffer, byteOffset, byteLength } = column.values;
  const needed = rowCount * valueBytes(type);
  // What is too short would be read beyond its end, and what is too long written there.
  if (byteLength < needed) throw new Error(`${needed} bytes of ${type.id} are needed`);
  duckdb.copy_data_to_vector(vector, 0, arrayBuffer(buffer), byteOffset, needed);
}

function writeValidity(
  vector: duckdb.Vector,
  valid: Uint8Array | undefined,
  rowCount: number,
): void {
  const mask = new Uint8Array(Math.ceil(rowCount / WORD_BITS) * (WORD_BITS / 8));
  let present = 0;
  if (valid !== undefined) {
    for (let row = 0; row < rowCount; row++) {
      if (valid[row] !== 1) continue;
      mask[row >> 3] = (mask[row >> 3] ?? 0) | (1 << (row & 7));
      present++;
    }
  }
  // Without a mask all rows are valid.
  if (present === rowCount) return;
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, mask.buffer, 0, mask.byteLength);
}

/** Short strings lie in the vector itself, behind their length; the long ones DuckDB has to copy. */
function writeTexts(
  vector: duckdb.Vector,
  { bytes, ends, valid }: Extract<CopiedValues, { layout: "text" }>,
  rowCount: number,
): void {
  const strings = new Uint8Array(rowCount * STRING_BYTES);
  const lengths = new Uint32Array(strings.buffer);
  const long: number[] = [];
  for (let row = 0, start = 0; row < rowCount; row++) {
    const end = ends[row] ?? start;
    if (valid[row] === 1) {
      if (end - start > INLINE_LENGTH) {
        long.push(row);
      } else {
        lengths[row * 4] = end - start;
        const offset = row * STRING_BYTES + 4 - start;
        for (let index = start; index < end; index++) strings[offset + index] = bytes[index] ?? 0;
      }
    }
    start = end;
  }
  duckdb.copy_data_to_vector(vector, 0, strings.buffer, 0, strings.byteLength);
  for (const row of long) {
    const text = bytes.subarray(ends[row - 1] ?? 0, ends[row]);
    duckdb.vector_assign_string_element_len(vector, row, text);
  }
}

/** How wide a value of the type is in a vector. */
function valueBytes(type: DuckDBType): number {
  switch (type.id) {
    case "BOOLEAN":
      return 1;
    case "SMALLINT":
      return 2;
    case "INTEGER":
    case "FLOAT":
    case "DATE":
      return 4;
    case "BIGINT":
    case "DOUBLE":
    case "TIME":
    case "TIMESTAMP":
    case "TIMESTAMP WITH TIME ZONE":
      return 8;
    case "DECIMAL":
      return decimalBytes(type.width);
    case "INTERVAL":
      return 16;
    default:
      throw new Error(`values of type ${type.id} are not copied`);
  }
}

/** DuckDB keeps a decimal in the smallest integer that has room for its digits. */
export function decimalBytes(width: number): 2 | 4 | 8 | 16 {
  if (width <= 4) return 2;
  if (width <= 9) return 4;
  return width <= 18 ? 8 : 16;
}

function arrayBuffer(buffer: ArrayBufferLike): ArrayBuffer {
  if (buffer instanceof ArrayBuffer) return buffer;
  throw new Error("memory that threads share is not copied");
}
