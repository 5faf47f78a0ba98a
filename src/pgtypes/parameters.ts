/** A parameter of Bind as a value that DuckDB can be given. */
import { PgError } from "../core/pg-error.ts";
import type { DateTimeContext } from "./datetime-input.ts";
import type { DuckDBType, RawValue, TypedValue } from "./duckdb-type.ts";
import { type Decimal, digitCount } from "./numeric.ts";
import { readBinary, readBinaryArray } from "./parameter-binary.ts";
import { parseArray, readText } from "./parameter-text.ts";
import { PG_TYPES, type PgTypeName, pgTypeByOid } from "./pg-types.ts";

/**
 * What one value was read as. Numerics keep their own scale until all of an array are known; those
 * that are no number (NumericSpecial) are strings here, as text is.
 */
export type Read = RawValue | Decimal;

/** DuckDB's type for each of PostgreSQL's; numeric is decided by the value. */
const BOUND_TYPES: Readonly<Record<PgTypeName, DuckDBType>> = {
  bool: { id: "BOOLEAN" },
  bytea: { id: "BLOB" },
  char: { id: "VARCHAR" },
  name: { id: "VARCHAR" },
  int8: { id: "BIGINT" },
  int2: { id: "SMALLINT" },
  int4: { id: "INTEGER" },
  text: { id: "VARCHAR" },
  oid: { id: "BIGINT" },
  json: { id: "JSON" },
  float4: { id: "FLOAT" },
  float8: { id: "DOUBLE" },
  unknown: { id: "VARCHAR" },
  bpchar: { id: "VARCHAR" },
  varchar: { id: "VARCHAR" },
  date: { id: "DATE" },
  time: { id: "TIME" },
  timestamp: { id: "TIMESTAMP" },
  timestamptz: { id: "TIMESTAMP WITH TIME ZONE" },
  interval: { id: "INTERVAL" },
  timetz: { id: "TIME WITH TIME ZONE" },
  bit: { id: "BIT" },
  varbit: { id: "BIT" },
  numeric: { id: "DECIMAL", width: 18, scale: 3 },
  uuid: { id: "UUID" },
  jsonb: { id: "JSON" },
};

export interface BoundParameter {
  readonly typeOid: number;
  /** 0 is text, 1 is binary. */
  readonly format: 0 | 1;
  /** Null is SQL's NULL. */
  readonly bytes: Uint8Array | null;
  /** From 1, for messages. */
  readonly number: number;
}

/** Reads one parameter. OID 0, as `unknown`, is text. */
export function readParameter(parameter: BoundParameter, context: DateTimeContext): TypedValue {
  const type = pgTypeByOid(parameter.typeOid === 0 ? PG_TYPES.unknown.oid : parameter.typeOid);
  if (type === undefined) {
    throw new PgError(
      "feature_not_supported",
      `parameter $${parameter.number} has the type with OID ${parameter.typeOid}, which is not supported`,
      { hint: "Send it as text and cast it in the statement." },
    );
  }
  const { name, isArray } = type;
  if (parameter.bytes === null) {
    const bound = BOUND_TYPES[name];
    return { type: isArray ? { id: "LIST", valueType: bound } : bound, value: null };
  }
  const bytes = Buffer.from(
    parameter.bytes.buffer,
    parameter.bytes.byteOffset,
    parameter.bytes.byteLength,
  );
  if (!isArray) {
    const read =
      parameter.format === 0
        ? readText(name, bytes, context)
        : readBinary(name, bytes, parameter.number);
    return typed(name, read);
  }
  const elements =
    parameter.format === 0
      ? parseArray(name, bytes, context)
      : readBinaryArray(name, bytes, parameter.number);
  return typedArray(name, elements);
}

/** A value, or a list of them to any depth. */
export type ReadArray = readonly (Read | ReadArray)[];

function typed(name: PgTypeName, read: Read): TypedValue {
  if (name !== "numeric") return { type: BOUND_TYPES[name], value: read as RawValue };
  return numericValue([read], (only) => only[0] ?? null);
}

function typedArray(name: PgTypeName, elements: ReadArray): TypedValue {
  const depth = depthOf(elements);
  const wrap = (type: DuckDBType): DuckDBType => {
    let list = type;
    for (let level = 0; level < depth; level += 1) list = { id: "LIST", valueType: list };
    return list;
  };
  if (name !== "numeric") return { type: wrap(BOUND_TYPES[name]), value: elements as RawValue };

  const flat: Read[] = [];
  const collect = (list: ReadArray): void => {
    for (const item of list) {
      if (Array.isArray(item)) collect(item);
      // What is no list is a value, by the type of ReadArray.
      else flat.push(item as Read);
    }
  };
  collect(elements);
  let next = 0;
  const rebuild = (list: ReadArray, values: readonly RawValue[]): RawValue[] =>
    list.map((item) => (Array.isArray(item) ? rebuild(item, values) : (values[next++] ?? null)));
  const { type, value } = numericValue(flat, (values) => rebuild(elements, values));
  return { type: wrap(type), value };
}

function depthOf(elements: ReadArray): number {
  const [first] = elements;
  return Array.isArray(first) ? 1 + depthOf(first) : 1;
}

const DECIMAL_DIGITS = 38;

/**
 * Numerics in the one DECIMAL that holds all of them exactly. As text or as DECIMAL(18,3), which is
 * what DuckDB makes of a plain numeric, 1.2345 would be compared as 1.235. NaN, the infinities and
 * what has more digits than any DECIMAL become DOUBLE.
 */
function numericValue(
  reads: readonly Read[],
  shape: (values: readonly RawValue[]) => RawValue,
): TypedValue {
  let whole = 1;
  let scale = 0;
  let isDouble = false;
  for (const read of reads) {
    if (read === null) continue;
    if (!isDecimal(read)) {
      isDouble = true;
      continue;
    }
    scale = Math.max(scale, read.scale);
    whole = Math.max(whole, digitCount(read.unscaled) - read.scale);
  }
  if (isDouble || whole + scale > DECIMAL_DIGITS) {
    return {
      type: { id: "DOUBLE" },
      value: shape(reads.map((read) => (read === null ? null : toDouble(read)))),
    };
  }
  const values = reads.map((read) =>
    // Whatever is left here is NULL or a Decimal.
    read === null || !isDecimal(read) ? null : read.unscaled * 10n ** BigInt(scale - read.scale),
  );
  return { type: { id: "DECIMAL", width: whole + scale, scale }, value: shape(values) };
}

function isDecimal(read: Read): read is Decimal {
  return typeof read === "object" && read !== null && "unscaled" in read;
}

function toDouble(read: Read): number {
  if (isDecimal(read)) return Number(`${read.unscaled}e-${read.scale}`);
  return Number(read);
}
