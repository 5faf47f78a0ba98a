import type { DuckDBType, ScalarTypeName } from "./duckdb-type.ts";
import { PG_TYPES, type PgTypeName } from "./pg-types.ts";

/** How a column's type is described to a client: the type's part of a FieldDescription. */
export interface TypeDescription {
  readonly typeOid: number;
  readonly typeSize: number;
  readonly typeModifier: number;
}

/** PostgreSQL's type for DuckDB's: the smallest one that holds every value. */
const SCALARS: Readonly<Record<ScalarTypeName, PgTypeName>> = {
  BOOLEAN: "bool",
  TINYINT: "int2",
  SMALLINT: "int2",
  INTEGER: "int4",
  BIGINT: "int8",
  HUGEINT: "numeric",
  UTINYINT: "int2",
  USMALLINT: "int4",
  UINTEGER: "int8",
  UBIGINT: "numeric",
  UHUGEINT: "numeric",
  BIGNUM: "numeric",
  FLOAT: "float4",
  DOUBLE: "float8",
  VARCHAR: "text",
  JSON: "json",
  BLOB: "bytea",
  BIT: "varbit",
  UUID: "uuid",
  DATE: "date",
  TIME: "time",
  TIME_NS: "time",
  "TIME WITH TIME ZONE": "timetz",
  TIMESTAMP: "timestamp",
  TIMESTAMP_S: "timestamp",
  TIMESTAMP_MS: "timestamp",
  TIMESTAMP_NS: "timestamp",
  "TIMESTAMP WITH TIME ZONE": "timestamptz",
  INTERVAL: "interval",
  GEOMETRY: "bytea",
  VARIANT: "text",
  NULL: "text",
};

/** The PostgreSQL type of one value; for lists, of what they hold at the bottom. */
export function pgTypeName(type: DuckDBType): PgTypeName {
  switch (type.id) {
    case "DECIMAL":
      return "numeric";
    case "ENUM":
      return "text";
    case "LIST":
    case "ARRAY":
      return pgTypeName(type.valueType);
    case "STRUCT":
    case "MAP":
    case "UNION":
      return "json";
    default:
      return SCALARS[type.id];
  }
}

export function describeType(type: DuckDBType): TypeDescription {
  if (isList(type)) {
    const { arrayOid } = PG_TYPES[pgTypeName(type)];
    return { typeOid: arrayOid, typeSize: -1, typeModifier: typeModifier(elementType(type)) };
  }
  const { oid, size } = PG_TYPES[pgTypeName(type)];
  return { typeOid: oid, typeSize: size, typeModifier: typeModifier(type) };
}

/** The type as PostgreSQL writes it: `numeric(12,2)`, `text[]`. For DDL and messages. */
export function pgTypeText(type: DuckDBType): string {
  // PostgreSQL's arrays have one type for any number of dimensions.
  if (isList(type)) return `${pgTypeText(elementType(type))}[]`;
  if (type.id === "DECIMAL") return `numeric(${type.width},${type.scale})`;
  return PG_TYPES[pgTypeName(type)].sqlName;
}

/** LIST and ARRAY, which both become PostgreSQL's arrays. */
export function isList(type: DuckDBType): type is Extract<DuckDBType, { id: "LIST" | "ARRAY" }> {
  return type.id === "LIST" || type.id === "ARRAY";
}

/** What a list holds, through all its dimensions. */
export function elementType(type: DuckDBType): DuckDBType {
  return isList(type) ? elementType(type.valueType) : type;
}

/** pg_attribute.atttypmod: numeric packs precision and scale behind a header of four bytes. */
function typeModifier(type: DuckDBType): number {
  return type.id === "DECIMAL" ? ((type.width << 16) | type.scale) + 4 : -1;
}
