import {
  arrayValue,
  bitValue,
  blobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBTimeNSValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeTZValue,
  DuckDBTimeValue,
  DuckDBUUIDValue,
  type DuckDBValue,
  listValue,
} from "@duckdb/node-api";
import { assert } from "../core/assert.ts";
import type { DuckDBType, IntervalValue, RawValue, TypedValue } from "../pgtypes/duckdb-type.ts";
import { bitText } from "../pgtypes/value-text.ts";

/** The library's value for one of ours, to bind it as a parameter. */
export function toLibraryValue({ type, value }: TypedValue): DuckDBValue {
  if (value === null) return null;
  switch (type.id) {
    case "DECIMAL":
      return new DuckDBDecimalValue(asBigint(value), type.width, type.scale);
    case "DATE":
      return new DuckDBDateValue(Number(value));
    case "TIME":
      return new DuckDBTimeValue(asBigint(value));
    case "TIME_NS":
      return new DuckDBTimeNSValue(asBigint(value));
    case "TIME WITH TIME ZONE":
      return DuckDBTimeTZValue.fromBits(asBigint(value));
    case "TIMESTAMP":
      return new DuckDBTimestampValue(asBigint(value));
    case "TIMESTAMP WITH TIME ZONE":
      return new DuckDBTimestampTZValue(asBigint(value));
    case "TIMESTAMP_S":
      return new DuckDBTimestampSecondsValue(asBigint(value));
    case "TIMESTAMP_MS":
      return new DuckDBTimestampMillisecondsValue(asBigint(value));
    case "TIMESTAMP_NS":
      return new DuckDBTimestampNanosecondsValue(asBigint(value));
    case "INTERVAL": {
      // An INTERVAL's raw value is this record, by the table of RawValue.
      const { months, days, micros } = value as IntervalValue;
      return new DuckDBIntervalValue(months, days, micros);
    }
    case "UUID":
      return DuckDBUUIDValue.fromUint128(BigInt.asUintN(128, asBigint(value)));
    case "BLOB":
      return blobValue(asBytes(value));
    case "BIT":
      return bitValue(bitText(asBytes(value)));
    case "LIST":
      return listValue(elements(type.valueType, value));
    case "ARRAY":
      return arrayValue(elements(type.valueType, value));
    default:
      assert(
        typeof value === "string" ||
          typeof value === "number" ||
          typeof value === "bigint" ||
          typeof value === "boolean",
        `a value of type ${type.id} cannot be bound`,
      );
      return value;
  }
}

function elements(type: DuckDBType, value: RawValue): DuckDBValue[] {
  assert(Array.isArray(value), "the value of a list is an array");
  return value.map((element: RawValue) => toLibraryValue({ type, value: element }));
}

function asBigint(value: RawValue): bigint {
  assert(typeof value === "bigint", "the raw value of this type is a bigint");
  return value;
}

function asBytes(value: RawValue): Uint8Array {
  assert(value instanceof Uint8Array, "the raw value of this type is bytes");
  return value;
}
