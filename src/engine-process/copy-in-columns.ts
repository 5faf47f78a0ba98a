import { PgError } from "../core/pg-error.ts";
import { type ColumnValues, decimalBytes } from "../duckdb/vector-writer.ts";
import type { DateTimeContext } from "../pgtypes/datetime-input.ts";
import type { DuckDBType, RawValue } from "../pgtypes/duckdb-type.ts";
import { pgTypeName } from "../pgtypes/duckdb-types.ts";
import type { Decimal } from "../pgtypes/numeric.ts";
import { readBinary, readBinaryArray } from "../pgtypes/parameter-binary.ts";
import { parseArray, readText } from "../pgtypes/parameter-text.ts";
import type { Read, ReadArray } from "../pgtypes/parameters.ts";
import type { PgTypeName } from "../pgtypes/pg-types.ts";
import {
  readDate,
  readFloat,
  readInteger,
  readScaled,
  readTime,
  readTimestamp,
  readTimestamptz,
} from "./copy-in-values.ts";

/** As many rows as a data chunk has. */
export const BATCH_ROWS = 2048;

/** Takes the values of one column of COPY FROM, row by row, and gives them up by the batch. */
export interface CopyColumn {
  /** The value in `bytes`, by the rules of the type's input function. */
  readText(row: number, bytes: Buffer, start: number, end: number): void;
  readBinary(row: number, bytes: Buffer): void;
  /** What is not given is NULL. What is returned may be used until the next value is read. */
  take(): ColumnValues;
  /** What its values take at the moment, where that can be much. */
  readonly heldBytes: number;
}

/** The column for a type of the engine's. What COPY reads has the meaning that parameters have. */
export function copyColumn(type: DuckDBType, context: DateTimeContext): CopyColumn {
  const name = pgTypeName(type);
  const read = new ValueReading(name, context);
  switch (type.id) {
    case "VARCHAR":
      return new TextColumn(read, "any text");
    case "JSON":
      return new TextColumn(read, "checked");
    case "BOOLEAN":
      return new FixedColumn(new Uint8Array(BATCH_ROWS), readBoolean, read);
    case "SMALLINT":
      return new FixedColumn(new Int16Array(BATCH_ROWS), within(readInteger, 0x8000), read);
    case "INTEGER":
      return new FixedColumn(new Int32Array(BATCH_ROWS), within(readInteger, 0x8000_0000), read);
    case "BIGINT":
      return new FixedColumn(new BigInt64Array(BATCH_ROWS), readInteger, read);
    case "DATE":
      return new FixedColumn(new Int32Array(BATCH_ROWS), readDate, read);
    case "TIME":
      return new FixedColumn(new BigInt64Array(BATCH_ROWS), readTime, read);
    case "TIMESTAMP":
      return new FixedColumn(new BigInt64Array(BATCH_ROWS), readTimestamp, read);
    case "TIMESTAMP WITH TIME ZONE":
      return new FixedColumn(new BigInt64Array(BATCH_ROWS), readTimestamptz, read);
    case "DOUBLE":
      return new FixedColumn(new Float64Array(BATCH_ROWS), readFloat, read);
    case "FLOAT":
      return new FixedColumn(new Float32Array(BATCH_ROWS), none, read);
    case "DECIMAL":
      return decimalColumn(type, read);
    case "HUGEINT":
      return new ValueColumn(converted(read, (value) => rescaled(value, WIDE_INTEGER)));
    case "BLOB":
    case "BIT":
    case "UUID":
    case "INTERVAL":
    case "TIME WITH TIME ZONE":
      return new ValueColumn(converted(read, asItIs));
    case "LIST":
      return new ValueColumn(listReading(type.valueType, read));
    default:
      throw new PgError(
        "feature_not_supported",
        `COPY FROM into a column of type ${type.id} is not supported`,
      );
  }
}

/** The types' general input functions. */
class ValueReading {
  readonly #name: PgTypeName;
  readonly #context: DateTimeContext;

  constructor(name: PgTypeName, context: DateTimeContext) {
    this.#name = name;
    this.#context = context;
  }

  text(bytes: Buffer): Read {
    return readText(this.#name, bytes, this.#context);
  }

  binary(bytes: Buffer): Read {
    return readBinary(this.#name, bytes, undefined);
  }

  textArray(bytes: Buffer): ReadArray {
    return parseArray(this.#name, bytes, this.#context);
  }

  binaryArray(bytes: Buffer): ReadArray {
    return readBinaryArray(this.#name, bytes, undefined);
  }
}

/** Reads a value in a common form; undefined where the general function has to look at it. */
type FastReading = (bytes: Buffer, start: number, end: number) => number | undefined;

const none: FastReading = () => undefined;

function within(reading: FastReading, limit: number): FastReading {
  return (bytes, start, end) => {
    const value = reading(bytes, start, end);
    return value === undefined || value >= limit || value < -limit ? undefined : value;
  };
}

const LETTER_T = 0x74;
const LETTER_F = 0x66;

function readBoolean(bytes: Buffer, start: number, end: number): number | undefined {
  if (end - start !== 1) return undefined;
  if (bytes[start] === LETTER_T) return 1;
  return bytes[start] === LETTER_F ? 0 : undefined;
}

type Fixed = Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array | BigInt64Array;

/** Values of a fixed width, as they lie in DuckDB's vectors. */
class FixedColumn implements CopyColumn {
  readonly heldBytes = 0;
  readonly #values: Fixed;
  readonly #valid = new Uint8Array(BATCH_ROWS);
  readonly #fast: FastReading;
  readonly #general: ValueReading;
  readonly #convert: (value: Read) => Read;

  constructor(
    values: Fixed,
    fast: FastReading,
    general: ValueReading,
    convert: (value: Read) => Read = asItIs,
  ) {
    this.#values = values;
    this.#fast = fast;
    this.#general = general;
    this.#convert = convert;
  }

  readText(row: number, bytes: Buffer, start: number, end: number): void {
    const value = this.#fast(bytes, start, end);
    if (value !== undefined) this.#put(row, value);
    else this.#putRead(row, this.#general.text(bytes.subarray(start, end)));
  }

  readBinary(row: number, bytes: Buffer): void {
    this.#putRead(row, this.#general.binary(bytes));
  }

  take(): ColumnValues {
    const valid = this.#valid.slice();
    this.#valid.fill(0);
    return { layout: "fixed", values: this.#values, valid };
  }

  #putRead(row: number, value: Read): void {
    this.#put(row, this.#convert(value));
  }

  #put(row: number, value: Read): void {
    const values = this.#values;
    if (!(values instanceof BigInt64Array)) values[row] = Number(value);
    else values[row] = typeof value === "bigint" ? value : BigInt(Number(value));
    this.#valid[row] = 1;
  }
}

/** UTF-8, one text behind another. */
class TextColumn implements CopyColumn {
  readonly #read: ValueReading;
  readonly #isChecked: boolean;
  readonly #ends = new Uint32Array(BATCH_ROWS);
  readonly #valid = new Uint8Array(BATCH_ROWS);
  #bytes = new Uint8Array(BATCH_ROWS * 16);
  #length = 0;
  #rows = 0;

  constructor(read: ValueReading, values: "any text" | "checked") {
    this.#read = read;
    this.#isChecked = values === "checked";
  }

  get heldBytes(): number {
    return this.#length;
  }

  readText(row: number, bytes: Buffer, start: number, end: number): void {
    if (this.#isChecked) this.#read.text(bytes.subarray(start, end));
    this.#put(row, bytes, start, end);
  }

  readBinary(row: number, bytes: Buffer): void {
    const read = this.#read.binary(bytes);
    if (typeof read !== "string") throw new Error("a text was read as something else");
    const text = Buffer.from(read);
    this.#put(row, text, 0, text.length);
  }

  #put(row: number, bytes: Buffer, start: number, end: number): void {
    this.#endRows(row);
    const length = end - start;
    if (this.#length + length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + length));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    const into = this.#bytes;
    const offset = this.#length - start;
    // Texts are short: a call to copy one costs more than its bytes do.
    if (length > 64) into.set(bytes.subarray(start, end), this.#length);
    else for (let at = start; at < end; at += 1) into[offset + at] = bytes[at] ?? 0;
    this.#length += length;
    this.#ends[row] = this.#length;
    this.#valid[row] = 1;
    this.#rows = row + 1;
  }

  take(): ColumnValues {
    this.#endRows(BATCH_ROWS);
    const values: ColumnValues = {
      layout: "text",
      bytes: this.#bytes,
      ends: this.#ends,
      valid: this.#valid.slice(),
    };
    this.#valid.fill(0);
    this.#length = 0;
    this.#rows = 0;
    return values;
  }

  /** NULLs end where the text before them does. */
  #endRows(row: number): void {
    if (this.#rows < row) this.#ends.fill(this.#length, this.#rows, row);
  }
}

/** Reads one value in either format, as the column keeps it. */
interface RawReading {
  text(bytes: Buffer): RawValue;
  binary(bytes: Buffer): RawValue;
}

function converted(read: ValueReading, convert: (value: Read) => RawValue): RawReading {
  return {
    text: (bytes) => convert(read.text(bytes)),
    binary: (bytes) => convert(read.binary(bytes)),
  };
}

/** Values that are handed to the library one by one. */
class ValueColumn implements CopyColumn {
  readonly #read: RawReading;
  #values: RawValue[] = [];
  heldBytes = 0;

  constructor(read: RawReading) {
    this.#read = read;
  }

  readText(row: number, bytes: Buffer, start: number, end: number): void {
    this.#values[row] = this.#read.text(bytes.subarray(start, end));
    this.heldBytes += end - start;
  }

  readBinary(row: number, bytes: Buffer): void {
    this.#values[row] = this.#read.binary(bytes);
    this.heldBytes += bytes.length;
  }

  take(): ColumnValues {
    const values = this.#values;
    this.#values = [];
    this.heldBytes = 0;
    return { layout: "values", values };
  }
}

function asItIs(value: Read): RawValue {
  // Only numerics are read otherwise than columns keep them, and theirs have a conversion.
  return value as RawValue;
}

function decimalColumn(
  type: { readonly width: number; readonly scale: number },
  read: ValueReading,
): CopyColumn {
  const size = decimalBytes(type.width);
  if (size === 16) return new ValueColumn(converted(read, (value) => rescaled(value, type)));
  const limit = 10 ** type.width;
  const fast: FastReading = (bytes, start, end) => {
    const value = readScaled(bytes, start, end, type.scale);
    return value === undefined || Math.abs(value) >= limit ? undefined : value;
  };
  const values =
    size === 2
      ? new Int16Array(BATCH_ROWS)
      : size === 4
        ? new Int32Array(BATCH_ROWS)
        : new BigInt64Array(BATCH_ROWS);
  return new FixedColumn(values, fast, read, (value) => rescaled(value, type));
}

/** HUGEINT, which PostgreSQL's clients see as a numeric. */
const WIDE_INTEGER = { width: 38, scale: 0 };

/** A numeric with the column's own scale, rounded away from zero where it has more digits. */
function rescaled(
  value: Read,
  { width, scale }: { readonly width: number; readonly scale: number },
): bigint {
  if (typeof value !== "object" || value === null || !("unscaled" in value)) {
    throw new PgError(
      "numeric_value_out_of_range",
      `value "${typeof value === "string" ? value : "NaN"}" is out of range for type numeric(${width},${scale})`,
    );
  }
  const unscaled = atScale(value, scale);
  const limit = 10n ** BigInt(width);
  if (unscaled < limit && unscaled > -limit) return unscaled;
  const whole = width - scale;
  throw new PgError("numeric_value_out_of_range", "numeric field overflow", {
    detail: `A field with precision ${width}, scale ${scale} must round to an absolute value less than ${whole === 0 ? "1" : `10^${whole}`}.`,
  });
}

function atScale({ unscaled, scale: has }: Decimal, scale: number): bigint {
  if (has <= scale) return unscaled * 10n ** BigInt(scale - has);
  const divisor = 10n ** BigInt(has - scale);
  const half = divisor / 2n;
  return (unscaled + (unscaled < 0n ? -half : half)) / divisor;
}

/** Lists of one dimension, which is all that a column of DuckDB's type can say of itself. */
function listReading(valueType: DuckDBType, read: ValueReading): RawReading {
  const element = elementConversion(valueType);
  const list = (items: ReadArray): RawValue =>
    items.map((item) => {
      if (Array.isArray(item)) throw moreDimensions();
      // What is no list is a value, by the type of ReadArray.
      return item === null ? null : element(item as Read);
    });
  return {
    text: (bytes) => list(read.textArray(bytes)),
    binary: (bytes) => list(read.binaryArray(bytes)),
  };
}

function elementConversion(type: DuckDBType): (value: Read) => RawValue {
  if (type.id === "DECIMAL") return (value) => rescaled(value, type);
  if (type.id === "HUGEINT") return (value) => rescaled(value, WIDE_INTEGER);
  if (type.id !== "LIST") return asItIs;
  throw moreDimensions();
}

function moreDimensions(): PgError {
  return new PgError(
    "feature_not_supported",
    "COPY FROM into arrays of more than one dimension is not supported",
  );
}
