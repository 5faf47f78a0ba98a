import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { CopyBatch } from "./copy-in-batch.ts";

/** PostgreSQL documentation, COPY, "Binary Format". */
const SIGNATURE = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
const HAS_OIDS = 0x1_0000;
/** Bits 16 to 31 change what the data mean. */
const CRITICAL_FLAGS = 0xffff_0000;
const TRAILER = -1;
const NULL_SIZE = -1;

/** What comes next; a row's columns are counted from 0. */
type Expected =
  | { readonly part: "signature" | "flags" | "extension length" | "row" | "nothing" }
  | { readonly part: "extension"; readonly bytes: number }
  | { readonly part: "size"; readonly column: number }
  | { readonly part: "value"; readonly column: number; readonly bytes: number };

/** COPY's binary format: a header, rows of counted fields, and a trailer that may be missing. */
export class CopyBinaryRows {
  readonly #batch: CopyBatch;
  #bytes: Buffer = Buffer.alloc(64 * 1024);
  #at = 0;
  #length = 0;
  #expected: Expected = { part: "signature" };
  #lineNumber = 0;
  /** The column whose value is read. */
  #column: number | undefined;

  constructor(batch: CopyBatch) {
    this.#batch = batch;
  }

  push(chunk: Buffer): void {
    this.#guarded(() => {
      this.#append(chunk);
      while (this.#step());
    });
  }

  complete(): number {
    return this.#guarded(() => {
      const missing = MISSING[this.#expected.part];
      if (missing !== undefined) throw new PgError("bad_copy_file_format", missing);
      this.#batch.flush();
      return this.#batch.rowCount;
    });
  }

  located(error: unknown): unknown {
    // In front of the rows there is no line to name.
    if (this.#lineNumber === 0) return error;
    const batch = this.#batch;
    return batch.located(
      error,
      this.#lineNumber,
      this.#column === undefined
        ? { at: "row" }
        : { at: "column", column: batch.name(this.#column), value: undefined },
    );
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.located(error);
    }
  }

  /** Reads one part, if all of it is there. */
  #step(): boolean {
    const expected = this.#expected;
    if (this.#length - this.#at < sizeOf(expected)) return false;
    switch (expected.part) {
      case "signature":
        this.#expected = this.#readSignature();
        return true;
      case "flags":
        this.#expected = readFlags(this.#int32());
        return true;
      case "extension length": {
        const bytes = this.#int32();
        if (bytes < 0) throw badFormat("invalid COPY file header (missing length)");
        this.#expected = { part: "extension", bytes: checkSize(bytes) };
        return true;
      }
      case "extension":
        this.#at += expected.bytes;
        this.#expected = this.#nextRow();
        return true;
      case "row":
        this.#expected = this.#beginRow();
        return true;
      case "size":
        this.#expected = this.#readSize(expected.column);
        return true;
      case "value":
        this.#expected = this.#readValue(expected.column, expected.bytes);
        return true;
      case "nothing":
        throw badFormat("received copy data after EOF marker");
    }
  }

  #readSignature(): Expected {
    const { length } = SIGNATURE;
    if (SIGNATURE.compare(this.#bytes, this.#at, this.#at + length) !== 0) {
      throw badFormat("COPY file signature not recognized");
    }
    this.#at += length;
    return { part: "flags" };
  }

  #nextRow(): Expected {
    this.#lineNumber += 1;
    return { part: "row" };
  }

  #beginRow(): Expected {
    const count = this.#bytes.readInt16BE(this.#at);
    this.#at += 2;
    if (count === TRAILER) return { part: "nothing" };
    const expected = this.#batch.columns.length;
    if (count !== expected) {
      throw badFormat(`row field count is ${count}, expected ${expected}`);
    }
    return this.#nextColumn(0);
  }

  #nextColumn(column: number): Expected {
    this.#column = undefined;
    if (column < this.#batch.columns.length) {
      this.#column = column;
      return { part: "size", column };
    }
    this.#batch.endRow(() => undefined);
    return this.#nextRow();
  }

  #readSize(column: number): Expected {
    const bytes = this.#int32();
    if (bytes === NULL_SIZE) {
      this.#batch.setNull(column);
      return this.#nextColumn(column + 1);
    }
    if (bytes < 0) throw badFormat("invalid field size");
    return { part: "value", column, bytes: checkSize(bytes) };
  }

  #readValue(column: number, byteCount: number): Expected {
    const value = this.#bytes.subarray(this.#at, this.#at + byteCount);
    this.#batch.columns[column]?.readBinary(this.#batch.row, value);
    this.#at += byteCount;
    return this.#nextColumn(column + 1);
  }

  #int32(): number {
    const value = this.#bytes.readInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  #append(chunk: Buffer): void {
    const kept = this.#length - this.#at;
    if (this.#length + chunk.length > this.#bytes.length) {
      const isEnough = kept + chunk.length <= this.#bytes.length;
      const size = Math.max(this.#bytes.length * 2, kept + chunk.length);
      const target = isEnough ? this.#bytes : Buffer.allocUnsafe(size);
      this.#bytes.copy(target, 0, this.#at, this.#length);
      this.#bytes = target;
      this.#at = 0;
      this.#length = kept;
    }
    chunk.copy(this.#bytes, this.#length);
    this.#length += chunk.length;
  }
}

/** What is wrong where the data end in the middle of a part; between rows they may. */
const MISSING: { readonly [P in Expected["part"]]: string | undefined } = {
  signature: "COPY file signature not recognized",
  flags: "invalid COPY file header (missing flags)",
  "extension length": "invalid COPY file header (missing length)",
  extension: "invalid COPY file header (wrong length)",
  row: undefined,
  size: "unexpected EOF in COPY data",
  value: "unexpected EOF in COPY data",
  nothing: undefined,
};

function sizeOf(expected: Expected): number {
  switch (expected.part) {
    case "signature":
      return SIGNATURE.length;
    case "flags":
    case "extension length":
    case "size":
      return 4;
    case "row":
      return 2;
    case "nothing":
      return 1;
    case "extension":
    case "value":
      return expected.bytes;
  }
}

function readFlags(flags: number): Expected {
  if ((flags & HAS_OIDS) !== 0) throw badFormat("invalid COPY file header (WITH OIDS)");
  if ((flags & CRITICAL_FLAGS) !== 0) {
    throw badFormat("unrecognized critical flags in COPY file header");
  }
  return { part: "extension length" };
}

function checkSize(bytes: number): number {
  if (bytes <= LIMITS.copyLineBytes) return bytes;
  throw new PgError(
    "program_limit_exceeded",
    `a value of COPY data is longer than ${LIMITS.copyLineBytes} bytes`,
  );
}

function badFormat(message: string): PgError {
  return new PgError("bad_copy_file_format", message);
}
