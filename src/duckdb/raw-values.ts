import { PgError } from "../core/pg-error.ts";
import type { DuckDBType, RawValue } from "../pgtypes/duckdb-type.ts";
import { bytesAtPointer, type Vector } from "./vectors.ts";

/** Reads one row's value of a vector; for columns that have no faster way. */
export type ValueReader = (row: number) => RawValue;

/** Strings and blobs up to this length lie in the vector itself. */
export const INLINE_LENGTH = 12;

export function valueReader(type: DuckDBType, vector: Vector): ValueReader {
  const read = nonNullReader(type, vector);
  const mask = vector.validity();
  if (mask === undefined) return read;
  return (row) => (((mask[row >> 3] ?? 0) & (1 << (row & 7))) === 0 ? null : read(row));
}

function nonNullReader(type: DuckDBType, vector: Vector): ValueReader {
  switch (type.id) {
    case "NULL":
      return () => null;
    case "BOOLEAN": {
      const data = vector.data(1);
      return (row) => data.getUint8(row) !== 0;
    }
    case "TINYINT": {
      const data = vector.data(1);
      return (row) => data.getInt8(row);
    }
    case "UTINYINT": {
      const data = vector.data(1);
      return (row) => data.getUint8(row);
    }
    case "SMALLINT": {
      const data = vector.data(2);
      return (row) => data.getInt16(row * 2, true);
    }
    case "USMALLINT": {
      const data = vector.data(2);
      return (row) => data.getUint16(row * 2, true);
    }
    case "INTEGER":
    case "DATE": {
      const data = vector.data(4);
      return (row) => data.getInt32(row * 4, true);
    }
    case "UINTEGER": {
      const data = vector.data(4);
      return (row) => data.getUint32(row * 4, true);
    }
    case "FLOAT": {
      const data = vector.data(4);
      return (row) => data.getFloat32(row * 4, true);
    }
    case "DOUBLE": {
      const data = vector.data(8);
      return (row) => data.getFloat64(row * 8, true);
    }
    case "BIGINT":
    case "TIME":
    case "TIME_NS":
    case "TIMESTAMP":
    case "TIMESTAMP_S":
    case "TIMESTAMP_MS":
    case "TIMESTAMP_NS":
    case "TIMESTAMP WITH TIME ZONE": {
      const data = vector.data(8);
      return (row) => data.getBigInt64(row * 8, true);
    }
    case "UBIGINT":
    case "TIME WITH TIME ZONE": {
      const data = vector.data(8);
      return (row) => data.getBigUint64(row * 8, true);
    }
    case "HUGEINT":
      return hugeintReader(vector);
    case "UHUGEINT": {
      const data = vector.data(16);
      return (row) =>
        (data.getBigUint64(row * 16 + 8, true) << 64n) | data.getBigUint64(row * 16, true);
    }
    case "UUID": {
      // Kept as a HUGEINT that sorts like the text: with its first bit inverted.
      const data = vector.data(16);
      return (row) =>
        ((data.getBigUint64(row * 16 + 8, true) ^ (1n << 63n)) << 64n) |
        data.getBigUint64(row * 16, true);
    }
    case "INTERVAL": {
      const data = vector.data(16);
      return (row) => ({
        months: data.getInt32(row * 16, true),
        days: data.getInt32(row * 16 + 4, true),
        micros: data.getBigInt64(row * 16 + 8, true),
      });
    }
    case "DECIMAL":
      return decimalReader(type.width, vector);
    case "ENUM":
      return enumReader(type.values, vector);
    case "VARCHAR":
    case "JSON": {
      const bytes = bytesReader(vector);
      return (row) => bytes(row).toString("utf8");
    }
    case "BLOB":
    case "BIT":
    case "GEOMETRY":
      return bytesReader(vector);
    case "BIGNUM": {
      const bytes = bytesReader(vector);
      return (row) => bignum(bytes(row));
    }
    case "LIST": {
      const entries = vector.data(16);
      const element = valueReader(type.valueType, vector.listElements());
      return (row) => listAt(entries, row, element);
    }
    case "ARRAY": {
      const element = valueReader(type.valueType, vector.arrayElements(type.length));
      return (row) =>
        Array.from({ length: type.length }, (_, index) => element(row * type.length + index));
    }
    case "STRUCT": {
      const fields = type.fields.map((field, index) =>
        valueReader(field.type, vector.field(index)),
      );
      return (row) => fields.map((field) => field(row));
    }
    case "MAP": {
      const entries = vector.data(16);
      const pairs = vector.listElements();
      const key = valueReader(type.keyType, pairs.field(0));
      const value = valueReader(type.valueType, pairs.field(1));
      return (row) => listAt(entries, row, (at) => [key(at), value(at)]);
    }
    case "UNION": {
      const tag = vector.field(0).data(1);
      const members = type.members.map((member, index) => ({
        name: member.name,
        read: valueReader(member.type, vector.field(index + 1)),
      }));
      return (row) => {
        const member = members[tag.getUint8(row)];
        return member === undefined ? null : [member.name, member.read(row)];
      };
    }
    case "VARIANT":
      throw new PgError("feature_not_supported", "columns of type VARIANT are not supported", {
        hint: "Cast the column to text or to json.",
      });
  }
}

function listAt(entries: DataView, row: number, element: ValueReader): RawValue {
  const start = Number(entries.getBigUint64(row * 16, true));
  const length = Number(entries.getBigUint64(row * 16 + 8, true));
  return Array.from({ length }, (_, index) => element(start + index));
}

function hugeintReader(vector: Vector): ValueReader {
  const data = vector.data(16);
  return (row) => (data.getBigInt64(row * 16 + 8, true) << 64n) | data.getBigUint64(row * 16, true);
}

/** How wide DuckDB keeps a DECIMAL of that many digits. */
export function decimalBytes(width: number): 2 | 4 | 8 | 16 {
  return width <= 4 ? 2 : width <= 9 ? 4 : width <= 18 ? 8 : 16;
}

function decimalReader(width: number, vector: Vector): ValueReader {
  const bytes = decimalBytes(width);
  if (bytes === 16) return hugeintReader(vector);
  const data = vector.data(bytes);
  if (bytes === 8) return (row) => data.getBigInt64(row * 8, true);
  if (bytes === 4) return (row) => BigInt(data.getInt32(row * 4, true));
  return (row) => BigInt(data.getInt16(row * 2, true));
}

/** How wide DuckDB keeps the index of an ENUM with that many values. */
export function enumBytes(count: number): 1 | 2 | 4 {
  return count <= 255 ? 1 : count <= 65_535 ? 2 : 4;
}

function enumReader(values: readonly string[], vector: Vector): ValueReader {
  const bytes = enumBytes(values.length);
  const data = vector.data(bytes);
  if (bytes === 1) return (row) => values[data.getUint8(row)] ?? null;
  if (bytes === 2) return (row) => values[data.getUint16(row * 2, true)] ?? null;
  return (row) => values[data.getUint32(row * 4, true)] ?? null;
}

function bytesReader(vector: Vector): (row: number) => Buffer {
  const data = vector.data(16);
  return (row) => {
    const length = data.getUint32(row * 16, true);
    if (length <= INLINE_LENGTH) {
      return Buffer.from(data.buffer, data.byteOffset + row * 16 + 4, length);
    }
    const bytes = bytesAtPointer(data, row * 16 + 8, length);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

/** Three bytes of header, then the magnitude; of a negative number every bit is inverted. */
function bignum(bytes: Buffer): bigint {
  const negative = ((bytes[0] ?? 0) & 0x80) === 0;
  let magnitude = 0n;
  for (const byte of bytes.subarray(3)) {
    magnitude = (magnitude << 8n) | BigInt(negative ? byte ^ 0xff : byte);
  }
  return negative ? -magnitude : magnitude;
}
