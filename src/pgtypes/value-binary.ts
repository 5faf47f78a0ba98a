/** One value in PostgreSQL's binary format: the complete and unhurried way. */
import { PgError } from "../core/pg-error.ts";
import { datePgDays, timestampPgMicros, timetzParts } from "./datetime.ts";
import type { DuckDBType, IntervalValue, RawValue } from "./duckdb-type.ts";
import { elementType, isList, pgTypeName } from "./duckdb-types.ts";
import { numericBinary } from "./numeric.ts";
import { PG_TYPES } from "./pg-types.ts";
import type { TimeZone } from "./time-zone.ts";
import { timestampMicros, type Value, valueText } from "./value-text.ts";

// The casts below are what the table at RawValue promises for each type.
export function valueBinary(type: DuckDBType, value: Value, zone: TimeZone): Buffer {
  switch (type.id) {
    case "BOOLEAN":
      return Buffer.of(value === true ? 1 : 0);
    case "TINYINT":
    case "SMALLINT":
    case "UTINYINT":
      return int16(value as number);
    case "INTEGER":
    case "USMALLINT":
      return int32(value as number);
    case "UINTEGER":
      return int64(BigInt(value as number));
    case "BIGINT":
      return int64(value as bigint);
    case "HUGEINT":
    case "UBIGINT":
    case "UHUGEINT":
    case "BIGNUM":
      return numericBinary(value as bigint, 0);
    case "DECIMAL":
      return numericBinary(value as bigint, type.scale);
    case "FLOAT": {
      const bytes = Buffer.allocUnsafe(4);
      bytes.writeFloatBE(value as number);
      return bytes;
    }
    case "DOUBLE": {
      const bytes = Buffer.allocUnsafe(8);
      bytes.writeDoubleBE(value as number);
      return bytes;
    }
    case "BLOB":
    case "GEOMETRY":
      return Buffer.from(value as Uint8Array);
    case "BIT":
      return bitBinary(value as Uint8Array);
    case "UUID":
      return Buffer.from((value as bigint).toString(16).padStart(32, "0"), "hex");
    case "DATE":
      return int32(datePgDays(value as number));
    case "TIME":
      return int64(value as bigint);
    case "TIME_NS":
      return int64((value as bigint) / 1000n);
    case "TIME WITH TIME ZONE": {
      const { micros, offset } = timetzParts(value as bigint);
      // PostgreSQL counts this offset westward. `0 -` makes no negative zero.
      return Buffer.concat([int64(micros), int32(0 - offset)]);
    }
    case "TIMESTAMP":
    case "TIMESTAMP_S":
    case "TIMESTAMP_MS":
    case "TIMESTAMP_NS":
    case "TIMESTAMP WITH TIME ZONE":
      return int64(timestampPgMicros(timestampMicros(type.id, value as bigint)));
    case "INTERVAL": {
      const { micros, days, months } = value as IntervalValue;
      return Buffer.concat([int64(micros), int32(days), int32(months)]);
    }
    case "LIST":
    case "ARRAY":
      return arrayBinary(type, value as readonly RawValue[], zone);
    case "VARCHAR":
    case "JSON":
    case "ENUM":
    case "VARIANT":
    case "NULL":
    case "STRUCT":
    case "MAP":
    case "UNION":
      return Buffer.from(valueText(type, value, zone));
  }
}

/** varbit: the number of bits, then the bits from the left, padded at the end. */
function bitBinary(bytes: Uint8Array): Buffer {
  const padding = bytes[0] ?? 0;
  const data = bytes.subarray(1);
  const out = Buffer.alloc(4 + data.length);
  out.writeInt32BE(data.length * 8 - padding, 0);
  for (let index = 0; index < data.length; index += 1) {
    // DuckDB pads at the front, PostgreSQL at the end.
    out[4 + index] =
      (((data[index] ?? 0) << padding) | ((data[index + 1] ?? 0) >> (8 - padding))) & 0xff;
  }
  return out;
}

const NULL_LENGTH = int32(-1);

function arrayBinary(type: DuckDBType, value: readonly RawValue[], zone: TimeZone): Buffer {
  const element = elementType(type);
  const lengths = dimensions(type, value);
  const flat = flatten(value, lengths.length);
  const isEmpty = flat.length === 0;
  const header = Buffer.concat([
    int32(isEmpty ? 0 : lengths.length),
    int32(flat.includes(null) ? 1 : 0),
    int32(PG_TYPES[pgTypeName(element)].oid),
    // Each dimension has a length and a lower bound.
    ...(isEmpty ? [] : lengths.flatMap((length) => [int32(length), int32(1)])),
  ]);
  const items = flat.map((item) => {
    if (item === null) return NULL_LENGTH;
    const bytes = valueBinary(element, item, zone);
    return Buffer.concat([int32(bytes.length), bytes]);
  });
  return Buffer.concat([header, ...items]);
}

/** The lengths, outermost first; lists inside lists must agree, as PostgreSQL's arrays do. */
function dimensions(type: DuckDBType, value: readonly RawValue[]): number[] {
  const lengths: number[] = [];
  let level: readonly RawValue[] = [value];
  for (let at = type; isList(at); at = at.valueType) {
    // Above the last dimension every value is a list, by its type.
    const lists = level as readonly (readonly RawValue[] | null)[];
    const [first] = lists;
    for (const list of lists) {
      if (list === null || list.length !== first?.length) throw notRectangular();
    }
    lengths.push(first?.length ?? 0);
    level = lists.flatMap((list) => list ?? []);
  }
  return lengths;
}

function flatten(value: readonly RawValue[], depth: number): readonly RawValue[] {
  let level = value;
  for (let at = 1; at < depth; at += 1)
    level = level.flatMap((list) => list as readonly RawValue[]);
  return level;
}

function notRectangular(): PgError {
  return new PgError(
    "array_subscript_error",
    "multidimensional arrays must have sub-arrays with matching dimensions",
    { hint: "Ask for this column in text format, or cast it to json." },
  );
}

function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
