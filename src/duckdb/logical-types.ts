import {
  ARRAY,
  BIGINT,
  BIGNUM,
  BIT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  DuckDBTypeId,
  ENUM,
  FLOAT,
  GEOMETRY,
  HUGEINT,
  INTEGER,
  INTERVAL,
  LIST,
  type DuckDBType as LibraryType,
  MAP,
  SMALLINT,
  SQLNULL,
  STRUCT,
  TIME,
  TIME_NS,
  TIMESTAMP,
  TIMESTAMP_MS,
  TIMESTAMP_NS,
  TIMESTAMP_S,
  TIMESTAMPTZ,
  TIMETZ,
  TINYINT,
  UBIGINT,
  UHUGEINT,
  UINTEGER,
  UNION,
  USMALLINT,
  UTINYINT,
  UUID,
  VARCHAR,
  VARIANT,
} from "@duckdb/node-api";
import type { DuckDBType, NamedType, ScalarTypeName } from "../pgtypes/duckdb-type.ts";

const JSON_TYPE: LibraryType = (() => {
  const logical = VARCHAR.toLogicalType();
  logical.alias = "JSON";
  return logical.asType();
})();

/** Every scalar type as the library has it. */
const LIBRARY_TYPES: Readonly<Record<ScalarTypeName, LibraryType>> = {
  BOOLEAN,
  TINYINT,
  SMALLINT,
  INTEGER,
  BIGINT,
  HUGEINT,
  UTINYINT,
  USMALLINT,
  UINTEGER,
  UBIGINT,
  UHUGEINT,
  BIGNUM,
  FLOAT,
  DOUBLE,
  VARCHAR,
  JSON: JSON_TYPE,
  BLOB,
  BIT,
  UUID,
  DATE,
  TIME,
  TIME_NS,
  "TIME WITH TIME ZONE": TIMETZ,
  TIMESTAMP,
  TIMESTAMP_S,
  TIMESTAMP_MS,
  TIMESTAMP_NS,
  "TIMESTAMP WITH TIME ZONE": TIMESTAMPTZ,
  INTERVAL,
  GEOMETRY,
  VARIANT,
  NULL: SQLNULL,
};

const SCALAR_NAMES: ReadonlyMap<DuckDBTypeId, ScalarTypeName> = new Map(
  Object.entries(LIBRARY_TYPES)
    .filter(([name]) => name !== "JSON")
    // The keys of LIBRARY_TYPES are scalar type names by its own declaration.
    .map(([name, type]) => [type.typeId, name as ScalarTypeName]),
);

/** A type of the library as plain data. */
export function fromLibraryType(type: LibraryType): DuckDBType {
  switch (type.typeId) {
    case DuckDBTypeId.DECIMAL:
      return { id: "DECIMAL", width: type.width, scale: type.scale };
    case DuckDBTypeId.ENUM:
      return { id: "ENUM", values: type.values };
    case DuckDBTypeId.LIST:
      return { id: "LIST", valueType: fromLibraryType(type.valueType) };
    case DuckDBTypeId.ARRAY:
      return { id: "ARRAY", valueType: fromLibraryType(type.valueType), length: type.length };
    case DuckDBTypeId.STRUCT:
      return { id: "STRUCT", fields: named(type.entryNames, type.entryTypes) };
    case DuckDBTypeId.MAP:
      return {
        id: "MAP",
        keyType: fromLibraryType(type.keyType),
        valueType: fromLibraryType(type.valueType),
      };
    case DuckDBTypeId.UNION:
      return { id: "UNION", members: named(type.memberTags, type.memberTypes) };
    case DuckDBTypeId.VARCHAR:
      return { id: type.alias === "JSON" ? "JSON" : "VARCHAR" };
    case DuckDBTypeId.STRING_LITERAL:
      return { id: "VARCHAR" };
    case DuckDBTypeId.INTEGER_LITERAL:
      return { id: "INTEGER" };
    default: {
      const name = SCALAR_NAMES.get(type.typeId);
      if (name === undefined) throw new Error(`DuckDB type ${type.toString()} is not known here`);
      return { id: name };
    }
  }
}

/** The library's type for plain data, to bind values and to make data chunks with. */
export function toLibraryType(type: DuckDBType): LibraryType {
  switch (type.id) {
    case "DECIMAL":
      return DECIMAL(type.width, type.scale);
    case "ENUM":
      return ENUM(type.values);
    case "LIST":
      return LIST(toLibraryType(type.valueType));
    case "ARRAY":
      return ARRAY(toLibraryType(type.valueType), type.length);
    case "STRUCT":
      return STRUCT(record(type.fields));
    case "MAP":
      return MAP(toLibraryType(type.keyType), toLibraryType(type.valueType));
    case "UNION":
      return UNION(record(type.members));
    default:
      return LIBRARY_TYPES[type.id];
  }
}

function named(names: readonly string[], types: readonly LibraryType[]): NamedType[] {
  return types.map((type, index) => ({ name: names[index] ?? "", type: fromLibraryType(type) }));
}

function record(types: readonly NamedType[]): Record<string, LibraryType> {
  return Object.fromEntries(types.map(({ name, type }) => [name, toLibraryType(type)]));
}
