/** The types of Parquet's columns as tables have them, and one type for several files' columns. */
import { type DuckDBType, duckdbTypeText, type ScalarTypeName } from "../pgtypes/duckdb-type.ts";

/**
 * The type that a column of this type is stored as: what PostgreSQL has no type for is turned into
 * what it has, in lists and structs too.
 */
export function storedType(type: DuckDBType): DuckDBType {
  return withScalars(type, (scalar) => {
    if (scalar.id === "VARIANT") return { id: "JSON" };
    if (scalar.id === "GEOMETRY" || scalar.id === "NULL") return { id: "VARCHAR" };
    return inMicroseconds(scalar);
  });
}

/** The type with PostgreSQL's clock, which ticks in microseconds; in lists and structs too. */
export function microsecondType(type: DuckDBType): DuckDBType {
  return withScalars(type, inMicroseconds);
}

function inMicroseconds(type: DuckDBType): DuckDBType {
  if (type.id === "TIME_NS") return { id: "TIME" };
  return ["TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"].includes(type.id)
    ? { id: "TIMESTAMP" }
    : type;
}

/** Whether the type is of nanoseconds, or has them somewhere inside. */
export function hasNanoseconds(type: DuckDBType): boolean {
  return hasScalar(type, ({ id }) => id === "TIMESTAMP_NS" || id === "TIME_NS");
}

/** Whether the type is a text, or has one somewhere inside. */
export function holdsText(type: DuckDBType): boolean {
  return hasScalar(type, ({ id }) => id === "VARCHAR");
}

function hasScalar(type: DuckDBType, isIt: (scalar: DuckDBType) => boolean): boolean {
  let found = false;
  withScalars(type, (scalar) => {
    found ||= isIt(scalar);
    return scalar;
  });
  return found;
}

/** The type with something else for each type in it that has no types inside. */
function withScalars(type: DuckDBType, replaced: (scalar: DuckDBType) => DuckDBType): DuckDBType {
  const inside = (part: DuckDBType): DuckDBType => withScalars(part, replaced);
  switch (type.id) {
    case "LIST":
    case "ARRAY":
      return { ...type, valueType: inside(type.valueType) };
    case "MAP":
      return { ...type, keyType: inside(type.keyType), valueType: inside(type.valueType) };
    case "STRUCT":
      return {
        ...type,
        fields: type.fields.map(({ name, type: field }) => ({ name, type: inside(field) })),
      };
    default:
      return replaced(type);
  }
}

export function isNested({ id }: DuckDBType): boolean {
  return ["LIST", "ARRAY", "STRUCT", "MAP", "UNION"].includes(id);
}

export function isNumber(type: DuckDBType): boolean {
  return type.id === "DECIMAL" || isFloat(type) || isInteger(type);
}

export function isInteger({ id }: DuckDBType): boolean {
  return INTEGER_BITS[id] !== undefined;
}

export function isFloat({ id }: DuckDBType): boolean {
  return id === "FLOAT" || id === "DOUBLE";
}

/** The bits that a signed type needs to hold all values. */
const INTEGER_BITS: Readonly<Partial<Record<DuckDBType["id"], number>>> = {
  TINYINT: 8,
  UTINYINT: 16,
  SMALLINT: 16,
  USMALLINT: 32,
  INTEGER: 32,
  UINTEGER: 64,
  BIGINT: 64,
  UBIGINT: 128,
  HUGEINT: 128,
};

const SIGNED: Readonly<Record<number, { readonly id: ScalarTypeName; readonly digits: number }>> = {
  8: { id: "TINYINT", digits: 3 },
  16: { id: "SMALLINT", digits: 5 },
  32: { id: "INTEGER", digits: 10 },
  64: { id: "BIGINT", digits: 19 },
  128: { id: "HUGEINT", digits: 39 },
};

/** What a double holds without a gap. */
const DOUBLE_INTEGER_BITS = 32;
const DECIMAL_DIGITS = 38;

/**
 * One type for all, in which no value changes, whatever their order and number; numbers of 64 bits
 * become doubles all the same, and whoever converts them rejects those beyond 2^53. Where there is
 * none it is text, or json where one of them is nested.
 */
export function commonType(types: readonly DuckDBType[]): DuckDBType {
  const different = new Map(types.map((type) => [duckdbTypeText(type), type]));
  const [first = { id: "VARCHAR" }, ...others] = different.values();
  if (others.length === 0) return first;
  // Decided before any two become text, which no longer says that they were nested.
  if ([first, ...others].some(isNested)) return { id: "JSON" };
  return others.reduce<DuckDBType>(commonScalar, first);
}

function commonScalar(a: DuckDBType, b: DuckDBType): DuckDBType {
  if (duckdbTypeText(a) === duckdbTypeText(b)) return a;
  return numberType(a, b) ?? dateType(a, b) ?? { id: "VARCHAR" };
}

function numberType(a: DuckDBType, b: DuckDBType): DuckDBType | undefined {
  const bits = [INTEGER_BITS[a.id], INTEGER_BITS[b.id]] as const;
  const [first, second] = bits;
  if (first !== undefined && second !== undefined) return signed(Math.max(first, second));
  if (isFloat(a) && isFloat(b)) return { id: "DOUBLE" };
  const whole = first ?? second;
  const other = first === undefined ? a : b;
  if (whole !== undefined && isFloat(other)) return whole <= 64 ? { id: "DOUBLE" } : undefined;
  const digits = [decimalDigits(a), decimalDigits(b)] as const;
  if (digits[0] === undefined || digits[1] === undefined) return undefined;
  const scale = Math.max(digits[0].scale, digits[1].scale);
  const width = Math.max(digits[0].whole, digits[1].whole) + scale;
  return width <= DECIMAL_DIGITS ? { id: "DECIMAL", width, scale } : undefined;
}

function signed(bits: number): DuckDBType | undefined {
  const type = SIGNED[bits];
  return type === undefined ? undefined : { id: type.id };
}

function decimalDigits(type: DuckDBType): { whole: number; scale: number } | undefined {
  if (type.id === "DECIMAL") return { whole: type.width - type.scale, scale: type.scale };
  const digits = SIGNED[INTEGER_BITS[type.id] ?? 0]?.digits;
  return digits === undefined ? undefined : { whole: digits, scale: 0 };
}

function dateType(a: DuckDBType, b: DuckDBType): DuckDBType | undefined {
  const ids = new Set([a.id, b.id]);
  return ids.has("DATE") && ids.has("TIMESTAMP") ? { id: "TIMESTAMP" } : undefined;
}

/** Whether a double may not hold a value of the type. */
export function exceedsDouble(type: DuckDBType): boolean {
  return (INTEGER_BITS[type.id] ?? 0) > DOUBLE_INTEGER_BITS;
}
