/** One value as PostgreSQL's text: the complete and unhurried way, for types without a fast one. */
import { unreachable } from "../core/assert.ts";
import { PgError } from "../core/pg-error.ts";
import { dateText, timestampText, timestamptzText, timeText, timetzText } from "./datetime.ts";
import type { DuckDBType, IntervalValue, RawScalar, RawValue } from "./duckdb-type.ts";
import { isList } from "./duckdb-types.ts";
import { float4Text, float8Text } from "./floats.ts";
import { intervalText } from "./interval.ts";
import { numericText } from "./numeric.ts";
import type { TimeZone } from "./time-zone.ts";

/** A value that is not NULL; `RawValue` says which form goes with which type. */
export type Value = RawScalar | readonly RawValue[];

export function valueText(type: DuckDBType, value: Value, zone: TimeZone): string {
  switch (type.id) {
    case "LIST":
    case "ARRAY":
      return arrayText(type.valueType, value as readonly RawValue[], zone);
    case "STRUCT":
    case "MAP":
    case "UNION":
      return jsonText(type, value, zone);
    default:
      return scalarText(type, value, zone);
  }
}

// The casts below are what the table at RawValue promises for each type.
function scalarText(type: DuckDBType, value: Value, zone: TimeZone): string {
  switch (type.id) {
    case "BOOLEAN":
      return value === true ? "t" : "f";
    case "FLOAT":
      return float4Text(value as number);
    case "DOUBLE":
      return float8Text(value as number);
    case "DECIMAL":
      return numericText(value as bigint, type.scale);
    case "BLOB":
    case "GEOMETRY":
      return `\\x${Buffer.from(value as Uint8Array).toString("hex")}`;
    case "BIT":
      return bitText(value as Uint8Array);
    case "UUID":
      return uuidText(value as bigint);
    case "DATE":
      return dateText(value as number);
    case "TIME":
      return timeText(value as bigint);
    case "TIME_NS":
      return timeText((value as bigint) / 1000n);
    case "TIME WITH TIME ZONE":
      return timetzText(value as bigint);
    case "TIMESTAMP":
    case "TIMESTAMP_S":
    case "TIMESTAMP_MS":
    case "TIMESTAMP_NS":
      return timestampText(timestampMicros(type.id, value as bigint));
    case "TIMESTAMP WITH TIME ZONE":
      return timestamptzText(value as bigint, zone);
    case "INTERVAL":
      return intervalText(value as IntervalValue);
    case "TINYINT":
    case "SMALLINT":
    case "INTEGER":
    case "BIGINT":
    case "HUGEINT":
    case "UTINYINT":
    case "USMALLINT":
    case "UINTEGER":
    case "UBIGINT":
    case "UHUGEINT":
    case "BIGNUM":
      return (value as number | bigint).toString();
    case "VARCHAR":
    case "JSON":
    case "ENUM":
    case "VARIANT":
    case "NULL":
      return value as string;
    case "LIST":
    case "ARRAY":
    case "STRUCT":
    case "MAP":
    case "UNION":
      throw new Error(`${type.id} is not scalar`);
    default:
      return unreachable(type);
  }
}

const INFINITY = 9_223_372_036_854_775_807n;

/** The other timestamps in microseconds; what does not fit is out of PostgreSQL's range, too. */
export function timestampMicros(
  unit: "TIMESTAMP" | "TIMESTAMP_S" | "TIMESTAMP_MS" | "TIMESTAMP_NS" | "TIMESTAMP WITH TIME ZONE",
  value: bigint,
): bigint {
  if (value === INFINITY || value === -INFINITY) return value;
  switch (unit) {
    case "TIMESTAMP_S":
      return inRange(value * 1_000_000n);
    case "TIMESTAMP_MS":
      return inRange(value * 1000n);
    case "TIMESTAMP_NS":
      return BigInt.asIntN(64, (value - (((value % 1000n) + 1000n) % 1000n)) / 1000n);
    default:
      return value;
  }
}

function inRange(micros: bigint): bigint {
  if (micros < INFINITY && micros > -INFINITY) return micros;
  throw new PgError("datetime_field_overflow", "timestamp out of range");
}

export function uuidText(value: bigint): string {
  const hex = value.toString(16).padStart(32, "0");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

/** DuckDB's first byte counts the padding bits, which stand in front. */
export function bitText(bytes: Uint8Array): string {
  const bits = Array.from(bytes.subarray(1), (byte) => byte.toString(2).padStart(8, "0")).join("");
  return bits.slice(bytes[0] ?? 0);
}

/** What an element of an array has to be quoted for. */
const NEEDS_QUOTES = /[{}",\\\s]|^null$|^$/i;

function arrayText(type: DuckDBType, values: readonly RawValue[], zone: TimeZone): string {
  const elements = values.map((value) => {
    if (value === null) return "NULL";
    const text = valueText(type, value, zone);
    if (isList(type) || !NEEDS_QUOTES.test(text)) return text;
    return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
  });
  return `{${elements.join(",")}}`;
}

/** As PostgreSQL's to_json() writes it. */
export function jsonText(type: DuckDBType, value: RawValue, zone: TimeZone): string {
  if (value === null) return "null";
  switch (type.id) {
    case "BOOLEAN":
      return value === true ? "true" : "false";
    case "JSON":
      return value as string;
    case "FLOAT":
    case "DOUBLE":
    case "DECIMAL":
    case "TINYINT":
    case "SMALLINT":
    case "INTEGER":
    case "BIGINT":
    case "HUGEINT":
    case "UTINYINT":
    case "USMALLINT":
    case "UINTEGER":
    case "UBIGINT":
    case "UHUGEINT":
    case "BIGNUM": {
      const text = scalarText(type, value, zone);
      return /[NI]/.test(text) ? JSON.stringify(text) : text;
    }
    case "TIMESTAMP":
    case "TIMESTAMP_S":
    case "TIMESTAMP_MS":
    case "TIMESTAMP_NS":
      return JSON.stringify(timestampText(timestampMicros(type.id, value as bigint), "T"));
    case "TIMESTAMP WITH TIME ZONE":
      return JSON.stringify(timestamptzText(value as bigint, zone, "T", true));
    case "LIST":
    case "ARRAY": {
      const elements = value as readonly RawValue[];
      return `[${elements.map((element) => jsonText(type.valueType, element, zone)).join(",")}]`;
    }
    case "STRUCT": {
      const fields = value as readonly RawValue[];
      const members = type.fields.map(
        (field, index) =>
          `${JSON.stringify(field.name || `f${index + 1}`)}:${jsonText(field.type, fields[index] ?? null, zone)}`,
      );
      return `{${members.join(",")}}`;
    }
    case "MAP": {
      // A map's raw value is a list of pairs.
      const pairs = value as readonly (readonly [Value, RawValue])[];
      const members = pairs.map(
        ([key, item]) =>
          `${JSON.stringify(valueText(type.keyType, key, zone))}:${jsonText(type.valueType, item, zone)}`,
      );
      return `{${members.join(",")}}`;
    }
    case "UNION": {
      // A union's raw value is its tag and the member's value.
      const [tag, item] = value as readonly [string, RawValue];
      const member = type.members.find(({ name }) => name === tag);
      return member === undefined
        ? "null"
        : `{${JSON.stringify(tag)}:${jsonText(member.type, item, zone)}}`;
    }
    default:
      return JSON.stringify(scalarText(type, value, zone));
  }
}
