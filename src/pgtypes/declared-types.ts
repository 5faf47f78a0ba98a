import { PgError } from "../core/pg-error.ts";
import { type DuckDBType, duckdbTypeText, type ScalarTypeName } from "./duckdb-type.ts";

/** DuckDB's scalar type for every name under which PostgreSQL knows one of its own. */
const NAMES: Readonly<Record<string, ScalarTypeName>> = {
  bool: "BOOLEAN",
  boolean: "BOOLEAN",
  int2: "SMALLINT",
  smallint: "SMALLINT",
  int: "INTEGER",
  int4: "INTEGER",
  integer: "INTEGER",
  int8: "BIGINT",
  bigint: "BIGINT",
  float4: "FLOAT",
  real: "FLOAT",
  float8: "DOUBLE",
  "double precision": "DOUBLE",
  text: "VARCHAR",
  varchar: "VARCHAR",
  "character varying": "VARCHAR",
  char: "VARCHAR",
  character: "VARCHAR",
  bpchar: "VARCHAR",
  name: "VARCHAR",
  bytea: "BLOB",
  date: "DATE",
  time: "TIME",
  "time without time zone": "TIME",
  timetz: "TIME WITH TIME ZONE",
  "time with time zone": "TIME WITH TIME ZONE",
  timestamp: "TIMESTAMP",
  "timestamp without time zone": "TIMESTAMP",
  timestamptz: "TIMESTAMP WITH TIME ZONE",
  "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
  interval: "INTERVAL",
  uuid: "UUID",
  json: "JSON",
  jsonb: "JSON",
  bit: "BIT",
  varbit: "BIT",
  "bit varying": "BIT",
};

/** DuckDB's widest DECIMAL; PostgreSQL's numeric has no such bound. */
const DECIMAL_WIDTH = 38;
/** What a plain `numeric` becomes: room for both sides of the point. */
const PLAIN_NUMERIC: DuckDBType = { id: "DECIMAL", width: DECIMAL_WIDTH, scale: 10 };

/**
 * DuckDB's type for a PostgreSQL type name as people write it: `numeric(12,2)`, `varchar(20)`,
 * `timestamp(3) with time zone`, `text[]`. Lengths of character types and precisions of times are
 * read and not enforced. Throws undefined_object for a name that is none.
 */
export function duckdbTypeOfDeclared(declared: string): DuckDBType {
  const text = declared.trim().toLowerCase().replace(/\s+/g, " ");
  const array = /^(.*?) ?\[ ?\d* ?\]$/.exec(text);
  if (array !== null) return { id: "LIST", valueType: duckdbTypeOfDeclared(array[1] ?? "") };

  const parts =
    /^([a-z0-9_ ]+?) ?(?:\( ?(-?\d+) ?(?:, ?(-?\d+) ?)?\))?( with(?:out)? time zone)?$/.exec(text);
  const [, word = "", first, second, zone = ""] = parts ?? [];
  const name = word + zone;
  if (name === "numeric" || name === "decimal" || name === "dec") {
    return first === undefined
      ? PLAIN_NUMERIC
      : decimal(declared, Number(first), Number(second ?? 0));
  }
  if (name === "float")
    return { id: first !== undefined && Number(first) <= 24 ? "FLOAT" : "DOUBLE" };
  const scalar = parts === null ? undefined : Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
  if (scalar === undefined) {
    throw new PgError("undefined_object", `type "${declared.trim()}" does not exist`, {
      hint: "Use a PostgreSQL type such as text, bigint, numeric(12,2), double precision, date, timestamptz or boolean.",
    });
  }
  return { id: scalar };
}

/** The same as DuckDB reads it in SQL. */
export function declaredTypeInDuckdb(declared: string): string {
  return duckdbTypeText(duckdbTypeOfDeclared(declared));
}

function decimal(declared: string, width: number, scale: number): DuckDBType {
  if (width < 1 || width > DECIMAL_WIDTH) {
    throw new PgError(
      "invalid_parameter_value",
      `NUMERIC precision ${width} must be between 1 and ${DECIMAL_WIDTH}`,
      { hint: `Here ${declared.trim()} can have up to ${DECIMAL_WIDTH} digits.` },
    );
  }
  if (scale < 0 || scale > width) {
    throw new PgError(
      "invalid_parameter_value",
      `NUMERIC scale ${scale} must be between 0 and precision ${width}`,
    );
  }
  return { id: "DECIMAL", width, scale };
}
