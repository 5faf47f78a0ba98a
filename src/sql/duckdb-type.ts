import type { TypeName } from "libpg-query";
import { PgError } from "../core/pg-error.ts";
import { constantInteger, typeNameOf } from "./ast.ts";
import { notSupported } from "./refusals.ts";

/** PostgreSQL's types, by internal name, in DuckDB's words. */
const TYPES: Readonly<Record<string, string>> = {
  bool: "BOOLEAN",
  boolean: "BOOLEAN",
  int2: "SMALLINT",
  smallint: "SMALLINT",
  int4: "INTEGER",
  integer: "INTEGER",
  int8: "BIGINT",
  bigint: "BIGINT",
  float4: "FLOAT",
  real: "FLOAT",
  float8: "DOUBLE",
  numeric: "DECIMAL",
  decimal: "DECIMAL",
  text: "VARCHAR",
  varchar: "VARCHAR",
  bpchar: "VARCHAR",
  char: "VARCHAR",
  name: "VARCHAR",
  citext: "VARCHAR",
  xml: "VARCHAR",
  bytea: "BLOB",
  date: "DATE",
  time: "TIME",
  timetz: "TIMETZ",
  timestamp: "TIMESTAMP",
  timestamptz: "TIMESTAMPTZ",
  interval: "INTERVAL",
  uuid: "UUID",
  json: "JSON",
  jsonb: "JSON",
  bit: "BIT",
  oid: "UINTEGER",
  // DuckDB's own names, for whoever knows them.
  tinyint: "TINYINT",
  utinyint: "UTINYINT",
  usmallint: "USMALLINT",
  uinteger: "UINTEGER",
  ubigint: "UBIGINT",
  hugeint: "HUGEINT",
  uhugeint: "UHUGEINT",
  double: "DOUBLE",
  float: "FLOAT",
  string: "VARCHAR",
  blob: "BLOB",
  datetime: "TIMESTAMP",
};

/** Types that PostgreSQL has and DuckDB has nothing like. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  ..."regclass regtype regproc regprocedure regoper regoperator regnamespace regrole regconfig regdictionary".split(
    " ",
  ),
  ..."money inet cidr macaddr macaddr8 point line lseg box path polygon circle tsvector tsquery varbit".split(
    " ",
  ),
  ..."int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange nummultirange".split(
    " ",
  ),
  ..."record anyelement anyarray void xid cid tid pg_lsn jsonpath".split(" "),
]);

/** Widths of an unconstrained numeric: 26 digits before the point, 12 behind it. */
export const NUMERIC = { width: 38, scale: 12 } as const;

/** A type in a cast, as DuckDB writes it. */
export function duckdbType(type: TypeName): string {
  const name = typeNameOf(type);
  if (UNSUPPORTED.has(name)) throw notSupported(`type ${name}`);
  const plain = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (plain === undefined || type.setof === true || type.pct_type === true) {
    throw new PgError("undefined_object", `type "${name}" does not exist`);
  }
  return (plain === "DECIMAL" ? decimal(type) : plain) + "[]".repeat(type.arrayBounds?.length ?? 0);
}

function decimal({ typmods }: TypeName): string {
  const [precision, scale = 0] = (typmods ?? []).map((node) => constantInteger(node) ?? 0);
  if (precision === undefined) return `DECIMAL(${NUMERIC.width},${NUMERIC.scale})`;
  if (precision < 1 || precision > 1000) {
    throw new PgError(
      "invalid_parameter_value",
      `NUMERIC precision ${precision} must be between 1 and 1000`,
    );
  }
  if (precision > NUMERIC.width) {
    throw notSupported(`numeric(${precision})`, `A numeric may have ${NUMERIC.width} digits.`);
  }
  if (scale < 0 || scale > precision) throw notSupported(`numeric(${precision},${scale})`);
  return `DECIMAL(${precision},${scale})`;
}
