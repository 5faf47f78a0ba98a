/**
 * DuckDB's logical types as plain data, so that they can cross a process border and be reasoned
 * about without DuckDB. Scalar types carry the name under which DuckDB prints them.
 */
export const SCALAR_TYPE_NAMES = [
  "BOOLEAN",
  "TINYINT",
  "SMALLINT",
  "INTEGER",
  "BIGINT",
  "HUGEINT",
  "UTINYINT",
  "USMALLINT",
  "UINTEGER",
  "UBIGINT",
  "UHUGEINT",
  "BIGNUM",
  "FLOAT",
  "DOUBLE",
  "VARCHAR",
  "JSON",
  "BLOB",
  "BIT",
  "UUID",
  "DATE",
  "TIME",
  "TIME_NS",
  "TIME WITH TIME ZONE",
  "TIMESTAMP",
  "TIMESTAMP_S",
  "TIMESTAMP_MS",
  "TIMESTAMP_NS",
  "TIMESTAMP WITH TIME ZONE",
  "INTERVAL",
  "GEOMETRY",
  "VARIANT",
  "NULL",
] as const;

export type ScalarTypeName = (typeof SCALAR_TYPE_NAMES)[number];

export interface NamedType {
  readonly name: string;
  readonly type: DuckDBType;
}

export type DuckDBType =
  | { readonly id: ScalarTypeName }
  | { readonly id: "DECIMAL"; readonly width: number; readonly scale: number }
  | { readonly id: "ENUM"; readonly values: readonly string[] }
  | { readonly id: "LIST"; readonly valueType: DuckDBType }
  | { readonly id: "ARRAY"; readonly valueType: DuckDBType; readonly length: number }
  | { readonly id: "STRUCT"; readonly fields: readonly NamedType[] }
  | { readonly id: "MAP"; readonly keyType: DuckDBType; readonly valueType: DuckDBType }
  | { readonly id: "UNION"; readonly members: readonly NamedType[] };

/** What a RawValue is made of. */
export type RawScalar = boolean | number | bigint | string | Uint8Array | IntervalValue;

/**
 * A value in DuckDB's own representation, which only its type makes readable:
 *
 * - up to 32 bits of integer, FLOAT, DOUBLE: number; wider integers: bigint
 * - DECIMAL: the unscaled bigint
 * - DATE: days since 1970-01-01, number; TIME: microseconds, bigint; TIME_NS: nanoseconds
 * - TIME WITH TIME ZONE: DuckDB's 64 bits of it (40 of microseconds, 24 of offset), bigint
 * - TIMESTAMP and WITH TIME ZONE: microseconds since 1970, bigint; _S, _MS, _NS in their unit
 * - UUID: 128 bits, bigint; VARCHAR, JSON, ENUM: string; BLOB, BIT (first byte counts the padding bits), GEOMETRY: bytes
 * - LIST, ARRAY, and STRUCT: values in order; MAP: pairs of key and value; UNION: tag and value
 */
export type RawValue = null | RawScalar | readonly RawValue[];

export interface IntervalValue {
  readonly months: number;
  readonly days: number;
  readonly micros: bigint;
}

/** The type as DuckDB prints it, which is also how it reads it. */
export function duckdbTypeText(type: DuckDBType): string {
  switch (type.id) {
    case "DECIMAL":
      return `DECIMAL(${type.width},${type.scale})`;
    case "ENUM":
      return `ENUM(${type.values.map((value) => `'${value.replaceAll("'", "''")}'`).join(", ")})`;
    case "LIST":
      return `${duckdbTypeText(type.valueType)}[]`;
    case "ARRAY":
      return `${duckdbTypeText(type.valueType)}[${type.length}]`;
    case "STRUCT":
      return `STRUCT(${namedTypes(type.fields)})`;
    case "MAP":
      return `MAP(${duckdbTypeText(type.keyType)}, ${duckdbTypeText(type.valueType)})`;
    case "UNION":
      return `UNION(${namedTypes(type.members)})`;
    case "NULL":
      return '"NULL"';
    default:
      return type.id;
  }
}

function namedTypes(types: readonly NamedType[]): string {
  return types
    .map(({ name, type }) => `"${name.replaceAll('"', '""')}" ${duckdbTypeText(type)}`)
    .join(", ");
}

/** A value and the type that makes it readable: what a parameter is bound to. */
export interface TypedValue {
  readonly type: DuckDBType;
  readonly value: RawValue;
}
