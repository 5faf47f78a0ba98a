/** What the generated code reads a column from: one chunk's values, copied out of DuckDB. */
import { INLINE_LENGTH, type ValueReader, valueReader } from "../duckdb/raw-values.ts";
import { bytesAtPointer, type Vector } from "../duckdb/vectors.ts";
import type { DuckDBType } from "../pgtypes/duckdb-type.ts";

export interface ColumnSource {
  load(vector: Vector): void;
  /** One bit for each row; undefined where no row is NULL. */
  readonly mask: Uint8Array | undefined;
}

const EMPTY = new DataView(new ArrayBuffer(0));

/** Values of fixed width. */
export class FixedSource implements ColumnSource {
  view: DataView = EMPTY;
  mask: Uint8Array | undefined;
  readonly #width: number;

  constructor(width: number) {
    this.#width = width;
  }

  load(vector: Vector): void {
    this.view = vector.data(this.#width);
    this.mask = vector.validity();
  }
}

/** Values of rare types, read one by one. */
export class SlowSource implements ColumnSource {
  mask: Uint8Array | undefined;
  /** Where the column's mask and the reader's own agree, the value is never null. */
  read: ValueReader = () => null;
  readonly #type: DuckDBType;

  constructor(type: DuckDBType) {
    this.#type = type;
  }

  load(vector: Vector): void {
    this.mask = this.#type.id === "NULL" ? new Uint8Array(vector.length) : vector.validity();
    this.read = valueReader(this.#type, vector);
  }
}

/** Bytes per entry of a string vector: the length, then 12 bytes of text, or prefix and pointer. */
const ENTRY = 16;
const PAGE = 4096;
/** putHeap reads whole words. */
const HEAP_SLACK = 4;

/**
 * Strings. Those of up to 12 bytes lie in the vector's own data; for longer ones DuckDB gives a
 * pointer, and each copy through the binding costs more than encoding the string. So strings that
 * follow each other in memory are copied in one go, with what lies between them.
 *
 * Why that is safe: both ends of a gap belong to live strings, so the pages that hold the byte before
 * the gap and the byte behind it are mapped. A gap shorter than a page cannot contain a whole page,
 * so all of its bytes lie on those two. Hence the invariant: no string of a run begins before the
 * run does, and each begins less than 4,096 bytes behind the end of what the run covers so far.
 * Wherever that does not hold, a new run begins. `oneByOne` makes every string a run of its own,
 * should a DuckDB ever hand out strings for which this argument fails.
 */
export class StringSource implements ColumnSource {
  view: DataView = EMPTY;
  mask: Uint8Array | undefined;
  heap: Buffer = Buffer.alloc(0);
  heapView: DataView = EMPTY;
  /** Where in the heap each row's string starts; only for those that are not inline. */
  readonly offsets: Int32Array = new Int32Array(2048);
  readonly #oneByOne: boolean;
  #used = 0;

  constructor(oneByOne: boolean) {
    this.#oneByOne = oneByOne;
  }

  load(vector: Vector): void {
    const view = vector.data(ENTRY);
    const mask = vector.validity();
    this.view = view;
    this.mask = mask;
    this.#used = 0;

    let runRow = -1;
    let runStart = 0;
    let runEnd = 0;
    for (let row = 0; row < vector.length; row += 1) {
      const length = view.getUint32(row * ENTRY, true);
      if (length <= INLINE_LENGTH) continue;
      // What stands in the entry of a NULL is anything, and no pointer.
      if (mask !== undefined && ((mask[row >> 3] as number) & (1 << (row & 7))) === 0) continue;
      const pointer =
        view.getUint32(row * ENTRY + 12, true) * 4294967296 + view.getUint32(row * ENTRY + 8, true);
      // Equal strings of a dictionary share their bytes: a run may step back inside itself.
      const continues =
        runRow >= 0 && !this.#oneByOne && pointer >= runStart && pointer - runEnd < PAGE;
      if (!continues) {
        if (runRow >= 0) this.#copy(runRow, runEnd - runStart);
        runRow = row;
        runStart = pointer;
        runEnd = pointer;
      }
      this.offsets[row] = this.#used + (pointer - runStart);
      runEnd = Math.max(runEnd, pointer + length);
    }
    if (runRow >= 0) this.#copy(runRow, runEnd - runStart);
  }

  /** The run that begins with that row's string, to the end of the heap. */
  #copy(row: number, length: number): void {
    const needed = this.#used + length + HEAP_SLACK;
    if (needed > this.heap.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.heap.length * 2, 65_536));
      this.heap.copy(grown, 0, 0, this.#used);
      this.heap = grown;
      this.heapView = new DataView(grown.buffer, grown.byteOffset, grown.byteLength);
    }
    this.heap.set(bytesAtPointer(this.view, row * ENTRY + 8, length), this.#used);
    this.#used += length;
  }
}
