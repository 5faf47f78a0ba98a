/** PostgreSQL's own types, as its pg_type has them, for those that this gateway sends or reads. */
export interface PgType {
  readonly oid: number;
  readonly arrayOid: number;
  /** pg_type.typlen: -1 for variable width. */
  readonly size: number;
  /** pg_type.typcategory. */
  readonly category: "A" | "B" | "D" | "N" | "S" | "T" | "U" | "V" | "X" | "Z";
  /** As PostgreSQL writes it in messages and in SQL: format_type(). */
  readonly sqlName: string;
}

export const PG_TYPES = {
  bool: { oid: 16, arrayOid: 1000, size: 1, category: "B", sqlName: "boolean" },
  bytea: { oid: 17, arrayOid: 1001, size: -1, category: "U", sqlName: "bytea" },
  char: { oid: 18, arrayOid: 1002, size: 1, category: "Z", sqlName: '"char"' },
  name: { oid: 19, arrayOid: 1003, size: 64, category: "S", sqlName: "name" },
  int8: { oid: 20, arrayOid: 1016, size: 8, category: "N", sqlName: "bigint" },
  int2: { oid: 21, arrayOid: 1005, size: 2, category: "N", sqlName: "smallint" },
  int4: { oid: 23, arrayOid: 1007, size: 4, category: "N", sqlName: "integer" },
  text: { oid: 25, arrayOid: 1009, size: -1, category: "S", sqlName: "text" },
  oid: { oid: 26, arrayOid: 1028, size: 4, category: "N", sqlName: "oid" },
  json: { oid: 114, arrayOid: 199, size: -1, category: "U", sqlName: "json" },
  float4: { oid: 700, arrayOid: 1021, size: 4, category: "N", sqlName: "real" },
  float8: { oid: 701, arrayOid: 1022, size: 8, category: "N", sqlName: "double precision" },
  unknown: { oid: 705, arrayOid: 0, size: -2, category: "X", sqlName: "unknown" },
  bpchar: { oid: 1042, arrayOid: 1014, size: -1, category: "S", sqlName: "character" },
  varchar: { oid: 1043, arrayOid: 1015, size: -1, category: "S", sqlName: "character varying" },
  date: { oid: 1082, arrayOid: 1182, size: 4, category: "D", sqlName: "date" },
  time: { oid: 1083, arrayOid: 1183, size: 8, category: "D", sqlName: "time without time zone" },
  timestamp: {
    oid: 1114,
    arrayOid: 1115,
    size: 8,
    category: "D",
    sqlName: "timestamp without time zone",
  },
  timestamptz: {
    oid: 1184,
    arrayOid: 1185,
    size: 8,
    category: "D",
    sqlName: "timestamp with time zone",
  },
  interval: { oid: 1186, arrayOid: 1187, size: 16, category: "T", sqlName: "interval" },
  timetz: { oid: 1266, arrayOid: 1270, size: 12, category: "D", sqlName: "time with time zone" },
  bit: { oid: 1560, arrayOid: 1561, size: -1, category: "V", sqlName: "bit" },
  varbit: { oid: 1562, arrayOid: 1563, size: -1, category: "V", sqlName: "bit varying" },
  numeric: { oid: 1700, arrayOid: 1231, size: -1, category: "N", sqlName: "numeric" },
  uuid: { oid: 2950, arrayOid: 2951, size: 16, category: "U", sqlName: "uuid" },
  jsonb: { oid: 3802, arrayOid: 3807, size: -1, category: "U", sqlName: "jsonb" },
} as const satisfies Readonly<Record<string, PgType>>;

export type PgTypeName = keyof typeof PG_TYPES;

export const PG_TYPE_NAMES: readonly PgTypeName[] = Object.keys(PG_TYPES).map(
  // The keys of the table are its names by declaration.
  (name) => name as PgTypeName,
);

const BY_OID: ReadonlyMap<number, PgTypeName> = new Map(
  PG_TYPE_NAMES.map((name) => [PG_TYPES[name].oid, name]),
);

const BY_ARRAY_OID: ReadonlyMap<number, PgTypeName> = new Map(
  PG_TYPE_NAMES.filter((name) => PG_TYPES[name].arrayOid !== 0).map((name) => [
    PG_TYPES[name].arrayOid,
    name,
  ]),
);

/** The type with that OID, and whether the OID is that of arrays of it. */
export function pgTypeByOid(oid: number): { name: PgTypeName; isArray: boolean } | undefined {
  const name = BY_OID.get(oid);
  if (name !== undefined) return { name, isArray: false };
  const element = BY_ARRAY_OID.get(oid);
  return element === undefined ? undefined : { name: element, isArray: true };
}

/** The OID of a type by its internal name, such as int4, or text[] for the arrays of it. */
export function pgTypeOidByName(name: string): number | undefined {
  const element = name.replace(/\[\]$/, "");
  const known = PG_TYPE_NAMES.find((candidate) => candidate === element);
  if (known === undefined) return undefined;
  return element === name ? PG_TYPES[known].oid : PG_TYPES[known].arrayOid;
}
