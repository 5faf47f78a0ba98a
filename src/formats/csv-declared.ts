/** How a column is read whose type the catalog declares. Declared types win over what values show. */
import { quoteLiteral } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import {
  booleanReading,
  decimalReading,
  formatReading,
  guarded,
  numberGuard,
  padded,
  type Reading,
  TEXT,
} from "./csv-readings.ts";
import {
  DATE_SHAPE,
  matches,
  type NumberMarks,
  numberMarks,
  numberShapes,
  plainNumber,
  TIMESTAMP_SHAPE,
  TIMESTAMPTZ_SHAPE,
  UUID_SHAPE,
} from "./csv-shapes.ts";
import { type ColumnFacts, decideType } from "./csv-types.ts";
import type { CsvOptions } from "./format.ts";

interface DeclaredType {
  readonly name: string;
  readonly modifiers: readonly number[];
}

/** `facts` are the column's, which say what an unconstrained numeric needs to hold. */
export function declaredReading(
  declared: string,
  facts: ColumnFacts,
  options: CsvOptions,
): Reading {
  const type = parseType(declared);
  const make = READINGS[type.name];
  if (make === undefined) {
    throw new PgError("feature_not_supported", `columns of type ${declared} are not supported`, {
      hint: "Declare the column as text and cast it in a view.",
    });
  }
  return make(type.modifiers, facts, options);
}

function parseType(declared: string): DeclaredType {
  const words = declared.trim().toLowerCase().replace(/\s+/g, " ");
  const parts = /^([a-z][a-z0-9 ]*?) ?(?:\(([0-9, ]+)\))?( with(?:out)? time zone)?$/.exec(words);
  const [, base = words, modifiers = "", zone = ""] = parts ?? [];
  return { name: base + zone, modifiers: modifiers.split(",").filter(Boolean).map(Number) };
}

type MakeReading = (
  modifiers: readonly number[],
  facts: ColumnFacts,
  options: CsvOptions,
) => Reading;

const smallint: MakeReading = (_modifiers, _facts, options) => integer("SMALLINT", options);
const int: MakeReading = (_modifiers, _facts, options) => integer("INTEGER", options);
const bigint: MakeReading = (_modifiers, _facts, options) => integer("BIGINT", options);
const real: MakeReading = (_modifiers, _facts, options) => float("FLOAT", options);
const double: MakeReading = (_modifiers, _facts, options) => float("DOUBLE", options);
const boolean: MakeReading = (_modifiers, _facts, options) => declaredBoolean(options);
const varchar: MakeReading = ([length]) => text(length);
const character: MakeReading = ([length]) => text(length ?? 1);
const time: MakeReading = () =>
  padded(
    guarded("TIME", "(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,6}0*)?)?", {
      prepare: withSeconds,
    }),
  );
const timestamptz: MakeReading = (_modifiers, _facts, options) =>
  dated("TIMESTAMP WITH TIME ZONE", options);
const json: MakeReading = () => ({
  duckdbType: "JSON",
  value: (value) => `CASE WHEN json_valid(${value}) THEN CAST(${value} AS JSON) END`,
});

/** By PostgreSQL's names, each in all its spellings. */
const READINGS: Readonly<Record<string, MakeReading>> = {
  smallint,
  int2: smallint,
  integer: int,
  int,
  int4: int,
  bigint,
  int8: bigint,
  numeric,
  decimal: numeric,
  dec: numeric,
  real,
  float4: real,
  "double precision": double,
  float8: double,
  float: double,
  boolean,
  bool: boolean,
  text: () => TEXT,
  varchar,
  "character varying": varchar,
  character,
  char: character,
  bpchar: varchar,
  name: () => text(63),
  date: (_modifiers, facts, options) => declaredDate(facts, options),
  time,
  "time without time zone": time,
  timestamp: (_modifiers, _facts, options) => dated("TIMESTAMP", options),
  "timestamp without time zone": (_modifiers, _facts, options) => dated("TIMESTAMP", options),
  timestamptz,
  "timestamp with time zone": timestamptz,
  interval: () => padded(guarded("INTERVAL", "[-+]?\\d[^\\r\\n]*|P[^\\r\\n]+")),
  uuid: () => padded(guarded("UUID", UUID_SHAPE)),
  json,
  jsonb: json,
  bytea: () => ({
    duckdbType: "BLOB",
    value: (value) =>
      `CASE WHEN ${matches(value, "\\\\x(?:[0-9a-fA-F]{2})*")} THEN unhex(substr(${value}, 3)) END`,
  }),
};

/** With leading zeros and a plus sign too: that it is a number is what the declaration says. */
function integer(duckdbType: string, options: CsvOptions): Reading {
  const marks = numberMarks(options);
  const shapes = numberShapes(marks);
  const shape = `[-+]?\\d{1,38}|${shapes.long}`;
  return padded(guarded(duckdbType, shape, numberGuard(marks)));
}

function float(duckdbType: "FLOAT" | "DOUBLE", options: CsvOptions): Reading {
  const marks = numberMarks(options);
  const shapes = numberShapes(marks);
  const signed = `[-+]?\\d+|[-+]?(?:${shapes.fixed("+")})|[-+]?(?:${shapes.scientific})`;
  return padded({
    duckdbType,
    value: (value) => {
      const number = `TRY_CAST(${plainNumber(value, marks)} AS ${duckdbType})`;
      // A number that is too large or too small for the type becomes Infinity or 0 in DuckDB.
      const inRange = `(isfinite(${number}) AND (${number} <> 0 OR ${matches(value, "[^1-9]*(?:[eE].*)?")}))`;
      const special = `lower(${value}) IN ('nan', 'infinity', '-infinity', 'inf', '-inf')`;
      return `CASE WHEN ${matches(value, signed)} AND ${inRange} THEN ${number} WHEN ${special} THEN TRY_CAST(${value} AS ${duckdbType}) END`;
    },
  });
}

/** Without a precision, as PostgreSQL's: as many digits as the column's values need. */
function numeric(modifiers: readonly number[], facts: ColumnFacts, options: CsvOptions): Reading {
  const marks = numberMarks(options);
  const [precision, scale = 0] = modifiers;
  if (precision === undefined) {
    const scale = Math.max(0, Math.min(facts.scaleMax, 38 - facts.wholeDigits));
    return padded(loose(decimalReading(marks, 38, scale), marks, scale));
  }
  if (precision > 38) {
    throw new PgError("feature_not_supported", `numeric precision ${precision} is not supported`, {
      hint: "Declare at most numeric(38, scale), or text.",
    });
  }
  return padded(loose(decimalReading(marks, precision, scale), marks, scale));
}

/** With leading zeros, a plus sign, and zeros behind the last digit that the scale keeps. */
function loose(reading: Reading, marks: ReturnType<typeof numberMarks>, scale: number): Reading {
  const point = marks.decimal === "." ? "\\." : marks.decimal;
  const plain = `[-+]?(?:\\d+(?:${point}\\d{0,${scale}}0*)?|${point}\\d{1,${Math.max(1, scale)}}0*)`;
  const grouped = numberShapes(marks).fixed(`{1,${Math.max(1, scale)}}`);
  const shape = scale === 0 ? `${plain}|${numberShapes(marks).long}` : `${plain}|${grouped}`;
  const fixed = guarded(reading.duckdbType, shape, numberGuard(marks));
  return {
    duckdbType: reading.duckdbType,
    value: (text) => `coalesce(${fixed.value(text)}, ${scaledValue(text, marks, reading, scale)})`,
  };
}

/**
 * A number with an exponent, which PostgreSQL takes for a numeric, if the type holds it to the last
 * digit: DuckDB rounds, so the number of digits behind the point is counted first.
 */
function scaledValue(text: string, marks: NumberMarks, reading: Reading, scale: number): string {
  const number = plainNumber(text, marks);
  const part = (pattern: string): string =>
    `regexp_extract(${number}, ${quoteLiteral(pattern)}, 1)`;
  const fraction = part("\\.(\\d*?)0*[eE]");
  const whole = part("^[-+]?\\d*?(0*)\\.?0*[eE]");
  const exponent = `CAST(${part("[eE]\\+?(-?\\d+)$")} AS INTEGER)`;
  const digits = `length(${fraction}) - CASE WHEN ${fraction} = '' THEN length(${whole}) ELSE 0 END - ${exponent}`;
  return `CASE WHEN ${matches(number, "[-+]?(?:\\d{1,38}\\.?\\d{0,38}|\\.\\d{1,38})[eE][-+]?\\d{1,2}")} AND ${digits} <= ${scale} THEN TRY_CAST(${number} AS ${reading.duckdbType}) END`;
}

/** All the words that PostgreSQL takes. */
function declaredBoolean(options: CsvOptions): Reading {
  const reading = booleanReading({
    true: [...(options.true ?? []), "t", "T", "yes", "Yes", "YES", "y", "Y", "on", "On", "ON", "1"],
    false: [
      ...(options.false ?? []),
      "f",
      "F",
      "no",
      "No",
      "NO",
      "n",
      "N",
      "off",
      "Off",
      "OFF",
      "0",
    ],
  });
  return padded(reading);
}

function text(length: number | undefined): Reading {
  if (length === undefined) return TEXT;
  // PostgreSQL cuts blanks that are too many, and refuses anything else.
  return {
    duckdbType: "VARCHAR",
    value: (value) =>
      `CASE WHEN length(rtrim(${value})) <= ${length} THEN left(${value}, ${length}) END`,
  };
}

/** In `date_format`; without one ISO, or day and month in the order that the column proves. */
function declaredDate(facts: ColumnFacts, options: CsvOptions): Reading {
  if (options.date_format !== undefined) {
    return padded(formatReading("DATE", options.date_format));
  }
  const inferred = decideType(facts, options).reading;
  if (inferred.duckdbType === "DATE") return padded(inferred);
  return padded(
    guarded("DATE", `${DATE_SHAPE}(?:[ T]00:00:00(?:\\.0*)?)?`, {
      prepare: (value) => `left(${value}, 10)`,
      canonicalLength: 10,
    }),
  );
}

/** A date alone is its midnight. Without an offset a timestamptz is in UTC. */
function dated(duckdbType: "TIMESTAMP" | "TIMESTAMP WITH TIME ZONE", options: CsvOptions): Reading {
  if (options.timestamp_format !== undefined) {
    const reading = formatReading("TIMESTAMP", options.timestamp_format);
    return padded({
      duckdbType,
      value: (value) => `CAST(${reading.value(value)} AS ${duckdbType})`,
    });
  }
  const local = `${DATE_SHAPE}|${TIMESTAMP_SHAPE}`;
  return padded(
    duckdbType === "TIMESTAMP"
      ? guarded(duckdbType, local, { canonicalLength: 19 })
      : guarded(duckdbType, `${local}|${TIMESTAMPTZ_SHAPE}`),
  );
}

function withSeconds(value: string): string {
  return `CASE WHEN length(${value}) = 5 THEN ${value} || ':00' ELSE ${value} END`;
}
