import type { DuckDBAppender, DuckDBDataChunk } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";

/**
 * A data chunk: up to 2,048 rows, column by column. DuckDB's memory behind it is freed when the
 * object is collected, so nobody should hold on to more chunks than are being worked on.
 */
export class DataChunk {
  readonly #chunk: DuckDBDataChunk;
  readonly rowCount: number;

  constructor(chunk: DuckDBDataChunk) {
    this.#chunk = chunk;
    this.rowCount = chunk.rowCount;
  }

  /** Appends all of its rows, as they are, to a table with columns of the same types. */
  appendTo(appender: DuckDBAppender): void {
    appender.appendDataChunk(this.#chunk);
  }

  vector(column: number): Vector {
    return new Vector(duckdb.data_chunk_get_vector(this.#chunk.chunk, column), this.rowCount);
  }
}

/** A flat vector of DuckDB's. What it hands out are copies, except that pointers stay pointers. */
export class Vector {
  readonly #vector: duckdb.Vector;
  readonly length: number;

  constructor(vector: duckdb.Vector, length: number) {
    this.#vector = vector;
    this.length = length;
  }

  /** A copy of its values, each `bytesPerValue` wide. */
  data(bytesPerValue: number): DataView {
    const bytes = duckdb.vector_get_data(this.#vector, this.length * bytesPerValue);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A copy of the validity mask, one bit for each row; undefined where no row is NULL. */
  validity(): Uint8Array | undefined {
    const words = Math.ceil(this.length / 64);
    // The binding's declaration leaves out that it answers null where DuckDB has no mask.
    const mask = duckdb.vector_get_validity(this.#vector, words * 8) as Uint8Array | null;
    return mask ?? undefined;
  }

  /** The elements of all rows of a LIST or MAP vector, one after another. */
  listElements(): Vector {
    return new Vector(
      duckdb.list_vector_get_child(this.#vector),
      duckdb.list_vector_get_size(this.#vector),
    );
  }

  /** The elements of an ARRAY vector, `size` for each row. */
  arrayElements(size: number): Vector {
    return new Vector(duckdb.array_vector_get_child(this.#vector), this.length * size);
  }

  /** One field of a STRUCT vector. */
  field(index: number): Vector {
    return new Vector(duckdb.struct_vector_get_child(this.#vector, index), this.length);
  }
}

/**
 * A copy of `length` bytes from where the pointer at `offset` points. Whoever calls it vouches for
 * both: the pointer is DuckDB's, its chunk is still alive, and all of the bytes are mapped.
 */
export function bytesAtPointer(pointers: DataView, offset: number, length: number): Uint8Array {
  return duckdb.get_data_from_pointer(
    // Vectors hand out plain ArrayBuffers, which is what the binding accepts.
    pointers.buffer as ArrayBuffer,
    pointers.byteOffset + offset,
    length,
  );
}
